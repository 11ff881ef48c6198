"""One figure of the study, in every declared format."""

from importlib import import_module
from pathlib import Path

from recohort.core.conditions import patients_of
from recohort.core.guard import guard_of
from recohort.core.io import read_image, read_json, read_results
from recohort.core.job import job
from recohort.core.references import item_settings
from recohort.figures.save import save
from recohort.figures.style import marked

READ = {".gz": read_image, ".nii": read_image, ".json": read_json}

with job(snakemake.log):
    entry, caveats = snakemake.params.entry, snakemake.params.caveats
    results = Path("results") / snakemake.wildcards.study
    guard = guard_of(snakemake.input.get("plan"))
    frames = guard.released(patients_of(read_results(snakemake.input.results, results), entry), entry)
    kind = import_module(f"recohort.figures.{entry['kind']}")
    if hasattr(kind, "images"):
        files = kind.images(frames, folder=results / "images", **entry)
        frames |= {name: READ[path.suffix](path) for name, path in files.items()}
    asked = {"level": snakemake.params.level, "synthetic": "synthetic" in caveats, "counted": guard.counted}
    settings = item_settings("figures", entry, kind.draw, **asked)
    figure = kind.draw(frames, columns=snakemake.params.columns, **settings)
    save(marked(figure, caveats), *snakemake.output)
