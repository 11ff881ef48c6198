"""The metrics of a batch, one row per subject and metric."""

from importlib import import_module
from pathlib import Path

from recohort.core.io import read_rows, write_rows
from recohort.core.job import job

COLUMNS = ["participant_id", "session", "metric", "value", "unit", "n_voxels", "qc"]

with job(snakemake.log):
    measuring = import_module(f"recohort.modalities.{snakemake.params.kind}.measuring")
    images = Path(snakemake.input.status).parents[1]
    session = snakemake.params.session or ""
    rows = [
        {"participant_id": subject["participant_id"], "session": session, **row}
        for subject in read_rows(snakemake.input.status)
        if subject["status"] != "excluded"
        for row in measuring.measure(subject, images, metrics=snakemake.params.metrics)
    ]
    write_rows(snakemake.output[0], rows, COLUMNS)
