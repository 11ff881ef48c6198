"""Every subject's status in one table."""

from pathlib import Path

from recohort.core.derivatives import BESIDE_BIDS, describe_dataset
from recohort.core.io import read_rows, write_json, write_rows
from recohort.core.job import job

with job(snakemake.log):
    rows = [row for path in snakemake.input.batches for row in read_rows(path)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    write_rows(snakemake.output.status, sorted(rows, key=lambda row: row["participant_id"]), columns)
    write_json(describe_dataset(f"Maps: {snakemake.params.title}", "derivative"), snakemake.output.description)
    Path(snakemake.output.ignore).write_text(BESIDE_BIDS, encoding="utf-8")
