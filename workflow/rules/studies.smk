"""Reads the studies of this run and checks them before any work; nothing here makes a file.

REQUIRED INPUTS   config/config.yaml, config/studies/<study>.yaml, data/<study>/ where real data is given
"""

import re
import sys

from recohort.core.columns import cohort_columns
from recohort.core.errors import InputError
from recohort.core.imports import modules_behind
from recohort.core.lock import hold
from recohort.core.scheduling import one_timer
from recohort.leftovers import drop_broken_batches, drop_undeclared
from recohort.study import read_run
from recohort.preflight import check_datasets

from pathlib import Path


def stop(error):
    """Say what is wrong, a sentence a line, and end before any work."""
    print(error, file=sys.stderr)
    raise SystemExit(1)


try:
    RUN, STUDIES = read_run()
    if workflow.is_main_process:
        for sentence in check_datasets(STUDIES):
            print(f"excluded: {sentence}", file=sys.stderr)
        if not workflow.output_settings.dryrun:
            LOCK = hold(Path("results/.lock"))
            for path in drop_undeclared(STUDIES):
                print(f"removed, no longer declared: {path}", file=sys.stderr)
        for sentence in drop_broken_batches(STUDIES):
            print(f"made again: {sentence}", file=sys.stderr)
except InputError as error:
    stop(error)


one_timer()

CONFIGS = {name: study.config for name, study in STUDIES.items()}
VARIANTS = [variant for study in STUDIES.values() for variant in study.variants]


wildcard_constraints:
    study="|".join(map(re.escape, [*STUDIES, *VARIANTS])),
    batch="[A-Za-z0-9-]+",
    kind="[a-z_]+",
    name="[a-z][a-z0-9_]*",
    table="[a-z][a-z0-9_]*",
    figure="[a-z][a-z0-9_]*",


def code(script, *modules):
    """The project's modules behind a rule's script: editing one of them reruns the rule."""
    return modules_behind(script, *modules)


def setting(path):
    """What stands in the configuration of the study, or of the alternative, that a job is about; None if nothing."""
    return lambda wildcards: STUDIES[wildcards.study].setting(path.format(**wildcards))


def result(path):
    """Where a result lies that a job is made from."""
    return lambda wildcards: STUDIES[wildcards.study].place(path.format(**wildcards))


def members(wildcards):
    """The subjects of a batch."""
    return STUDIES[wildcards.study].batches[wildcards.batch]


def watch_progress(workflow):
    """Say how far the run is, a line per finished job, in place of Snakemake's own lines; --verbose keeps those."""
    if (
        not workflow.is_main_process
        or workflow.output_settings.dryrun
        or workflow.output_settings.verbose
    ):
        return
    from snakemake.logging import logger

    from recohort.core.progress import Progress, only_problems

    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.addFilter(only_problems)
    stages = {rule.name: Path(rule.snakefile).stem for rule in workflow.rules}
    counted = {rule: stage for rule, stage in stages.items() if stage != "Snakefile"}
    logger.addHandler(Progress(counted, workflow.resource_settings.cores or 1))
