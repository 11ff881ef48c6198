"""What a quantity of the estimates is, told by its word."""


def is_ratio(quantity: str) -> bool:
    """Return whether a quantity is a ratio: 1 is no difference, its axis is logarithmic, its SE that of the logarithm.

    Examples
    --------
    >>> is_ratio("hazard_ratio"), is_ratio("likelihood_ratio_positive"), is_ratio("likelihood_ratio_test")
    (True, True, False)
    """
    words = str(quantity).split("_")
    return bool({"ratio", "ratios"} & set(words)) and words[-1] != "test"


def is_share(quantity: str) -> bool:
    """Return whether a quantity lies between 0 and 1.

    Examples
    --------
    >>> is_share("survival"), is_share("competing_incidence"), is_share("survival_difference")
    (True, True, False)
    """
    return quantity.removesuffix("_corrected") in SHARES


def no_effect(quantity: str) -> float:
    """Return the value of a quantity that means nothing was found: 1 of ratios, 0.5 of areas under curves, else 0.

    Examples
    --------
    >>> no_effect("odds_ratio"), no_effect("auc"), no_effect("adjusted_difference")
    (1.0, 0.5, 0.0)
    """
    return 1.0 if is_ratio(quantity) else 0.5 if quantity.removesuffix("_corrected") in AREAS else 0.0


AREAS = ("auc", "time_auc", "concordance", "c_statistic")

SHARES = frozenset(
    {
        *("survival", "incidence", "competing_incidence", "one_minus_km"),
        *("risk", "subgroup_risk", "proportion", "event_share", "prevalence"),
        *AREAS,
        "partial_auc",
        *("sensitivity", "specificity", "ppv", "npv", "ppv_at_prevalence", "npv_at_prevalence", "accuracy"),
    }
)
