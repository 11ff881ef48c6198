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

dataset, root = Path(snakemake.params.dataset), Path(snakemake.output.manifest).parents[1]
settings = dict(snakemake.params.images)
session, on_invalid, save = (settings.pop(key) for key in ("session", "on_invalid_subject", "save"))
for handled in ("chain", "batch_size"):
    settings.pop(handled)
STATUS = ["participant_id", "status", "reason", "chimap", "mask", "sha256"]
MAPS = {"field_map": "desc-total_fieldmap", "local_field": "desc-local_fieldmap"}
written = {}


def process(participant):
    files = GradientEcho.of(dataset, participant, session=session, lesion=snakemake.params.lesion)
    masks = {name: read_image(path)[0] if path else None for name, path in files.masks.items()}
    if files.chimap:
        return take_over(participant, files, masks)
    headers = files.headers()
    findings = Findings()
    findings.extend(check_acquisition(**headers))
    findings.raise_if_any()
    magnitude, phase, affine = files.voxels()
    made = reconstruct(
        magnitude,
        phase,
        echo_times=echo_times(headers["sidecars"]),
        field_strength=field_strength(headers["sidecars"]),
        affine=affine,
        **{f"{name}_mask": mask for name, mask in masks.items()},
        **settings,
    )
    out = Derivatives(root, participant, session)
    row = {"status": "reconstructed", "chimap": out.write("Chimap", made.chimap, affine, made.record)}
    out.write("desc-kept_mask", made.kept.astype("uint8"), affine, {"Type": "Brain"})
    for name in save:
        out.write(MAPS[name], getattr(made, name), affine, {**made.record, "Units": "ppm"})
    return finish(participant, out, files, row | made.qc)


def take_over(participant, files, masks):
    chimap, affine = read_image(files.chimap)
    sidecar = read_json(sidecar_of(files.chimap))
    ready, kept = adopt(chimap, masks["brain"], units=sidecar.get("Units"))
    out = Derivatives(root, participant, session)
    record = {**sidecar, "Units": "ppm", "Sources": [files.chimap.relative_to(dataset).as_posix()]}
    row = {"status": "imported", "chimap": out.write("Chimap", ready, affine, record)}
    out.write("desc-kept_mask", kept.astype("uint8"), affine, {"Type": "Brain"})
    return finish(participant, out, files, row)


def finish(participant, out, files, row):
    written[participant] = out.files()
    return row | {"mask": files.masks["lesion"] or "", "sha256": sha256(root / row["chimap"])}


with job(snakemake.log):
    rows = each_subject(snakemake.params.members, process, on_invalid_subject=on_invalid)
    write_rows(snakemake.output.status, rows, list(dict.fromkeys([*STATUS, *(key for row in rows for key in row)])))
    write_manifest(Path(snakemake.output.manifest), root, written)
