"""The maps of a figure of voxelwise models, to be looked through: one file that loads nothing."""

from pathlib import Path

from recohort.core.guard import as_it_is, guard_of
from recohort.core.io import read_image, read_json
from recohort.core.job import job
from recohort.figures.volumes import MEASURES, THRESHOLDS, maps_of
from recohort.figures.voxelwise import images, table, template
from recohort.report.volume_viewer import viewer

LEVELS, COLOURS, RESOLUTION_MM = (0.05, 0.01, 0.001), 255, 2

with job(snakemake.log):
    entry, guard = snakemake.params.entry, guard_of(snakemake.input.get("plan"))
    folder = Path("results") / snakemake.wildcards.study / "images"
    files = images({}, folder=folder, **entry)
    frames = {name: read_json(path) if path.suffix == ".json" else read_image(path) for name, path in files.items()}
    texts = {Path(path).name: Path(path).read_text(encoding="utf-8") for path in snakemake.input.templates}
    text = viewer(
        {label: maps_of(frames, name) for label, name in entry["models"].items()},
        template(frames, resolution_mm=RESOLUTION_MM),
        title=entry["title"],
        caption=entry["caption"],
        caveats=snakemake.params.caveats,
        templates=texts,
        style=texts["style.css"] + texts["volumes.css"],
        script=texts["volumes.js"],
        colours=table(COLOURS),
        measures=MEASURES,
        thresholds=THRESHOLDS,
        levels=LEVELS,
        counts=guard.counted is as_it_is,
    )
    Path(snakemake.output[0]).write_text(text, encoding="utf-8")
