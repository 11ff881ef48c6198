"""Figures as files: the same figure gives the same bytes."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from recohort.figures.style import STYLE

DPI = 300
METADATA = {
    ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
}


def save(figure: Figure, *paths: str | Path) -> None:
    """Write the figure to every path, in the format of its ending (``.pdf``, ``.png`` at 300 dpi, ``.svg``).

    It is laid out once, so that every format is the same picture.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        figure.set_dpi(DPI)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for path in map(Path, paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, dpi=DPI, metadata=METADATA[path.suffix])
