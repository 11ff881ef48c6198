"""Results as they may leave: what a table or a figure receives in place of the true frames."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.quantities import is_share
from recohort.disclosure.aggregate import aggregated, blocks, paired_means
from recohort.disclosure.counted import Counted
from recohort.disclosure.estimates import CELLS, OF_WHOM
from recohort.disclosure.exposures import between_blocks, columns_of, drawn_anew, within_bins
from recohort.disclosure.follow_up import estimated
from recohort.disclosure.people import some_of
from recohort.disclosure.plan import TESTED, flow_shown
from recohort.disclosure.suppress import OTHER, rounded
from recohort.models.accuracy.proportion import INTERVALS, proportion_interval

NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value")
MOVED = ["estimate", "conf_low", "conf_high"]
ONE_PATIENT = ("map", "segmentations", "perfusion", "waterfall")
"""Kinds of figures that show single patients."""

REGRESSED = ("cox", "estimates", "forest", "interaction", "linear", "logistic", "predictors", "spline", "subgroups")
"""Kinds of tables and figures of regression models."""

BETWEEN = "; the curve runs between the first and the last block"
ENDED = {
    **dict.fromkeys(("interaction", "scatter", "spline"), BETWEEN),
    "calibration": "; the curve begins and ends where at least {minimum} have a lower and a higher risk",
    "decision_curve": (
        "; net benefit is drawn at thresholds between which lie the risks of none or of at least {minimum} patients "
        "with the event, and as well of those without it"
    ),
}
"""What the caption of a figure's kind adds."""

FREEDOM = ("linear", "groups", "paired", "correlation")
"""Kinds whose degrees of freedom tell the number of patients."""

QUANTILES = ("median_iqr", "median_range")
DIGITS = re.compile(r"(?<!p [=<>] )(?<![\d.,])\d+(?:[.,]\d+)*")
"""A number that is not a p-value."""


def released(
    frames: Mapping[str, object],
    plan: Mapping[str, object],
    *,
    entry: Mapping[str, object],
) -> dict[str, object]:
    """Return the results of one table or figure without what may not be seen.

    Withheld counts are words (``<5``, ``[c]``), which nothing can calculate with; numbers that derive from them are
    missing. Quantiles, points and steps are means of blocks of patients.

    Parameters
    ----------
    frames : mapping
        Results by name.
    plan : mapping
        Of `plan.plan`.
    entry : mapping
        The table's or figure's settings, complete.

    Raises
    ------
    InputError
        The figure shows one patient, or shares of which one is withheld.
    """
    if entry["kind"] in ONE_PATIENT:
        raise InputError(f"figure '{entry['title']}': shows one patient, which disclosure does not let leave")
    held = {name for name, rows in plan["rows"].items() if any(rows["withheld"])}
    if entry["kind"] == "shift" and f"models/ordinal/{entry['model']}" in held:
        raise InputError(
            f"figure '{entry['title']}': found a share of fewer than {plan['minimum_count']} patients, expected levels "
            "that are joined until none is left"
        )
    counted, made = Counted(plan), {}
    models, cohort = plan["models"], plan["cohort"]
    for name, frame in frames.items():
        stage, _, rest = name.partition("/")
        kind, _, model = rest.partition("/")
        if name.endswith(".warnings"):
            made[name] = without_numbers(frame)
        elif name == "cohort/flow":
            group = (cohort.get("groups") or {}).get("column")
            made[name] = flow_shown(frame, plan["shown"], group=group, matched="matching" in cohort)
        elif name == "cohort/balance":
            made[name] = _balance(frame, counted, cohort)
        elif stage == "cohort":
            made[name] = _patients(frame, entry, plan["minimum_count"], plan["round_to"])
        elif stage == "models" and not model.endswith(".curve"):
            curve = frames.get(f"{name}.curve", pd.DataFrame())
            settings = models[kind][model]
            listed = entry["kind"] not in ("baseline", "group_metrics")
            made[name], made[f"{name}.curve"] = _model(name, kind, settings, frame, curve, plan, counted, listed=listed)
        elif name not in made:
            made[name] = frame
    return {name: made[name] for name in frames}


def without_numbers(warnings: pd.DataFrame) -> pd.DataFrame:
    """Return warnings with ``[c]`` for every number but p-values: any may be a count of patients."""
    return warnings.assign(message=warnings["message"].astype(str).str.replace(DIGITS, "[c]", regex=True))


