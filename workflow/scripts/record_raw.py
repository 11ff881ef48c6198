"""The images of a real dataset that a batch is made from, with checksums."""

from pathlib import Path

from recohort.core.job import job
from recohort.core.manifest import write_manifest
from recohort.provenance.record import raw_files

with job(snakemake.log):
    root = Path(snakemake.params.dataset)
    files = raw_files(map(Path, snakemake.input.raw), root, snakemake.params.members)
    write_manifest(Path(snakemake.output[0]), root, files)
