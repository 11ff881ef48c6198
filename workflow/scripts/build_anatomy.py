"""What all subjects of a synthetic cohort share."""

from importlib import import_module

import numpy as np

from recohort.core.job import job

with job(snakemake.log):
    simulation = import_module(f"recohort.modalities.{snakemake.params.kind}.simulation")
    np.savez(snakemake.output[0], **simulation.anatomy(**snakemake.params.settings))
