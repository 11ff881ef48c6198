"""A model of every voxel of the participants' maps: estimates by structure and cluster, and its own maps."""

from importlib import import_module
from pathlib import Path

import numpy as np

from recohort.core.io import read_results, write_image, write_table
from recohort.core.job import job
from recohort.models.inputs import prepare
from recohort.models.voxelwise import fit

with job(snakemake.log, study=snakemake.wildcards.study, made=snakemake.output):
    settings, name = snakemake.params, snakemake.wildcards.name
    mapping = import_module(f"recohort.modalities.{settings.images['kind']}.mapping")
    frames = read_results(snakemake.input.results, *settings.roots)
    maps = mapping.Maps(frames["images/status"], Path(snakemake.input.status).parent)
    labels, names = mapping.atlas(next(iter(maps.values())).shape, maps.affine, images=settings.images)
    (cohort,), asked = prepare(fit, name, settings.entry, frames, columns=settings.columns, seed=settings.seed)
    known = {"affine": maps.affine, "labels": labels, "label_names": names, "unit": mapping.UNIT}
    result, volumes = fit(cohort, maps, structures=settings.structures, **known, **asked)
    for part in ("estimates", "curve", "warnings"):
        write_table(getattr(result, part), snakemake.output[part])
    peak = result.estimates[result.estimates["quantity"] == "peak_coefficient"].iloc[0]
    about = {"Volumes": list(volumes), "Exposure": settings.entry["exposure"], "Unit": peak["scale"]}
    about |= {"N": int(peak["n"]), "Level": settings.entry["significance"], "Method": "Freedman-Lane permutation"}
    write_image(np.stack(list(volumes.values()), axis=-1), maps.affine, snakemake.output.maps, about)
