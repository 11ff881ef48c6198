"""One figure of the study, in every declared format."""

from importlib import import_module

from recohort.core.io import read_image, read_results
from recohort.core.job import job
from recohort.core.references import item_settings
from recohort.figures.save import save

with job(snakemake.log):
    entry, results = snakemake.params.entry, f"results/{snakemake.wildcards.study}"
    frames = read_results(snakemake.input.results, results)
    kind = import_module(f"recohort.figures.{entry['kind']}")
    if entry["kind"] == "map":
        chosen = kind.example(frames["images/status"], participant=entry["participant"])
        frames = {"chimap": read_image(f"{results}/images/{chosen['chimap']}"), "mask": read_image(chosen["mask"])}
    figure = kind.draw(
        frames,
        columns=snakemake.params.columns,
        synthetic=snakemake.params.synthetic,
        **item_settings("figures", entry, kind.draw, level=snakemake.params.level),
    )
    save(figure, *snakemake.output)
