"""The flow of participants: who is left after each step, and in which groups they end."""

from recohort.cohort.flow import flow
from recohort.core.io import read_json, read_table, write_json
from recohort.core.job import job

with job(snakemake.log):
    matched = read_table(snakemake.input.matched) if snakemake.input.matched else None
    steps, eligible = read_json(snakemake.input.steps), read_table(snakemake.input.eligible)
    write_json(flow(steps, eligible, matched, groups=snakemake.params.groups), snakemake.output[0])
