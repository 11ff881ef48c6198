"""The metrics of all batches as one table, participants in order."""

from importlib import import_module

import pandas as pd

from recohort.core.io import read_table, write_table
from recohort.core.job import job

with job(snakemake.log):
    metrics = pd.concat([read_table(path) for path in snakemake.input.batches])
    write_table(metrics.sort_values(["participant_id", "session"], kind="stable"), snakemake.output.metrics)
    measuring = import_module(f"recohort.modalities.{snakemake.params.kind}.measuring")
    write_table(measuring.judge(metrics), snakemake.output.warnings)
