"""A page of two voxelwise models, as its tests open it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))

import made_maps

from recohort.figures import volumes, voxelwise
from recohort.report.volume_viewer import viewer

REPORT = Path(__file__).parents[2] / "workflow" / "report"
LEFT = (-12, -18, 8)


def frames():
    """An effect in the left thalamus, and none where nuclei alone are analysed."""
    null = made_maps.made(seed=3, inside=made_maps.nuclei(), n=598, unit="ppb")
    return made_maps.frames(one=made_maps.made([LEFT], height=-9), none=null)


def maps(made=None):
    made = made or frames()
    return {"MS & controls": volumes.maps_of(made, "one"), "EDSS <6>": volumes.maps_of(made, "none")}


def built(shown=None, **changes):
    how = {
        "title": "Figure 3. Voxel by voxel",
        "caption": "What it shows.",
        "caveats": ["synthetic"],
        "templates": {path.name: path.read_text(encoding="utf-8") for path in REPORT.glob("*.html.j2")},
        "style": "".join((REPORT / name).read_text(encoding="utf-8") for name in ("style.css", "volumes.css")),
        "script": (REPORT / "volumes.js").read_text(encoding="utf-8"),
        "colours": voxelwise.table(255),
        "measures": volumes.MEASURES,
        "thresholds": volumes.THRESHOLDS,
        "levels": [0.05, 0.01, 0.001],
        "counts": True,
    }
    background = voxelwise.template({}, resolution_mm=2)
    return viewer(maps() if shown is None else shown, background, **how | changes)
