"""The eligible participants with their missing values imputed several times."""

from recohort.cohort.imputation import impute
from recohort.core.io import read_table, write_table
from recohort.core.job import job

with job(snakemake.log, study=snakemake.wildcards.study, made=snakemake.output):
    imputed = impute(
        read_table(snakemake.input.eligible),
        **snakemake.params.imputation,
        outcome=snakemake.params.outcome,
        declared=snakemake.params.columns,
        seed=snakemake.params.seed,
    )
    write_table(imputed.frame, snakemake.output.imputed)
    write_table(imputed.warnings, snakemake.output.warnings)
