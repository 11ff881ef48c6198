"""A batch's images processed or taken over; a status row per subject."""

from importlib import import_module
from pathlib import Path

from recohort.core.batches import each_subject
from recohort.core.io import write_rows
from recohort.core.job import job
from recohort.core.manifest import write_manifest

images, metrics = snakemake.params.images, snakemake.params.metrics
dataset, root = Path(snakemake.params.dataset), Path(snakemake.output.manifest).parents[1]
written = {}

with job(snakemake.log):
    processing = import_module(f"recohort.modalities.{images['kind']}.processing")

    def process(participant):
        row, written[participant] = processing.process(dataset, participant, root, images=images, metrics=metrics)
        return row

    rows = each_subject(snakemake.params.members, process, on_invalid_subject=images["on_invalid_subject"])
    columns = ["participant_id", "status", "reason", *processing.STATUS, *(key for row in rows for key in row)]
    write_rows(snakemake.output.status, rows, list(dict.fromkeys(columns)))
    write_manifest(Path(snakemake.output.manifest), root, written)
