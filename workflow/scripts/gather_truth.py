"""The known truth of a synthetic cohort: what was drawn, and what the images were made from."""

import pandas as pd

from recohort.core.io import read_table, write_table
from recohort.core.job import job

with job(snakemake.log):
    latent = read_table(snakemake.input.latent)
    images = pd.concat([read_table(path) for path in snakemake.input.batches])
    truth = latent.merge(images, on="participant_id", how="left", validate="one_to_one")
    write_table(truth, snakemake.output[0])
