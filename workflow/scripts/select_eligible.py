"""Who enters the analysis, rule by rule, and how many each rule leaves."""

from recohort.cohort.eligibility import select
from recohort.core.io import read_table, write_json, write_table
from recohort.core.job import job

with job(snakemake.log, study=snakemake.wildcards.study, made=snakemake.output):
    eligible, steps = select(read_table(snakemake.input.assembled), rules=snakemake.params.eligibility)
    write_table(eligible, snakemake.output.eligible)
    write_json(steps, snakemake.output.steps)
