"""The matched sample, and whom matching could match."""

from recohort.cohort.matching import match, support_step
from recohort.core.io import read_json, read_table, write_json, write_table
from recohort.core.job import job

with job(snakemake.log, study=snakemake.wildcards.study, made=snakemake.output):
    eligible, settings = read_table(snakemake.input.eligible), snakemake.params.matching
    matched = match(eligible, seed=snakemake.params.seed, columns=snakemake.params.columns, **settings)
    step = support_step(eligible, matched.supported, treatment=settings["treatment"])
    write_table(matched.frame, snakemake.output.matched)
    write_table(matched.supported, snakemake.output.supported)
    write_json([*read_json(snakemake.input.steps), step], snakemake.output.steps)
    write_table(matched.warnings, snakemake.output.warnings)
