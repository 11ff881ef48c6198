"""A synthetic cohort's participants, and what only the generator knows of them."""

from importlib import import_module
from pathlib import Path

from recohort.core.derivatives import BESIDE_BIDS, describe_dataset
from recohort.core.io import write_json, write_table
from recohort.core.job import job

WORDS = {"label": "LongName", "unit": "Units", "levels": "Levels"}

with job(snakemake.log):
    population = import_module(f"recohort.modalities.{snakemake.params.kind}.population")
    participants, latent = population.draw(
        snakemake.params.participants,
        study=snakemake.wildcards.study,
        seed=snakemake.params.seed,
        **snakemake.params.settings,
    )
    write_table(participants, snakemake.output.participants)
    write_table(latent, snakemake.output.latent)
    dictionary = {
        name: {WORDS[key]: value for key, value in column.items() if key in WORDS}
        for name, column in snakemake.params.columns.items()
    }
    write_json(dictionary, snakemake.output.dictionary)
    write_json(describe_dataset(f"Synthetic cohort: {snakemake.params.title}", "raw"), snakemake.output.description)
    Path(snakemake.output.ignore).write_text(BESIDE_BIDS, encoding="utf-8")
