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


SHARES = frozenset(
    {
        *("survival", "incidence", "competing_incidence", "one_minus_km"),
        *("risk", "subgroup_risk", "proportion", "event_share", "prevalence"),
        *("auc", "time_auc", "partial_auc", "concordance", "c_statistic"),
        *("sensitivity", "specificity", "ppv", "npv", "ppv_at_prevalence", "npv_at_prevalence", "accuracy"),
    }
)
