"""One study's plan of disclosure: what every count is printed as."""

from recohort.core.io import read_results, write_json
from recohort.core.job import job
from recohort.disclosure.plan import plan

with job(snakemake.log):
    results = read_results(snakemake.input.results, f"results/{snakemake.wildcards.study}")
    made = plan(results, **snakemake.params.sections, **snakemake.params.rules)
    write_json(made, snakemake.output[0])
