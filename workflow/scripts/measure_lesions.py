"""The lesion metrics of a batch, one row per subject and metric."""

from pathlib import Path

from recohort.core.io import read_image, read_rows, write_rows
from recohort.core.job import job
from recohort.images.geometry import voxel_volume_ml
from recohort.metrics.lesion import measure_lesion

COLUMNS = ["participant_id", "session", "metric", "value", "unit", "n_voxels", "qc"]

with job(snakemake.log):
    settings = {key: value for key, value in snakemake.params.lesion.items() if key != "mask"}
    images = Path(snakemake.input.status).parents[1]
    rows = []
    for subject in read_rows(snakemake.input.status):
        if subject["status"] == "excluded":
            continue
        chimap, affine = read_image(images / subject["chimap"])
        kept, _ = read_image(images / subject["chimap"].replace("_Chimap.", "_desc-kept_mask."))
        lesion, _ = read_image(subject["mask"])
        measured = measure_lesion(chimap, lesion, kept, voxel_volume_ml=voxel_volume_ml(affine), **settings)
        session = snakemake.params.session or ""
        rows += [{"participant_id": subject["participant_id"], "session": session, **row} for row in measured]
    write_rows(snakemake.output[0], rows, COLUMNS)
