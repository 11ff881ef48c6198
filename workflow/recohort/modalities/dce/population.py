"""The participants of the synthetic cohort with spinal metastases, and what only the generator knows of them."""

import pandas as pd

from recohort.synthetic.dce.cohort import draw_cohort


def draw(
    participants: list[str], *, study: str, seed: int, groups: dict, covariates: dict, kinetics: dict
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``participants.tsv`` and the latent truth, a row per participant."""
    return draw_cohort(participants, study=study, seed=seed, groups=groups, covariates=covariates, kinetics=kinetics)
