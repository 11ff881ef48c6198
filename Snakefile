# recohort: a table of contents. Stages in the order data flows; `snakemake` runs every study of config/config.yaml,
# `snakemake <study>` one study, `snakemake results/<study>/tables/<table>.csv` one table.
import os
import sys

from snakemake.utils import min_version

min_version("9.27")

# The package lies beside the rules: importable here, and in every job this process starts.
WORKFLOW = os.path.join(workflow.basedir, "workflow")
sys.path.insert(0, WORKFLOW)
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [WORKFLOW, os.environ.get("PYTHONPATH")])
)


include: "workflow/rules/studies.smk"
include: "workflow/rules/synthetic.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/sensitivity.smk"
include: "workflow/rules/disclosure.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/provenance.smk"


rule all:
    default_target: True
    input:
        [study.targets for study in STUDIES.values()],
        "results/index.html",
        "results/index.csv",


for name, study in STUDIES.items():

    rule:
        name:
            name
        input:
            study.targets,


watch_progress(workflow)
