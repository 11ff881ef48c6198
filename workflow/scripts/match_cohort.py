"""The matched sample, and how alike its groups are before and after."""

import pandas as pd

from recohort.cohort.balance import balance
from recohort.cohort.matching import match
from recohort.core.io import read_table, write_table
from recohort.core.job import job

with job(snakemake.log):
    eligible, columns = read_table(snakemake.input.eligible), snakemake.params.columns
    settings = dict(snakemake.params.matching)
    judged = settings.pop("balance")
    matched = match(eligible, seed=snakemake.params.seed, columns=columns, **settings)
    balanced = balance(
        eligible,
        matched.frame,
        treatment=settings["treatment"],
        covariates=[*settings["covariates"], *judged["covariates"]],
        threshold=judged["threshold"],
        columns=columns,
    )
    write_table(matched.frame, snakemake.output.matched)
    write_table(balanced.table, snakemake.output.balance)
    write_table(pd.concat([matched.warnings, balanced.warnings]), snakemake.output.warnings)
