"""Which file holds which table or figure, which rule, script and models made it, and whether its numbers come out."""

from pathlib import Path

import pandas as pd

from recohort.core.job import job
from recohort.report.index import rows

RULES = {"tables": "make_table", "figures": "draw_figure"}

with job(snakemake.log):
    listed = []
    for path in snakemake.input.reproductions:
        study = Path(path).parts[1]
        declared = snakemake.params.studies[study]
        reproduction = pd.read_csv(path, dtype={"published": str})
        endings = {"tables": ["csv", "html", "docx", "tex"], "figures": snakemake.params.formats}
        items, synthetic = declared["items"], declared["synthetic"]
        listed.append(rows(study, items, reproduction, endings=endings, rules=RULES, synthetic=synthetic))
    pd.concat(listed).to_csv(snakemake.output[0], index=False, lineterminator="\n")
