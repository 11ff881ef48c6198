"""Each published number beside the one of this run."""

from pathlib import Path

import pandas as pd
import yaml

from recohort.core.guard import guard_of
from recohort.core.io import read_results
from recohort.core.job import job
from recohort.report.compare import check, compare

with job(snakemake.log):
    root = f"results/{snakemake.wildcards.study}"
    paths = [path.removeprefix(f"{root}/") for path in snakemake.input.results]
    results = dict(zip(paths, read_results(snakemake.input.results, root).values(), strict=True))
    published = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in snakemake.input.published]
    schema = yaml.safe_load(Path(snakemake.input.schema).read_text(encoding="utf-8"))
    table = pd.concat(published) if published else pd.DataFrame(columns=list(schema["properties"]), dtype=str)
    check(table, schema)
    guard = guard_of(snakemake.input.get("plan"))
    compared = compare(guard.asked(table), guard.compared(results), caveats=snakemake.params.caveats)
    compared.to_csv(snakemake.output[0], index=False, lineterminator="\n")
