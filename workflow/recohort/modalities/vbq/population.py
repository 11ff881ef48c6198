"""The participants of the synthetic vertebroplasty cohort, and what only the generator knows of them."""

import pandas as pd

from recohort.synthetic.vbq.cohort import draw_cohort


def draw(
    participants: list[str],
    *,
    study: str,
    seed: int,
    covariates: dict,
    marrow: dict,
    fractures: dict,
    defects: dict,
    outcome: dict,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``participants.tsv`` and the latent truth, a row per participant."""
    return draw_cohort(
        participants,
        study=study,
        seed=seed,
        covariates=covariates,
        marrow=marrow,
        fractures=fractures,
        defects=defects,
        outcome=outcome,
    )
