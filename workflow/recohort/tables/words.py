"""Labels and standing phrases that tables, figures and pages share."""

import re
from collections.abc import Iterable, Mapping

import pandas as pd

CAVEATS = {"synthetic": "Synthetic cohort", "demonstration": "Demonstration segmentation"}
"""What a study's results may rest on that is no patient's image read by a tool for patients; the gravest first."""


STATISTICS = {
    "mean_sd": "mean (SD)",
    "median_iqr": "median [IQR]",
    "median_range": "median [range]",
    "n_percent": "n (%)",
}

QUANTITIES = {
    "adjusted_cohen_d": "Adjusted Cohen's d",
    "adjusted_r_squared": "Adjusted R²",
    "aic": "AIC",
    "auc": "AUC",
    "auc_difference": "Difference in AUC",
    "auc_equality_test": "Test of equal AUC",
    "bic": "BIC",
    "brant_test": "Brant's test",
    "brier": "Brier score",
    "brier_scaled": "Scaled Brier score",
    "c_statistic": "C statistic",
    "calibration_in_the_large": "Calibration-in-the-large",
    "cohen_d": "Cohen's d",
    "cramers_v": "Cramér's V",
    "e_value": "E-value",
    "e_value_limit": "E-value of the limit",
    "fmi": "Fraction of missing information",
    "gray_test": "Gray's test",
    "gray_test_competing": "Gray's test, competing event",
    "hedges_g": "Hedges' g",
    "icc": "Intraclass correlation",
    "icc_agreement": "Intraclass correlation, agreement",
    "icc_consistency": "Intraclass correlation, consistency",
    "johnson_neyman": "Johnson-Neyman point",
    "kappa": "Cohen's kappa",
    "likelihood_ratio_negative": "Negative likelihood ratio",
    "likelihood_ratio_positive": "Positive likelihood ratio",
    "likelihood_ratio_test": "Likelihood-ratio test",
    "log_likelihood": "Log-likelihood",
    "log_rank": "Log-rank test",
    "log_rank_pair": "Log-rank test of two groups",
    "log_rank_pair_adjusted": "Log-rank test of two groups, adjusted",
    "log_rank_trend": "Log-rank test for trend",
    "mcnemar_test": "McNemar's test",
    "nonlinearity_test": "Test of non-linearity",
    "npv": "Negative predictive value",
    "npv_at_prevalence": "Negative predictive value at the prevalence",
    "observed_expected": "Observed over expected events",
    "odds_ratio_at": "Odds ratio at a value",
    "one_minus_km": "1 − Kaplan-Meier",
    "p_adjusted": "Adjusted p",
    "p_unadjusted": "Unadjusted p",
    "pairwise_p_adjusted": "Adjusted p of two groups",
    "partial_r_squared": "Partial R²",
    "ph_test": "Test of proportional hazards",
    "ppv": "Positive predictive value",
    "ppv_at_prevalence": "Positive predictive value at the prevalence",
    "q1": "First quartile",
    "q3": "Third quartile",
    "r_squared": "R²",
    "ratio_of_hazard_ratios": "Ratio of hazard ratios",
    "ratio_of_odds_ratios": "Ratio of odds ratios",
    "reri": "Relative excess risk due to interaction",
    "residual_df": "Residual df",
    "residual_sd": "Residual SD",
    "risk_difference": "Difference in risk",
    "rmst": "Restricted mean survival time",
    "rmst_difference": "Difference in restricted mean survival time",
    "rmst_ratio": "Ratio of restricted mean survival times",
    "rmtl_ratio": "Ratio of restricted mean times lost",
    "sd": "SD",
    "spiegelhalter_test": "Spiegelhalter's test",
    "subdistribution_hazard_ratio": "Subdistribution hazard ratio",
    "subgroup_hazard_ratio": "Hazard ratio in the subgroup",
    "subgroup_odds_ratio": "Odds ratio in the subgroup",
    "survival_difference": "Difference in survival",
    "time_auc": "AUC at a time",
    "time_auc_difference": "Difference in AUC at a time",
    "youden": "Youden's index",
}
"""What quantities are called whose word, its underscores as blanks, would not do."""

METHODS = {
    "bonferroni": "Bonferroni",
    "holm": "Holm",
    "bh": "Benjamini-Hochberg",
    "youden": "Youden's index",
    "fixed": "fixed in advance",
}


