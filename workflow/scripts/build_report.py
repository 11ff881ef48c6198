"""The study's page, one file that loads nothing."""

from pathlib import Path

import pandas as pd

from recohort.core.io import read_results
from recohort.core.job import job
from recohort.core.references import item_sources
from recohort.report.methods import paragraph
from recohort.report.page import Item, Picture, page
from recohort.report.quality import extremes, pictured, summarise
from recohort.report.warnings import gather

DIGITS, PICTURES = 3, 12
ENDINGS = {"tables": ["csv", "html"], "figures": snakemake.params.formats}

with job(snakemake.log):
    study, name = snakemake.params.study, snakemake.wildcards.study
    results = read_results(snakemake.input.results, f"results/{name}")
    entries = {key: ("tables", entry) for key, entry in study.get("tables", {}).items()}
    entries |= {key: ("figures", study["figures"][key]) for key in snakemake.params.figures}
    order = [key for key in study["report"]["order"] if key in entries]
    items = []
    for key in dict.fromkeys([*order, *entries]):
        stage, entry = entries[key]
        html, svg = (f"results/{name}/{stage}/{key}.{ending}" for ending in ("html", "svg"))
        items.append(
            Item(
                name=key,
                title=entry["title"],
                caption=entry.get("caption", ""),
                html=Path(html).read_text(encoding="utf-8") if stage == "tables" else "",
                svg=Path(svg).read_text(encoding="utf-8") if stage == "figures" else "",
                sources=list(item_sources(stage, entry).values()),
                files=[f"{stage}/{key}.{ending}" for ending in ENDINGS[stage]],
            )
        )
    status = results.get("images/status", pd.DataFrame({"status": []}))
    checks = {"quality": study["report"]["quality"], "digits": DIGITS}
    pictures = [
        Picture(
            participant=one["participant"],
            png=Path(f"results/{name}/images/{one['path']}").read_bytes(),
            why=one["why"],
            checks=one["checks"],
            path=f"../images/{one['path']}",
        )
        for one in (extremes(status, limit=PICTURES, **checks) if "overlay" in status else [])
    ]
    unshown = pictured(status).drop([picture.participant for picture in pictures])
    text = page(
        items,
        template=Path(snakemake.input.template).read_text(encoding="utf-8"),
        style=Path(snakemake.input.style).read_text(encoding="utf-8"),
        study={"reference": "", "doi": "", **study["study"]},
        name=name,
        caveats=snakemake.params.caveats,
        reproduction=pd.read_csv(snakemake.input.reproduction[0], dtype={"published": str}),
        warnings=gather(results),
        methods=paragraph(study["report"]["methods"], study),
        quality=summarise(status, **checks),
        pictures=pictures,
        unshown={participant: f"../images/{path}" for participant, path in unshown.items()},
        recovery=[key for key in snakemake.params.figures if study["figures"][key]["kind"] == "recovery"],
        run={"seed": str(snakemake.params.seed)},
    )
    Path(snakemake.output[0]).write_text(text, encoding="utf-8")
