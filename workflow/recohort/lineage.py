"""What a result is made from, so that an alternative of a study takes over what its change does not touch."""

from typing import TYPE_CHECKING

from recohort.core.references import model_sources

if TYPE_CHECKING:
    from recohort.study import Study


def differs(one: "Study", other: "Study", path: str) -> bool:
    """Return whether a result of two studies of the same data can differ.

    Parameters
    ----------
    one, other : Study
        Two studies that differ in settings alone.
    path : str
        The result, below ``results/<study>/``.
    """
    settings, sources = _made_from(one, path)
    return settings != _made_from(other, path)[0] or any(differs(one, other, source) for source in sources)


def _made_from(study: "Study", path: str) -> tuple[list, list[str]]:
    """Return the settings that a result is made with, and the results it is made from."""
    stage, _, rest = path.partition("/")
    if stage == "models":
        kind, name = rest.partition(".")[0].split("/")
        entry = study.config["models"].get(kind, {}).get(name)
        return [entry], list(model_sources(kind, entry).values()) if entry else []
    if stage == "cohort":
        return _of_cohort(study, rest.partition(".")[0])
    if stage == "metrics":
        return [study.config.get("metrics")], ["images"]
    return [study.config.get("images"), study.metrics_for("images") if study.has_images else None], []


def _of_cohort(study: "Study", name: str) -> tuple[list, list[str]]:
    cohort = study.config["cohort"]
    if name == "participants":
        return [study.config["data"]], []
    if name == "assembled":
        of_images = ["metrics"] if study.has_images else []
        return [study.config["data"], cohort.get("outcome"), cohort.get("derived")], of_images
    if name == "eligible":
        return [cohort.get("eligibility")], ["cohort/assembled"]
    made_by = {"matched": study.adjustment("matching"), "weighted": study.adjustment("weighting")}
    return [made_by.get(name, cohort.get("imputation"))], ["cohort/eligible"]
