"""Whether the printed numbers of one publication can stand together."""

from pathlib import Path

from recohort.audit.checks import audit
from recohort.audit.command import as_csv
from recohort.audit.paper import read_paper
from recohort.core.config import read_yaml
from recohort.core.job import job

with job(snakemake.log):
    paper = read_paper(snakemake.input.published[0], read_yaml(Path(snakemake.input.schema)))
    Path(snakemake.output[0]).write_text(as_csv(audit(paper)), encoding="utf-8")
