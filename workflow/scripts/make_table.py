"""One table of the study, as CSV, HTML, Word and LaTeX."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from recohort.core.conditions import patients_of
from recohort.core.guard import guard_of
from recohort.core.io import read_results
from recohort.core.job import job
from recohort.core.references import item_settings
from recohort.tables.docx import document
from recohort.tables.latex import fragment
from recohort.tables.render import to_csv, to_html
from recohort.tables.words import spoken

with job(snakemake.log):
    entry, caveats = snakemake.params.entry, tuple(snakemake.params.caveats)
    build = import_module(f"recohort.tables.{entry['kind']}").build
    guard = guard_of(snakemake.input.get("plan"))
    asked = {"level": snakemake.params.level, "synthetic": "synthetic" in caveats, "counted": guard.counted}
    frames = read_results(snakemake.input.results, f"results/{snakemake.wildcards.study}")
    table = build(
        spoken(guard.released(patients_of(frames, entry), entry), snakemake.params.columns),
        columns=snakemake.params.columns,
        **item_settings("tables", entry, build, **asked),
    )
    table = replace(guard.noted(table, entry), caveats=caveats)
    Path(snakemake.output.csv).write_text(to_csv(table), encoding="utf-8")
    Path(snakemake.output.html).write_text(to_html(table, name=snakemake.wildcards.table), encoding="utf-8")
    Path(snakemake.output.docx).write_bytes(document(table))
    Path(snakemake.output.tex).write_text(fragment(table), encoding="utf-8")
