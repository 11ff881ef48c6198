"""The metrics of all batches as one table, participants in order."""

import pandas as pd

from recohort.core.io import read_table, write_table
from recohort.core.job import job
from recohort.metrics.polarity import polarity_warnings

with job(snakemake.log):
    metrics = pd.concat([read_table(path) for path in snakemake.input.batches])
    write_table(metrics.sort_values(["participant_id", "session"], kind="stable"), snakemake.output.metrics)
    write_table(polarity_warnings(metrics, metric="lesion_median"), snakemake.output.warnings)
