"""A study's table, renamed and recoded to the declared columns."""

from recohort.cohort.conform import conform
from recohort.core.io import read_table, write_table
from recohort.core.job import job

with job(snakemake.log):
    table = read_table(snakemake.input.table)
    identifier = snakemake.params.table.get("identifier")
    write_table(conform(table, columns=snakemake.params.columns, identifier=identifier), snakemake.output[0])
