"""Flow of patients: who entered, who was excluded at which step and why, who remained."""

import textwrap
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recohort.figures.style import GREY, new_figure, styled
from recohort.tables.words import label_of

LINE, GAP, PAD = 3.4, 6.0, 3.2
"""Height of a line of text, between two boxes, and of a box's margins (mm)."""

MAIN, SIDE = (4.0, 88.0), (98.0, 178.0)
"""Left and right edges of the boxes of those who go on, and of the excluded (mm)."""


@styled
def draw(frames: Mapping[str, object], *, columns: Mapping[str, dict], synthetic: bool) -> Figure:
    """Draw the flow diagram from ``cohort/flow``; every number in it is one of that file's.

    Parameters
    ----------
    frames : mapping
        ``cohort/flow``: ``steps`` with name, label, n_in, n_out, excluded; ``groups`` with label, n.
    columns : mapping
        Declared columns: name -> label.
    synthetic : bool
        The cohort is synthetic.
    """
    flow = frames["cohort/flow"]
    steps = flow["steps"]
    entered = _box(f"Entered (n={steps[0]['n_in']})", 44)
    main = [entered] + [_box(f"{step['label']} (n={step['n_out']})", 44) for step in steps]
    side = [_exclusions(step, columns) for step in steps]
    groups = _levelled([_box(f"{group['label']} (n={group['n']})", 26) for group in flow.get("groups", [])])
    gaps = [max(GAP, _height(lines) + 4) if lines else GAP for lines in side]
    total = sum(map(_height, main)) + sum(gaps) + (GAP * 1.6 + _height(groups[0]) if groups else 0) + 4
    figure = new_figure("double", total + (6 if synthetic else 0), synthetic=synthetic)
    axes = figure.add_subplot()
    axes.set(xlim=(0, 183), ylim=(total, 0))
    axes.axis("off")
    top, centre = 2.0, sum(MAIN) / 2
    for position, lines in enumerate(main):
        _draw_box(axes, lines, *MAIN, top)
        top += _height(lines)
        if position < len(side):
            gap = gaps[position]
            _arrow(axes, (centre, top), (centre, top + gap))
            if side[position]:
                middle = top + gap / 2
                _draw_box(axes, side[position], *SIDE, middle - _height(side[position]) / 2, left=True)
                _arrow(axes, (centre, middle), (SIDE[0], middle))
            top += gap
    _split(axes, groups, top, centre)
    return figure


def _split(axes: Axes, groups: list[list[str]], top: float, centre: float) -> None:
    if not groups:
        return
    width, space = (MAIN[1] - MAIN[0]), 4.0
    each = (width - space * (len(groups) - 1)) / len(groups)
    bar, below = top + GAP * 0.8, top + GAP * 1.6
    lefts = [MAIN[0] + position * (each + space) for position in range(len(groups))]
    axes.plot([centre, centre], [top, bar], color=GREY, lw=0.7)
    axes.plot([lefts[0] + each / 2, lefts[-1] + each / 2], [bar, bar], color=GREY, lw=0.7)
    for left, lines in zip(lefts, groups, strict=True):
        _arrow(axes, (left + each / 2, bar), (left + each / 2, below))
        _draw_box(axes, lines, left, left + each, below)


def _exclusions(step: Mapping[str, object], columns: Mapping[str, dict]) -> list[str]:
    if not step["n_excluded"]:
        return []
    lines = [f"Excluded (n={step['n_excluded']})"]
    for entry in step["excluded"]:
        text = f"{label_of(entry['reason'], columns)} (n={entry['n']})"
        lines += textwrap.wrap(text, 54, initial_indent="• ", subsequent_indent="   ")
    return lines


def _box(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)


def _levelled(boxes: list[list[str]]) -> list[list[str]]:
    tallest = max(map(len, boxes), default=0)
    return [lines + [""] * (tallest - len(lines)) for lines in boxes]


def _height(lines: list[str]) -> float:
    return LINE * len(lines) + PAD


def _draw_box(axes: Axes, lines: list[str], x0: float, x1: float, top: float, *, left: bool = False) -> None:
    height = _height(lines)
    axes.fill([x0, x1, x1, x0], [top, top, top + height, top + height], facecolor="white", edgecolor="black", lw=0.7)
    x, align = (x0 + 2, "left") if left else ((x0 + x1) / 2, "center")
    for number, line in enumerate(lines):
        y = top + PAD / 2 + LINE * (number + 0.5)
        axes.text(x, y, line, ha=align, va="center_baseline", fontsize=7)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": GREY, "lw": 0.7, "mutation_scale": 6, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)