def titled(title: str, *, caveats: Iterable[str]) -> str:
    """Return a title that says aloud what it rests on; what it says already is not said twice.

    Examples
    --------
    >>> titled("Table 1. Patients", caveats=["synthetic", "demonstration"])
    'Table 1. Patients (synthetic cohort, demonstration segmentation)'
    """
    said = [CAVEATS[word].lower() for word in caveats if CAVEATS[word].lower() not in title]
    return f"{title} ({', '.join(said)})" if said else title


def label_of(name: str, columns: Mapping[str, dict]) -> str:
    """Return the declared label of a column, else its name as words; of a product ``a:b`` both.

    Examples
    --------
    >>> label_of("prior_haemorrhage", {}), label_of("age", {"age": {"label": "Age at entry"}}), label_of("age:sex", {})
    ('Prior haemorrhage', 'Age at entry', 'Age × Sex')
    """
    texts = [columns.get(part, {}).get("label") or part.replace("_", " ") for part in str(name).split(":")]
    return " × ".join(text[:1].upper() + text[1:] for text in texts)


def unit_of(name: str, columns: Mapping[str, dict]) -> str:
    """Return the declared unit of a column; empty where it has none."""
    return columns.get(name, {}).get("unit") or ""


def labelled(name: str, columns: Mapping[str, dict]) -> str:
    """Return label and unit of a column: ``Age (years)``."""
    unit = unit_of(name, columns)
    return f"{label_of(name, columns)} ({unit})" if unit else label_of(name, columns)


def level_of(level: object) -> str:
    """Return how a level of a category is called.

    Examples
    --------
    >>> level_of("haemorrhage_free")
    'Haemorrhage free'
    """
    text = key_of(level).replace("_", " ")
    return text[:1].upper() + text[1:]


def quantity_of(quantity: str) -> str:
    """Return how a quantity of the estimates is called.

    Examples
    --------
    >>> quantity_of("rmst"), quantity_of("odds_ratio")
    ('Restricted mean survival time', 'Odds ratio')
    """
    return QUANTITIES.get(quantity) or str(quantity).replace("_", " ").capitalize()


def with_interval(text: str, level: float | None) -> str:
    """Return the heading of an estimate that stands with its confidence interval.

    Parameters
    ----------
    text : str
        What the estimate is.
    level : float or None
        Of the intervals; None where the models have no level of their own.

    Examples
    --------
    >>> with_interval("Hazard ratio", 0.95), with_interval("AUC", 0.975)
    ('Hazard ratio (95 % CI)', 'AUC (97.5 % CI)')
    """
    return f"{text} ({'' if level is None else f'{100 * level:g} % '}CI)"


def key_of(level: object) -> str:
    """Return a level as text, a whole number without its ``.0``: the form in which levels are compared."""
    return str(int(level)) if isinstance(level, float) and level.is_integer() else str(level)


def warnings_of(frames: Mapping[str, object]) -> dict[str, str]:
    """Return ``message -> code`` of every ``*.warnings`` frame, in the order of the frames, each message once."""
    listed = [frame for name, frame in frames.items() if name.endswith(".warnings")]
    rows = pd.concat(listed) if listed else pd.DataFrame({"code": [], "message": []})
    return dict(zip(rows["message"], rows["code"], strict=True))


def spoken(frames: Mapping[str, object], columns: Mapping[str, dict]) -> dict[str, object]:
    """Return results whose warnings call columns by their labels, in quotes; a name that is a plain word stays.

    Examples
    --------
    >>> said = pd.DataFrame({"code": ["x"], "message": ["lesion_iqr of 'lesion_iqr', lesion_iqr.tsv of age"]})
    >>> found = spoken({"a.warnings": said}, {"lesion_iqr": {"label": "IQR"}, "age": {"label": "Age"}})
    >>> found["a.warnings"]["message"][0]
    "'IQR' of 'IQR', lesion_iqr.tsv of age"
    """
    names = sorted((name for name in columns if "_" in name), key=len, reverse=True)
    if not names:
        return dict(frames)
    pattern = re.compile(rf"(?<![\w./'])('?)({'|'.join(map(re.escape, names))})\1(?![\w/']|\.\w)")
    return {
        name: frame.assign(
            message=[pattern.sub(lambda found: f"'{label_of(found[2], columns)}'", text) for text in frame["message"]]
        )
        if name.endswith(".warnings")
        else frame
        for name, frame in frames.items()
    }


def method_of(method: str | None) -> str:
    """Return how a method is called in print.

    Examples
    --------
    >>> method_of("youden, at or above is positive")
    "Youden's index, at or above is positive"
    """
    name, comma, rest = str(method).partition(",")
    return METHODS.get(name, name) + comma + rest
