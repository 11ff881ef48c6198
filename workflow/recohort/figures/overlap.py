"""Which criteria patients meet together: an UpSet plot.

Lex A, Gehlenborg N, Strobelt H, Vuillemot R, Pfister H, IEEE Trans Vis Comput Graph 2014;20:1983-1992
(doi:10.1109/TVCG.2014.2346248).
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recohort.core.errors import InputError
from recohort.core.guard import as_it_is
from recohort.figures.style import BLACK, BLUE, PALE, new_figure, styled
from recohort.tables.words import label_of

KIND = "figure of kind 'overlap'"
ROW_MM, LINE_MM, LETTERS = 6.5, 2.9, {"single": 20, "double": 30}
"""Least height of a criterion's row, of a line of its name, and letters in that line."""

PLACES = {"single": 6, "double": 10}
"""Combinations for which there is room at least, so that few do not make broad bars."""


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    cohort: str,
    criteria: Sequence[str],
    none: bool,
    most: int,
    label: str,
    width: str,
    bars_height: float,
    counted: Callable[..., int | str] = as_it_is,
) -> Figure:
    """Draw how many patients meet exactly which criteria, and how many meet each.

    Parameters
    ----------
    frames : mapping
        ``cohort/<cohort>``.
    columns : mapping
        Declared columns: name -> label.
    synthetic : bool
        The cohort is synthetic.
    cohort : str
        Which cohort is drawn.
    criteria : sequence of str
        Boolean columns, top to bottom. Patients of whom one is unknown are left out, which is said.
    none : bool
        Those who meet none are drawn too.
    most : int
        Combinations that are drawn; what the others hold is said.
    label : str
        What is counted.
    width : str
        ``single | double``.
    bars_height : float
        Height of the upper bars in mm.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`. Where it withholds one the figure is refused: the
        counts add up, so that any one follows from the others.

    Raises
    ------
    InputError
        A criterion is not boolean, nobody has all of them known, or a count is withheld.
    """
    patients = frames[f"cohort/{cohort}"][list(criteria)]
    known = patients.dropna()
    _check(known, cohort)
    met = combinations(known)
    drawn = [(which, n) for which, n in met if none or any(which)]
    if not drawn:
        raise InputError(f"{KIND}: cohort {cohort}: found nobody who meets any of {', '.join(criteria)}")
    shown, rest = drawn[:most], drawn[most:]
    bare = [(which, n) for which, n in met if not any(which)]
    parts = {"shown": shown, "rest": rest, "none": [] if none else bare}
    said = _counts(known, parts, len(patients) - len(known), cohort, counted)
    across, down = max(len(shown), PLACES[width]), len(criteria)
    names = [_wrapped(label_of(name, columns), LETTERS[width]) for name in criteria]

    row = max(ROW_MM, LINE_MM * max(name.count("\n") + 1 for name in names) + 1)

    figure = new_figure(width, bars_height + row * down + 15 + (5 if synthetic else 0), synthetic=synthetic)
    sides = [1, 1.6 if width == "single" else 3.2]
    (corner, bars), (sets, matrix) = figure.subplots(2, 2, height_ratios=[bars_height, row * down], width_ratios=sides)
    corner.set(xticks=[], yticks=[])
    corner.axis("off")
    _bars(bars, said["shown"], label, across)
    _matrix(matrix, [which for which, _ in shown], names, across)
    _sets(sets, said["sets"], label)
    note = _note(said, label, bare=any(not any(which) for which, _ in shown))
    figure.supxlabel(textwrap.fill(note, {"single": 62, "double": 130}[width]), fontsize=6.5)
    return figure


def combinations(known: pd.DataFrame) -> list[tuple[tuple[bool, ...], int]]:
    """Return every combination of criteria that occurs and how often.

    The most frequent first; of equals the one with fewest criteria, then the one whose criteria come first.

    Examples
    --------
    >>> combinations(pd.DataFrame({"a": [1, 1, 0, 1], "b": [0, 0, 1, 1]}))
    [((True, False), 2), ((False, True), 1), ((True, True), 1)]
    """
    counts: dict[tuple[bool, ...], int] = {}
    for row in known.to_numpy(dtype=bool).tolist():
        counts[tuple(row)] = counts.get(tuple(row), 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], sum(item[0]), [not one for one in item[0]]))


