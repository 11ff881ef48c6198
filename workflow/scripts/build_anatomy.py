"""The geometry and unit fields that all subjects of a synthetic cohort share."""

import numpy as np

from recohort.core.job import job
from recohort.synthetic.anatomy import build_anatomy

with job(snakemake.log):
    np.savez(snakemake.output[0], **build_anatomy(**snakemake.params.anatomy).to_arrays())
