"""One estimate of the study under its declared alternatives."""

from recohort.core.io import read_answer, read_rows, write_table
from recohort.core.job import job
from recohort.sensitivity.collect import collect

with job(snakemake.log):
    entry, specifications = snakemake.params.entry, snakemake.params.specifications
    listed = {row["item"]: row for path in snakemake.input.published for row in read_rows(path, delimiter=",")}
    collected = collect(
        specifications,
        [read_answer(one["path"]) for one in specifications],
        **{key: entry[key] for key in ("quantity", "scale", "method")},
        published=listed.get(entry["published"]),
    )
    write_table(collected, snakemake.output[0])
