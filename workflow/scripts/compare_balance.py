"""How alike the groups are among the eligible, the matched and the weighted."""

from recohort.cohort.balance import compare
from recohort.core.io import read_table, write_table
from recohort.core.job import job

with job(snakemake.log):
    sections = snakemake.params.sections
    adjusted = {name: read_table(path) for name, path in zip(sections, snakemake.input.adjusted, strict=True)}
    balance = compare(
        read_table(snakemake.input.eligible), adjusted, sections=sections, columns=snakemake.params.columns
    )
    write_table(balance.table, snakemake.output.balance)
    write_table(balance.warnings, snakemake.output.warnings)
