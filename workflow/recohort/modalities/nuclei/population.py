"""The participants of the synthetic cohort, and what only the generator knows of them."""

import pandas as pd

from recohort.synthetic.nuclei.cohort import draw_cohort


def draw(
    participants: list[str],
    *,
    study: str,
    seed: int,
    groups: dict,
    covariates: dict,
    susceptibility: dict,
    volumes: dict,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``participants.tsv`` and the latent truth, a row per participant."""
    return draw_cohort(
        participants,
        study=study,
        seed=seed,
        groups=groups,
        covariates=covariates,
        susceptibility=susceptibility,
        volumes=volumes,
    )