def summary(plan: Mapping[str, object]) -> str:
    """Return the page's line: what is withheld, and that numbers in warnings are."""
    counted, minimum = plan["counted"], plan["minimum_count"]
    rounded_to = "" if plan["round_to"] is None else f" Other counts are rounded to multiples of {plan['round_to']}."
    return (
        f"Disclosure is controlled: of {counted['printed']} counts in tables and figures, {counted['small']} are below "
        f"{minimum} and withheld (<{minimum}), and {counted['others']} that would give them away ([c]), with what "
        f"derives from them.{rounded_to} Numbers in warnings are left out ([c]). A published number whose counterpart "
        "is withheld reads as not reproducible."
    )


def without_words(frame: object) -> object:
    """Return a result in which withheld counts are missing instead of words."""
    if isinstance(frame, pd.DataFrame):
        names = [name for name in ("n", "n_events") if name in frame]
        return frame.assign(**{name: frame[name].map(_number) for name in names})
    if isinstance(frame, Mapping):
        return {
            key: without_words(value) if isinstance(value, list | Mapping) else _number(value)
            for key, value in frame.items()
        }
    return [without_words(item) for item in frame]


def _number(cell: object) -> object:
    return float("nan") if isinstance(cell, str) and (cell.startswith("<") or cell == OTHER) else cell


def quality_counts(table: pd.DataFrame, counted: Counted) -> pd.DataFrame:
    """Return the table of the images' quality with guarded counts; a range of few images is left out."""
    made = table.copy()
    for place, row in table.iterrows():
        word = str(row["check"]).removeprefix("Maps ")
        known = counted.maps(word, int(row["n"])) if str(row["n"]).isdigit() else row["n"]
        missing = counted(int(row["missing"]), "images", "missing") if str(row["missing"]).isdigit() else row["missing"]
        if isinstance(missing, str) and missing.startswith("<"):
            known = OTHER
        made.loc[place, ["n", "missing"]] = [str(known), str(missing)]
        if str(known).startswith("<"):
            made.loc[place, ["median", "range"]] = "–"
    return made


def quality(status: pd.DataFrame, plan: Mapping[str, object]) -> pd.DataFrame:
    """Return the images' quality checks with block means for values, and no participant's name or paths."""
    numbers = [name for name in status.select_dtypes("number") if name != "participant_id"]
    made = aggregated(status, numbers, group=None, size=plan["minimum_count"])
    return made.assign(**{name: "" for name in ("participant_id", "reason", "chimap", "mask") if name in made})


def note(plan: Mapping[str, object], entry: Mapping[str, object], *, figure: bool) -> str:
    """Return the sentence beneath a table or a figure that says how it was guarded."""
    minimum, round_to = plan["minimum_count"], plan["round_to"]
    least = 0 if plan["zeros"] == "hidden" else 1
    said = (
        f"Disclosure control: <{minimum} stands for {least} to {minimum - 1} patients or events, [c] for a count that"
    )
    said += " would give such a one away, and what derives from either is left out (–)"
    if entry["kind"] in REGRESSED:
        said += ", with coefficients of levels of so few"
    if round_to is not None:
        said += f"; other counts are rounded to multiples of {round_to}, and percentages are of rounded counts"
    blocked = (
        figure or entry["kind"] in ("survival", "strata") or set(entry.get("variables", {}).values()) & set(QUANTILES)
    )
    if blocked or entry["kind"] == "group_metrics":
        said += f"; quantiles, curves, marks and numbers at risk are of blocks of {minimum} patients or more"
    return said + (ENDED.get(entry["kind"], "").format(minimum=minimum) if figure else "") + "."


def _patients(frame: pd.DataFrame, entry: Mapping[str, object], size: int, round_to: int | None) -> pd.DataFrame:
    """Return a cohort whose values are block means wherever single ones would be drawn or would be a quantile."""
    kind, how = entry["kind"], {"group": entry.get("group"), "size": size, "round_to": round_to, "keep_few": True}
    if kind in ("box", "histogram"):
        return aggregated(frame, entry.get("metrics") or [entry["column"]], **how)
    statistics = (
        entry.get("variables") if kind == "baseline" else entry.get("metrics") if kind == "group_metrics" else None
    )
    columns = [name for name, how in (statistics or {}).items() if how in QUANTILES and name in frame]
    return aggregated(frame, columns, **how) if columns else frame


