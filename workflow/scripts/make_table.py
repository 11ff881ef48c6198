"""One table of the study, as CSV and HTML."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from recohort.core.io import read_results
from recohort.core.job import job
from recohort.core.references import item_settings
from recohort.tables.render import to_csv, to_html

with job(snakemake.log):
    entry, caveats = snakemake.params.entry, tuple(snakemake.params.caveats)
    build = import_module(f"recohort.tables.{entry['kind']}").build
    table = build(
        read_results(snakemake.input.results, f"results/{snakemake.wildcards.study}"),
        columns=snakemake.params.columns,
        **item_settings("tables", entry, build, level=snakemake.params.level, synthetic="synthetic" in caveats),
    )
    table = replace(table, caveats=caveats)
    Path(snakemake.output.csv).write_text(to_csv(table), encoding="utf-8")
    Path(snakemake.output.html).write_text(to_html(table, name=snakemake.wildcards.table), encoding="utf-8")