def _check(known: pd.DataFrame, cohort: str) -> None:
    if known.empty:
        raise InputError(f"{KIND}: cohort {cohort}: found nobody of whom {', '.join(known)} are known")
    for name in known:
        if wrong := sorted(set(known[name].astype(float)) - {0.0, 1.0}):
            raise InputError(f"{KIND}: criteria: found {name} {wrong[0]:g}, expected a boolean, 0 or 1")


def _counts(
    known: pd.DataFrame,
    parts: Mapping[str, Sequence[tuple[tuple[bool, ...], int]]],
    unknown: int,
    cohort: str,
    counted: Callable[..., int | str],
) -> dict[str, object]:
    """Return the counts as they are printed: of each combination (by part), each criterion, all, the unknown."""

    def of(which: Sequence[bool], n: int) -> int | str:
        return counted(n, cohort, *(f"{name}={int(one)}" for name, one in zip(known, which, strict=True)))

    complete = [] if not unknown else [f"{name} known" for name in known]
    made = {
        **{part: [of(which, n) for which, n in rows] for part, rows in parts.items()},
        "sets": [counted(int(known[name].astype(bool).sum()), cohort, f"{name}=1", *complete) for name in known],
        "all": [counted(len(known), cohort, *complete)],
        "unknown": [counted(unknown, cohort, *(f"{name} missing" for name in known))] if unknown else [],
    }
    if any(isinstance(n, str) for counts in made.values() for n in counts):
        raise InputError(
            f"{KIND}: found a count that disclosure withholds, expected fewer criteria, so that none is: the others "
            "would give it away"
        )
    return made


def _bars(axes: Axes, counts: Sequence[int], label: str, across: int) -> None:
    places = np.arange(len(counts))
    axes.bar(places, counts, width=0.62, color=BLUE)
    for place, n in zip(places, counts, strict=True):
        axes.annotate(str(n), (place, n), xytext=(0, 1.5), textcoords="offset points", ha="center", fontsize=6.5)
    axes.set(xticks=[], xlim=(-0.6, across - 0.4), ylabel=f"{label} with exactly these")
    axes.set_ylim(0, 1.12 * max(counts))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.spines["bottom"].set_visible(False)


def _matrix(axes: Axes, combinations: Sequence[Sequence[bool]], names: Sequence[str], across: int) -> None:
    down = len(names)
    for row in range(0, down, 2):
        axes.axhspan(row - 0.5, row + 0.5, xmax=(len(combinations) + 0.2) / across, color=PALE, alpha=0.35, lw=0)
    for place, which in enumerate(combinations):
        rows = np.flatnonzero(which)
        axes.scatter([place] * down, range(down), s=20, color=PALE, linewidths=0, zorder=2)
        axes.scatter([place] * len(rows), rows, s=20, color=BLACK, linewidths=0, zorder=3)
        if len(rows) > 1:
            axes.plot([place, place], [rows[0], rows[-1]], color=BLACK, lw=1.4, zorder=3)
    axes.set(xticks=[], xlim=(-0.6, across - 0.4), ylim=(down - 0.5, -0.5))
    axes.set_yticks(range(down), names)
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)


def _sets(axes: Axes, counts: Sequence[int], label: str) -> None:
    axes.barh(range(len(counts)), counts, height=0.55, color=BLACK)
    for row, n in enumerate(counts):
        axes.annotate(
            str(n), (n, row), xytext=(-2, 0), textcoords="offset points", ha="right", va="center", fontsize=6.5
        )
    axes.set(yticks=[], xlim=(1.3 * max(*counts, 1), 0), ylim=(len(counts) - 0.5, -0.5), xlabel=f"{label} with each")
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.spines["left"].set_visible(False)


def _note(said: Mapping[str, Sequence[int]], label: str, *, bare: bool) -> str:
    """Return what stands below; `bare`: those who meet none are drawn."""
    text = f"{label}: n={said['all'][0]}"
    if bare:
        text += "; without a black dot: none of these"
    if said["none"]:
        text += f"; {said['none'][0]} with none of these not drawn"
    if rest := len(said["rest"]):
        text += f"; {rest} further combination{'s' if rest > 1 else ''} of {sum(said['rest'])} not drawn"
    if said["unknown"]:
        text += f"; {said['unknown'][0]} of whom a criterion is unknown left out"
    return text


def _wrapped(text: str, letters: int) -> str:
    return textwrap.fill(text, letters, break_long_words=False)