def _model(
    name: str,
    kind: str,
    settings: Mapping[str, object],
    estimates: pd.DataFrame,
    curve: pd.DataFrame,
    plan: Mapping[str, object],
    counted: Counted,
    *,
    listed: bool,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if kind in TESTED:
        return _tests(estimates, settings, counted, listed=listed), curve
    shown = plan["rows"].get(name)
    if shown is None or len(shown["n"]) != len(estimates):
        raise InputError(f"{name}: the plan of disclosure has no such rows, expected a plan made from this result")
    size, round_to = plan["minimum_count"], plan["round_to"]
    if kind in ("kaplan_meier", "competing_risks"):
        hidden = _hidden_strata(estimates, shown)
        estimates, curve = estimated(kind, settings, estimates, curve, size=size, round_to=round_to, hidden=hidden)
    masked = _masked(estimates, shown, settings.get("level"), round_to)
    few, fewer = (masked[column].map(lambda n: isinstance(n, str)) for column in ("n", "n_events"))
    if kind in FREEDOM:
        masked["df"] = masked["df"].mask(few)
    _put_counts(masked, name, plan["shown"])
    if curve.empty:
        return masked, curve
    if kind == "decision_curve":
        return masked, _net_benefits(curve, plan["curves"][name]["moved"])
    blocks = plan["curves"].get(name, {}).get("blocks")
    if blocks:
        curve = between_blocks(curve, columns_of(curve, settings), blocks)
    exact = round_to is None and not (few | fewer).any()
    return masked, _curve(kind, curve, estimates, size, round_to, exact=exact)


def _hidden_strata(estimates: pd.DataFrame, shown: Mapping[str, list]) -> set[str]:
    """Return the strata that get no curve: those one of whose counts is withheld."""
    own = estimates["term"].astype(str)
    words = [
        isinstance(n, str) or isinstance(events, str) for n, events in zip(shown["n"], shown["n_events"], strict=True)
    ]
    return set(own[words])


def _masked(
    estimates: pd.DataFrame, shown: Mapping[str, list], level: float | None, round_to: int | None
) -> pd.DataFrame:
    made = estimates.astype({name: object for name in (*NUMBERS, "n", "n_events", "scale")})
    for place, index in enumerate(made.index):
        for column in ("n", "n_events"):
            if shown[column][place] is not None:
                made.loc[index, column] = shown[column][place]
        text = str(made.loc[index, "scale"])
        if " (n=" in text and shown["n"][place] is not None:
            made.loc[index, "scale"] = re.sub(r" \(n=\d+\)", f" (n={shown['n'][place]})", text)
        if made.loc[index, "quantity"] == "dfbeta":  # its scale tells the patient's value
            made.loc[index, "scale"] = re.sub(r"(?<= ).*(?= \(rank)", OTHER, text)
        elif text.endswith(" (quartiles)"):
            made.loc[index, "scale"] = "upper against lower quartile"
        if shown["withheld"][place]:
            made.loc[index, list(NUMBERS)] = np.nan
        elif round_to is not None and made.loc[index, "quantity"] == OF_WHOM:
            made.loc[index, "estimate"] = np.nan
        elif shown.get("moved"):
            made.loc[index, MOVED] = [float(number) + shown["moved"][place] for number in estimates.loc[index, MOVED]]
        elif round_to is not None and _is_crude(made.loc[index], estimates.loc[index]):
            made.loc[index, ["estimate", "conf_low", "conf_high"]] = _share(made.loc[index], level)
            made.loc[index, ["std_error", "statistic", "p_value"]] = np.nan
    return made


def _put_counts(masked: pd.DataFrame, name: str, shown: Mapping[str, str | int]) -> None:
    """Put in what is printed for estimates that are counts themselves; a withheld one is missing."""
    for index, row in masked[masked["quantity"].isin([*CELLS, "n"])].iterrows():
        text = row["n"]
        if row["quantity"] in CELLS:
            text = shown.get(f"{name}|{CELLS[row['quantity']][0].format(test=row['term'])}", row["estimate"])
        masked.loc[index, "estimate"] = np.nan if isinstance(text, str) else text


def _is_crude(row: pd.Series, true: pd.Series) -> bool:
    """Return whether an estimate is the share of its events among its patients."""
    if not is_share(str(row["quantity"])) or not true["n"] or pd.isna(true["n_events"]):
        return False
    return bool(np.isclose(true["n_events"] / true["n"], float(true["estimate"]), rtol=1e-9, atol=0))


def _share(row: pd.Series, level: float | None) -> list[float]:
    """Return a share and its interval from rounded counts."""
    n, events = float(row["n"]), min(float(row["n_events"]), float(row["n"]))
    named = {text: name for name, text in INTERVALS.items()}
    how = next((name for text, name in named.items() if text in str(row["method"])), None)
    if not n or how is None or level is None:
        return [events / n if n else np.nan, np.nan, np.nan]
    return [events / n, *proportion_interval(events, n, interval=how, level=level)]


def _tests(estimates: pd.DataFrame, settings: Mapping[str, object], counted: Counted, *, listed: bool) -> pd.DataFrame:
    """Return comparisons of a cohort's groups, without those of which a count is withheld; listed, without numbers."""
    cohort = some_of(settings["cohort"], settings.get("among"))
    touched = estimates["term"].map(lambda term: counted.touches(cohort, settings["group"], str(term)))
    made = estimates.copy()
    made.loc[touched.astype(bool), [*NUMBERS]] = np.nan
    if listed:
        made.loc[made["quantity"] == "proportion", [*NUMBERS]] = np.nan
        made = made.assign(**{name: made[name].map(lambda n: n if pd.isna(n) else OTHER) for name in ("n", "n_events")})
    return made


def _balance(balance: pd.DataFrame, counted: Counted, cohort: Mapping[str, object]) -> pd.DataFrame:
    """Return the balance of groups without the differences of which a count is withheld."""
    made_by = {"all": "eligible", "matched": "matched", "weighted": "weighted"}
    treatment = next(cohort[key]["treatment"] for key in ("matching", "weighting") if key in cohort)
    names = [name for name in balance.columns if name.startswith(("smd", "mean", "sd", "variance"))]
    gone = [
        counted.touches(
            made_by[row["sample"]], treatment, row["covariate"], None if pd.isna(row["level"]) else row["level"]
        )
        for _, row in balance.iterrows()
    ]
    made = balance.copy()
    made.loc[gone, names] = np.nan
    return made


def _curve(
    kind: str, curve: pd.DataFrame, estimates: pd.DataFrame, size: int, round_to: int | None, *, exact: bool
) -> pd.DataFrame:
    """Return what a figure draws without single patients; what gives exact numbers only where these are shown."""
    if kind == "paired":
        return paired_means(curve, along="mean", other="difference", size=size, round_to=round_to)
    if kind == "linear" and "part" in curve:
        return _scatter(curve, size, round_to)
    if kind == "roc":
        return _corners(curve, estimates, size) if exact else curve.iloc[:0]
    if kind == "calibration":
        few = (curve["part"] == "group") & ((curve["n"] < size) | _few(curve["n_events"], curve["n"], size))
        groups = curve["part"] == "group"
        gone = groups if few.any() or not exact else few  # one group left out alone is what the others leave
        kept = within_bins(curve[~gone], size=size)
        counts = kept["n"].where(kept["part"] != "histogram", rounded(kept["n"].fillna(0), round_to=size))
        return kept.assign(n=counts)
    return curve


def _few(events: pd.Series, n: pd.Series, size: int) -> pd.Series:
    return ((events > 0) & (events < size)) | ((n - events > 0) & (n - events < size))


def _scatter(curve: pd.DataFrame, size: int, round_to: int | None) -> pd.DataFrame:
    """Return points as block means, and lines that end where the blocks do."""
    parts = []
    for _, own in curve.groupby(curve["group"].fillna(""), sort=False):
        points, line = own[own["part"] == "point"], own[own["part"] != "point"]
        made = paired_means(points, along="value", other="estimate", size=size, round_to=round_to)
        parts += [drawn_anew(line, made["value"].min(), made["value"].max()), made]
    return pd.concat(parts)


def _net_benefits(curve: pd.DataFrame, moved: list[float | None]) -> pd.DataFrame:
    """Return a decision curve at the thresholds that are kept; a strategy without one has a row without numbers."""
    by = pd.Series(moved, index=curve.index, dtype=float)
    numbers = ["net_benefit", "conf_low", "conf_high", "corrected"]
    made = curve.assign(**{name: curve[name] + by for name in numbers})
    some = by.notna().groupby(made["strategy"]).transform("any")
    return made[by.notna() | (~some & ~made["strategy"].duplicated())]


def _corners(curve: pd.DataFrame, estimates: pd.DataFrame, size: int) -> pd.DataFrame:
    """Return the ends of an ROC curve and points `size` places apart with no small cell; no thresholds."""
    whole = estimates[estimates["quantity"] == "auc"].iloc[0]
    positive, negative = float(whole["n_events"]), float(whole["n"] - whole["n_events"])
    sides = np.array([curve["sensitivity"] * positive, curve["specificity"] * negative])
    sides = np.vstack([sides, np.array([[positive], [negative]]) - sides])
    inner = np.flatnonzero(sides.min(axis=0) > size - 0.5)
    kept = [inner[block[0]] for block in blocks(len(inner), size=size)] if len(inner) else []
    return curve.iloc[sorted({0, *kept, len(curve) - 1})].assign(threshold=np.nan)
