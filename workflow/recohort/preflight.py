"""What is looked at before any work: every real dataset against its study, headers and tables, all findings at once."""

from importlib import import_module

from recohort.cohort.assemble import assemble
from recohort.cohort.conform import conform
from recohort.core.errors import Findings, InputError
from recohort.core.io import read_rows, read_table
from recohort.study import Studies, Study


def check_datasets(studies: Studies) -> list[str]:
    """Check every study that has a real dataset.

    Returns
    -------
    list of str
        One sentence per finding of a subject that its study excludes (``on_invalid_subject: exclude``).

    Raises
    ------
    InputError
        Every finding that stops the run: of a table, or of a subject with ``on_invalid_subject: stop``.
    """
    excluded, findings = [], Findings()
    for study in studies.values():
        findings.extend(_alternative_findings(studies, study))
        findings.extend(_beside_findings(study))
        findings.extend(_source_findings(study) if study.dataset.kind == "table" else [])
        if study.dataset.kind != "bids":
            continue
        findings.extend(_table_findings(study))
        if study.has_images:
            keep = study.config["images"]["on_invalid_subject"] == "exclude"
            of_subjects = [line for participant in study.dataset.participants for line in _findings(study, participant)]
            (excluded if keep else findings.sentences).extend(of_subjects)
    findings.raise_if_any()
    return excluded


def _alternative_findings(studies: Studies, study: Study) -> list[str]:
    """What is wrong with its sensitivity analyses: each fault once, with the first alternative that has it."""
    found = {}
    for name in study.variants:
        try:
            studies[name]
        except InputError as error:
            for line in str(error).splitlines():
                found.setdefault(line.partition(": ")[2], line)
    printed = {row["item"] for path in study.published for row in read_rows(path, delimiter=",")}
    wanted = {name: entry["published"] for name, entry in study.config["sensitivity"].items() if entry["published"]}
    table = "".join(study.published) or "any table"
    absent = [
        f"study {study.name}: sensitivity.{name}.published: '{item}' is no item of {table}"
        for name, item in wanted.items()
        if item not in printed
    ]
    return [*found.values(), *absent]


def _source_findings(study: Study) -> list[str]:
    """What is wrong with ``data.table``: the file is not there, or lacks a declared column."""
    data = study.config["data"]
    try:
        table, identifier = read_table(study.table_file), data["table"].get("identifier")
        conform(table, columns=data["columns"], identifier=identifier)
    except InputError as error:
        prefix = f"{study.table_file}: "
        return [
            f"study {study.name}: data.table: {prefix}{line.removeprefix(prefix)}" for line in str(error).splitlines()
        ]
    return []


def _beside_findings(study: Study) -> list[str]:
    """What is wrong with what the images are made with, such as a network, before any participant."""
    if not study.has_images or not study.images_beside:
        return []
    try:
        import_module(study.images_by("processing")).prepare(images=study.config["images"])
    except InputError as error:
        return [f"study {study.name}: {line}" for line in str(error).splitlines()]
    return []


def _table_findings(study: Study) -> list[str]:
    try:
        assemble(
            read_table(study.participants),
            None,
            None,
            columns=study.config["data"]["columns"],
            outcome=study.config["cohort"].get("outcome"),
            derived={},  # may come from metrics, which are not there yet
        )
    except InputError as error:
        return [f"{study.participants}: {line}" for line in str(error).splitlines()]
    return []


def _findings(study: Study, participant: str) -> list[str]:
    root, processing = study.dataset.root, import_module(study.images_by("processing"))
    sentences = processing.check(root, participant, images=study.config["images"], metrics=study.metrics_for("images"))
    return [f"{root}/{participant}: {sentence}" for sentence in sentences]
