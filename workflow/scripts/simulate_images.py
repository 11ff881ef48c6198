"""A batch of synthetic subjects as BIDS, and what is true of them."""

from importlib import import_module
from pathlib import Path

import numpy as np

from recohort.core.io import write_rows
from recohort.core.job import job
from recohort.core.manifest import write_manifest

seed, study = snakemake.params.seed, snakemake.wildcards.study
root = Path(snakemake.output.manifest).parents[1]

with job(snakemake.log):
    simulation = import_module(f"recohort.modalities.{snakemake.params.kind}.simulation")
    shared = dict(np.load(snakemake.input.anatomy[0]))
    files, truth = {}, []
    for participant in snakemake.params.members:
        files[participant], known = simulation.simulate(
            participant, shared, root, study=study, seed=seed, **snakemake.params.settings
        )
        truth.append({"participant_id": participant, **known})
    write_rows(snakemake.output.truth, truth, list(dict.fromkeys(key for row in truth for key in row)))
    write_manifest(Path(snakemake.output.manifest), root, files)
