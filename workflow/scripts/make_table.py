"""One table of the study, as CSV and HTML."""

from importlib import import_module
from pathlib import Path

from recohort.core.io import read_results
from recohort.core.job import job
from recohort.core.references import item_settings
from recohort.tables.render import to_csv, to_html

with job(snakemake.log):
    entry = snakemake.params.entry
    build = import_module(f"recohort.tables.{entry['kind']}").build
    table = build(
        read_results(snakemake.input.results, f"results/{snakemake.wildcards.study}"),
        columns=snakemake.params.columns,
        synthetic=snakemake.params.synthetic,
        **item_settings("tables", entry, build, level=snakemake.params.level),
    )
    Path(snakemake.output.csv).write_text(to_csv(table), encoding="utf-8")
    Path(snakemake.output.html).write_text(to_html(table, name=snakemake.wildcards.table), encoding="utf-8")
