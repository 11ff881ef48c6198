"""How every figure looks: size, letters, colours. One place."""

import functools
from collections.abc import Callable, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recohort.tables.words import CAVEATS

MM = 1 / 25.4
WIDTHS = {"single": 89, "double": 183}
LINE = 5
"""Height in mm of the strip on top that names what a figure rests on."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
SERIES = (BLUE, ORANGE, VERMILLION, GREEN, PURPLE, SKY, BLACK)
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
DASHES = (
    "-",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (5, 1.5, 1.2, 1.5)),
    (0, (8, 2)),
    (0, (2, 2)),
    (0, (6, 1, 1, 1, 1, 1)),
)
LOUD = {"fontsize": 7, "fontweight": "bold", "color": VERMILLION}
GREY, PALE = "#5F5F5F", "#D9D9D9"

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "patch.linewidth": 0.6,
    "figure.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.04,
    "figure.constrained_layout.w_pad": 0.04,
    "image.interpolation": "nearest",
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "recohort",
}


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Let a drawing function work in the house style, whatever the caller's settings."""

    @functools.wraps(draw)
    def wrapped(*args: object, **kwargs: object) -> Figure:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(STYLE)
            return draw(*args, **kwargs)

    return wrapped


def new_figure(width: str, height: float, *, synthetic: bool) -> Figure:
    """Return an empty figure, `width` ``single`` or ``double``, `height` in mm; a synthetic cohort is named on top."""
    figure = Figure(figsize=(WIDTHS[width] * MM, height * MM), layout="constrained")
    if synthetic:
        figure.suptitle(CAVEATS["synthetic"], x=0.99, ha="right", **LOUD)
    return figure


@styled
def marked(figure: Figure, caveats: Sequence[str]) -> Figure:
    """Name on top of a figure what it rests on (words of `CAVEATS`), in a strip that nothing else is drawn into.

    A figure that has not named its synthetic cohort itself grows by the strip.
    """
    if not caveats:
        return figure
    if not figure.get_suptitle():
        figure.set_figheight(figure.get_figheight() + LINE * MM)
    figure.suptitle("")
    if figure.legends:
        figure.draw_without_rendering()
    height, dots = figure.get_figheight() / MM, figure.bbox.height
    extents = {legend: legend.get_window_extent() for legend in figure.legends}
    above = {legend: (dots - box.y0) / dots for legend, box in extents.items() if box.y0 > dots / 2}
    strip = LINE / height
    for legend in above:  # the layout keeps room for it at the very top alone
        legend.set_bbox_to_anchor((0, 0, 1, 1 - strip), figure.transFigure)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - strip - max(above.values(), default=0)))
    figure.text(0.99, 1 - 1 / height, " · ".join(CAVEATS[word] for word in caveats), ha="right", va="top", **LOUD)
    return figure


def panel_letter(axes: Axes, letter: str) -> None:
    """Write a panel's letter above its upper left corner."""
    axes.set_title(letter, loc="left", fontweight="bold", fontsize=8)
