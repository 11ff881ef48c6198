"""One declared analysis: its estimates, what its figure draws, and what must be said beside it."""

from importlib import import_module

from recohort.core.io import read_results, write_table
from recohort.core.job import job
from recohort.models.inputs import prepare
from recohort.models.pooling import fit_each

with job(snakemake.log, study=snakemake.wildcards.study, made=snakemake.output):
    fit, name = import_module(f"recohort.models.{snakemake.wildcards.kind}").fit, snakemake.wildcards.name
    entry, frames = (
        snakemake.params.entry,
        read_results(snakemake.input.results, *snakemake.params.roots),
    )
    arguments, settings = prepare(
        fit, name, entry, frames, columns=snakemake.params.columns, seed=snakemake.params.seed
    )
    if entry.get("cohort") == "imputed":
        result = fit_each(fit, *arguments, settings)
    else:
        result = fit(*arguments, **settings)
    for part in ("estimates", "curve", "warnings"):
        write_table(getattr(result, part), snakemake.output[part])
