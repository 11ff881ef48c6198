"""The participants of the synthetic trial, and what only the generator knows of them."""

import pandas as pd

from recohort.synthetic.wml.cohort import draw_cohort


def draw(
    participants: list[str], *, study: str, seed: int, covariates: dict, wml: dict, trial: dict, outcome: dict
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``participants.tsv`` and the latent truth, a row per participant."""
    return draw_cohort(
        participants, study=study, seed=seed, covariates=covariates, wml=wml, trial=trial, outcome=outcome
    )
