"""All eligible participants with their propensity score weights."""

from recohort.cohort.weighting import weight
from recohort.core.io import read_table, write_table
from recohort.core.job import job

with job(snakemake.log, study=snakemake.wildcards.study, made=snakemake.output):
    eligible = read_table(snakemake.input.eligible)
    weighted = weight(eligible, columns=snakemake.params.columns, **snakemake.params.weighting)
    write_table(weighted.frame, snakemake.output.weighted)
    write_table(weighted.warnings, snakemake.output.warnings)
