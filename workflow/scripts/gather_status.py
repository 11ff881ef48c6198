"""Every subject's status in one table."""

from pathlib import Path

import pandas as pd

from recohort.core.derivatives import BESIDE_BIDS, describe_dataset
from recohort.core.io import read_table, write_json, write_table
from recohort.core.job import job

with job(snakemake.log):
    status = pd.concat([read_table(path) for path in snakemake.input.batches])
    write_table(status.sort_values("participant_id", kind="stable"), snakemake.output.status)
    write_json(describe_dataset(f"Maps: {snakemake.params.title}", "derivative"), snakemake.output.description)
    Path(snakemake.output.ignore).write_text(BESIDE_BIDS, encoding="utf-8")
