"""Participants, metrics and the images' status as one table; every mismatch between them reported."""

from recohort.cohort.assemble import assemble
from recohort.core.io import read_table, write_table
from recohort.core.job import job

with job(snakemake.log, study=snakemake.wildcards.study, made=snakemake.output):
    files = snakemake.input
    assembled = assemble(
        read_table(files.participants),
        read_table(files.metrics) if files.metrics else None,
        read_table(files.status) if files.status else None,
        columns=snakemake.params.columns,
        outcome=snakemake.params.outcome,
        derived=snakemake.params.derived,
    )
    write_table(assembled.frame, snakemake.output.assembled)
    write_table(assembled.warnings, snakemake.output.warnings)
