"""A batch's susceptibility maps, reconstructed or taken over, each with its sidecar; a status row per subject."""

from pathlib import Path

from recohort.core.batches import each_subject
from recohort.core.derivatives import Derivatives
from recohort.core.errors import Findings
from recohort.core.gradient_echo import GradientEcho
from recohort.core.io import read_image, read_json, sidecar_of, write_rows
from recohort.core.job import job
from recohort.core.manifest import sha256, write_manifest
from recohort.images.acquisition import check_acquisition, echo_times, field_strength
from recohort.images.qsm import reconstruct
from recohort.images.ready import adopt

STATUS = ["participant_id", "status", "reason", "chimap", "mask", "sha256"]
EXTRA = {"field_map": "desc-total_fieldmap", "local_field": "desc-local_fieldmap"}
dataset, root = Path(snakemake.params.dataset), Path(snakemake.output.manifest).parents[1]
beside = ("chain", "batch_size", "session", "on_invalid_subject", "save")
chain = {key: value for key, value in snakemake.params.images.items() if key not in beside}
session, on_invalid, save = (snakemake.params.images[key] for key in ("session", "on_invalid_subject", "save"))
written = {}


def made_from(files):
    """The map of a subject's files, whether it was reconstructed or imported, and its affine."""
    masks = files.mask_voxels()
    if files.chimap:
        chimap, affine = read_image(files.chimap)
        sidecar = read_json(sidecar_of(files.chimap))
        return adopt(chimap, masks["brain_mask"], masks["lesion_mask"], sidecar=sidecar), "imported", affine
    headers = files.headers()
    Findings.raise_from(check_acquisition(**headers))
    magnitude, phase, affine = files.voxels()
    sidecars = headers["sidecars"]
    timing = {"echo_times": echo_times(sidecars), "field_strength": field_strength(sidecars)}
    return reconstruct(magnitude, phase, affine=affine, **timing, **masks, **chain), "reconstructed", affine


def process(participant):
    files = GradientEcho.of(dataset, participant, session=session, lesion=snakemake.params.lesion)
    made, status, affine = made_from(files)
    out = Derivatives(root, participant, session)
    chimap = out.write("Chimap", made.chimap, affine, made.record)
    out.write("desc-kept_mask", made.kept.astype("uint8"), affine, {"Type": "Brain"})
    for name in save if status == "reconstructed" else []:
        out.write(EXTRA[name], getattr(made, name), affine, {**made.record, "Units": "ppm"})
    written[participant] = out.files()
    place = {"chimap": chimap, "mask": files.masks["lesion"], "sha256": sha256(root / chimap)}
    return {"status": status, **place, **made.qc}


with job(snakemake.log):
    rows = each_subject(snakemake.params.members, process, on_invalid_subject=on_invalid)
    write_rows(snakemake.output.status, rows, list(dict.fromkeys([*STATUS, *(key for row in rows for key in row)])))
    write_manifest(Path(snakemake.output.manifest), root, written)
