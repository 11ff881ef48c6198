"""A batch of synthetic subjects as BIDS: magnitude and phase per echo, lesion and brain masks, and the true metrics."""

from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.io import write_rows
from recohort.core.job import job
from recohort.core.manifest import write_manifest
from recohort.core.seeds import generator
from recohort.synthetic.acquisition import simulate_subject
from recohort.synthetic.anatomy import Anatomy
from recohort.synthetic.cohort import draw_lesion_targets

seed, study = snakemake.params.seed, snakemake.wildcards.study
root = Path(snakemake.output.manifest).parents[1]

with job(snakemake.log):
    anatomy = Anatomy.from_arrays(np.load(snakemake.input.anatomy[0]))
    files, truth = {}, []
    for participant in snakemake.params.members:
        targets = draw_lesion_targets(generator(seed, study, participant, "latent"), **snakemake.params.lesion)
        made = simulate_subject(
            anatomy, targets, participant_id=participant, study=study, seed=seed, **snakemake.params.acquisition
        )
        raw = Derivatives(root, participant, None)
        for part, echoes in (("mag", made.magnitude), ("phase", made.phase)):
            for number, (image, sidecar) in enumerate(zip(echoes, made.sidecars[part], strict=True), start=1):
                raw.write(f"echo-{number}_part-{part}_MEGRE", image, made.affine, sidecar)
        masks = Derivatives(root / "derivatives" / "masks", participant, None)
        masks.write("label-lesion_mask", made.lesion_mask, made.affine, {"Type": "Lesion"})
        masks.write("desc-brain_mask", made.brain_mask, made.affine, {"Type": "Brain"})
        files[participant] = [*raw.files(), *masks.files()]
        truth.append({"participant_id": participant, **made.truth})
    write_rows(snakemake.output.truth, truth, list(truth[0]))
    write_manifest(Path(snakemake.output.manifest), root, files)
