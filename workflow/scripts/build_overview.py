"""The page over all studies of the run, one file that loads nothing."""

from pathlib import Path

import pandas as pd

from recohort.core.job import job
from recohort.report.overview import Listed, overview

with job(snakemake.log):
    given, params = snakemake.input, snakemake.params
    texts = {Path(path).name: Path(path).read_text(encoding="utf-8") for path in given.templates}
    compared = {Path(path).parts[1]: pd.read_csv(path, dtype={"published": str}) for path in given.reproductions}
    found = {path: pd.read_csv(path, dtype=str, keep_default_na=False) for path in [*given.audits, *given.papers]}
    audits = {Path(path).parts[1]: found[path] for path in given.audits}
    studies = [
        Listed(name, one, one["items"], params.caveats[name], compared[name], audits.get(name, pd.DataFrame()))
        for name, one in params.studies.items()
    ]
    papers = {
        Path(path).stem: (pd.read_csv(path, dtype=str, keep_default_na=False), found[audit])
        for path, audit in zip(given.published, given.papers, strict=True)
    }
    text = overview(
        studies,
        papers=papers,
        templates=texts,
        style=texts["style.css"],
        script=texts["viewer.js"],
        formats=params.formats,
        recorded=params.recorded,
    )
    Path(snakemake.output[0]).write_text(text, encoding="utf-8")
