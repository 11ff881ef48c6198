"""Simulated papers, drawn with their data, analysed by scipy and statsmodels, and printed with correct rounding."""

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from recohort.core.schema import load_schema

SCHEMA = load_schema("published")
EMPTY = dict.fromkeys(SCHEMA["required"], "") | {"printed": "Table 2", "source": "A", "tolerance": "stochastic"}


class Made:
    """A simulated paper: its rows of text, and what sort of number each is."""

    def __init__(self, rng):
        self.rng, self.rows, self.sort = rng, {}, {}
        self.p_digits = int(rng.choice([2, 3]))

    def add(self, item, sort, measure, **cells):
        """Add a row."""
        cells = {key: value for key, value in cells.items() if value is not None}
        self.rows[item] = EMPTY | {"item": item, "quantity": item, "measure": measure} | cells
        self.sort[item] = sort

    def p(self, p):
        """Return the cells of a p-value, as this paper prints them."""
        least = 10**-self.p_digits
        if p < least:
            return {"p_value": "0.001" if self.p_digits == 3 else "0.01", "p_operator": "<"}
        return {"p_value": f"{p:.{self.p_digits}f}", "p_operator": "="}


def simulate(rng):
    made = Made(rng)
    n_a, n_b = (int(n) for n in rng.integers(20, 250, 2))
    n = n_a + n_b
    made.add("n", "total", "count", value=str(n), relation="sum of n_a n_b")
    made.add("n_a", "count", "count", value=str(n_a))
    made.add("n_b", "count", "count", value=str(n_b))
    shares(made, n_a, n_b)
    means(made, n_a, n_b)
    effects(made, n)
    proportions(made)
    accuracy(made)
    adjusted(made)
    return made


def shares(made, n_a, n_b):
    rng = made.rng
    decimals, with_count = int(rng.integers(0, 2)), bool(rng.integers(2))
    for name in ("female", "smoker"):
        share, found = rng.uniform(0.1, 0.9), []
        for group, size in (("a", n_a), ("b", n_b)):
            x = int(rng.binomial(size, share))
            found.append(x)
            sort = "share with count" if with_count else "share without count"
            made.add(
                f"{name}_{group}",
                sort,
                "percentage",
                value=f"{100 * x / size:.{decimals}f}",
                n=str(size),
                unit="%",
                count=str(x) if with_count else None,
                relation=f"part of n_{group}",
            )
        if with_count:
            made.add(name, "total", "count", value=str(sum(found)), relation=f"sum of {name}_a {name}_b")


def means(made, n_a, n_b):
    rng = made.rng
    equal = bool(rng.integers(2))
    ages = [rng.normal(rng.uniform(50, 70), 12, size) for size in (n_a, n_b)]
    p = stats.ttest_ind(*ages, equal_var=equal).pvalue
    for group, x in zip("ab", ages, strict=True):
        more = made.p(p) | {"relation": "t test against age_b"} if group == "a" else {}
        made.add(
            f"age_{group}",
            "mean with t test",
            "mean",
            value=f"{x.mean():.1f}",
            sd=f"{x.std(ddof=1):.1f}",
            n=str(len(x)),
            **more,
        )
    high, low = sorted("ab", key=lambda group: -ages["ab".index(group)].mean())
    if made.rows[f"age_{high}"]["value"] != made.rows[f"age_{low}"]["value"]:
        made.add(
            "age_low",
            "direction",
            "mean",
            value=made.rows[f"age_{low}"]["value"],
            relation=f"lower than age_{high}; same as age_{low}",
        )
    size = int(rng.integers(12, 60))
    score = rng.binomial(10, rng.uniform(0.2, 0.8), size)
    made.add(
        "score",
        "mean of integers",
        "mean",
        value=f"{score.mean():.2f}",
        sd=f"{score.std(ddof=1):.2f}",
        n=str(size),
        relation="integers",
    )
    before = rng.normal(3, 0.8, size)
    after = before + rng.normal(0.1, 0.4, size)
    for name, x in (("before", before), ("after", after)):
        more = (
            made.p(stats.ttest_rel(before, after).pvalue) | {"relation": "paired t test against after"}
            if name == "before"
            else {}
        )
        made.add(name, "paired means", "mean", value=f"{x.mean():.2f}", sd=f"{x.std(ddof=1):.2f}", n=str(size), **more)
    marker = rng.normal(0.5, 0.2, size)
    half = stats.sem(marker) * (stats.t.ppf(0.975, size - 1) if rng.integers(2) else 1.959964)
    made.add(
        "marker",
        "mean with interval",
        "mean",
        value=f"{marker.mean():.3f}",
        sd=f"{marker.std(ddof=1):.3f}",
        n=str(size),
        conf_low=f"{marker.mean() - half:.3f}",
        conf_high=f"{marker.mean() + half:.3f}",
    )


def effects(made, n):
    rng = made.rng
    decimals = int(rng.choice([2, 2, 3]))
    for k, measure in enumerate(("odds_ratio", "hazard_ratio", "risk_ratio", "ratio_of_odds_ratios")):
        error = rng.uniform(0.05, 0.6)
        b = rng.normal(0, 2 * error)
        low, high = b - 1.959964 * error, b + 1.959964 * error
        more = {}
        if measure == "hazard_ratio":
            made.add("b", "coefficient of a ratio", "other", value=f"{b:.3f}")
            more = {"relation": "exp of b"}
        made.add(
            f"ratio_{k}",
            "ratio",
            measure,
            value=f"{np.exp(b):.{decimals}f}",
            conf_low=f"{np.exp(low):.{decimals}f}",
            conf_high=f"{np.exp(high):.{decimals}f}",
            **made.p(2 * stats.norm.sf(abs(b / error))),
            **more,
        )
    for k in range(3):
        freedom, error = n - int(rng.integers(2, 8)), rng.uniform(0.02, 0.3)
        b = rng.normal(0, 2.5 * error)
        half = stats.t.ppf(0.975, freedom) * error
        made.add(
            f"slope_{k}",
            "slope",
            "coefficient",
            value=f"{b:.3f}",
            conf_low=f"{b - half:.3f}",
            conf_high=f"{b + half:.3f}",
            n=str(n),
            **made.p(2 * stats.t.sf(abs(b / error), freedom)),
        )
    error = rng.uniform(0.1, 0.4)
    b = rng.normal(0, 2 * error)
    made.add("beta", "coefficient with z", "coefficient", value=f"{b:.4f}")
    made.add("beta_se", "coefficient with z", "standard_error", value=f"{error:.4f}")
    made.add("beta_z", "coefficient with z", "statistic", value=f"{b / error:.3f}", relation="quotient of beta beta_se")
    made.add("beta_p", "p of z", "p", **made.p(2 * stats.norm.sf(abs(b / error))), relation="p of beta_z")


def proportions(made):
    rng = made.rng
    method = str(rng.choice(["normal", "wilson", "beta", "agresti_coull", "jeffreys"]))
    decimals = int(rng.integers(0, 2))
    for k in range(3):
        size = int(rng.integers(10, 200))
        x = int(np.clip(rng.binomial(size, rng.uniform(0.3, 0.95)), 1, size - 1))
        low, high = proportion_confint(x, size, method=method)
        made.add(
            f"proportion_{k}",
            "share with interval",
            "sensitivity",
            value=f"{100 * x / size:.{decimals}f}",
            count=str(x),
            n=str(size),
            conf_low=f"{100 * max(low, 0):.{decimals}f}",
            conf_high=f"{100 * min(high, 1):.{decimals}f}",
            unit="%",
        )


def accuracy(made):
    rng = made.rng
    ill, well = (int(k) for k in rng.integers(15, 120, 2))
    score = np.concatenate([rng.normal(rng.uniform(0.5, 2), 1, ill), rng.normal(0, 1, well)])
    area = stats.mannwhitneyu(score[:ill], score[ill:]).statistic / (ill * well)
    cuts = np.sort(score)
    sensitivity = (score[:ill, None] >= cuts).mean(axis=0)
    specificity = (score[ill:, None] < cuts).mean(axis=0)
    youden = bool(rng.integers(2))
    at = int(np.argmax(sensitivity + specificity)) if youden else int(rng.integers(len(cuts)))
    made.add(
        "sensitivity", "point of a curve", "sensitivity", value=f"{100 * sensitivity[at]:.0f}", n=str(ill), unit="%"
    )
    made.add(
        "specificity", "point of a curve", "specificity", value=f"{100 * specificity[at]:.0f}", n=str(well), unit="%"
    )
    made.add(
        "auc",
        "area",
        "auc",
        value=f"{area:.2f}",
        relation=("youden " if youden else "") + "area over sensitivity specificity",
    )


def adjusted(made):
    rng = made.rng
    k = int(rng.integers(3, 7))
    raw = rng.uniform(0.0005, 1, k) ** 2
    words, method = [("bonferroni", "bonferroni"), ("holm", "holm"), ("bh", "fdr_bh")][int(rng.integers(3))]
    after = multipletests(raw, method=method)[1]
    among = f"x {k}" if words == "bonferroni" else "among " + " ".join(f"raw_{i}" for i in range(k))
    for i in range(k):
        made.add(f"raw_{i}", "raw p", "p", p_value=f"{raw[i]:.4f}", p_operator="=")
    for i in range(k):
        made.add(
            f"adjusted_{i}",
            "adjusted p",
            "p",
            p_value=f"{after[i]:.3f}",
            p_operator="=",
            relation=f"{words} of raw_{i} {among}",
        )


def table(rng):
    """Return a two by two table, none of its cells empty."""
    while True:
        n_a, n_b = (int(n) for n in rng.integers(30, 200, 2))
        share, more = rng.uniform(0.1, 0.5), rng.uniform(0.8, 1.8)
        a, b = int(rng.binomial(n_a, min(0.9, share * more))), int(rng.binomial(n_b, share))
        if min(a, b, n_a - a, n_b - b) > 0:
            return np.array([[a, n_a - a], [b, n_b - b]])


def chi_squared(made):
    counts = table(made.rng)
    b, error = np.log(counts[0, 0] * counts[1, 1] / counts[0, 1] / counts[1, 0]), np.sqrt((1 / counts).sum())
    p = stats.chi2_contingency(counts, correction=False).pvalue
    low, high = np.exp(b - 1.959964 * error), np.exp(b + 1.959964 * error)
    made.add(
        "x", "", "odds_ratio", value=f"{np.exp(b):.2f}", conf_low=f"{low:.2f}", conf_high=f"{high:.2f}", **made.p(p)
    )


def exact(made):
    counts = table(made.rng)
    found = stats.contingency.odds_ratio(counts)
    low, high = found.confidence_interval()
    p = stats.fisher_exact(counts).pvalue
    made.add(
        "x",
        "",
        "odds_ratio",
        value=f"{found.statistic:.2f}",
        conf_low=f"{low:.2f}",
        conf_high=f"{high:.2f}",
        **made.p(p),
    )


def another_share(made):
    size = int(made.rng.integers(10, 200))
    x = int(np.clip(made.rng.binomial(size, made.rng.uniform(0.3, 0.95)), 1, size - 1))
    low, high = proportion_confint(x, size, method="binom_test")
    made.add(
        "x",
        "",
        "sensitivity",
        value=f"{100 * x / size:.0f}",
        count=str(x),
        n=str(size),
        unit="%",
        conf_low=f"{100 * low:.0f}",
        conf_high=f"{100 * high:.0f}",
    )


def rank_test(made):
    groups = [made.rng.gamma(2, scale, int(made.rng.integers(20, 100))) for scale in (1, made.rng.uniform(0.8, 1.6))]
    p = stats.mannwhitneyu(*groups).pvalue
    for item, x in zip("xy", groups, strict=True):
        more = made.p(p) | {"relation": "t test against y"} if item == "x" else {}
        made.add(item, "", "mean", value=f"{x.mean():.2f}", sd=f"{x.std(ddof=1):.2f}", n=str(len(x)), **more)


def bootstrap(made):
    x = made.rng.gamma(2, 1, int(made.rng.integers(20, 100)))
    means = made.rng.choice(x, (2000, len(x))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    made.add(
        "x",
        "",
        "mean",
        value=f"{x.mean():.2f}",
        sd=f"{x.std(ddof=1):.2f}",
        n=str(len(x)),
        conf_low=f"{low:.2f}",
        conf_high=f"{high:.2f}",
    )


OTHERWISE = {
    "odds ratio with Wald's limits, p by Pearson's chi-squared": chi_squared,
    "odds ratio with exact conditional limits, Fisher's p": exact,
    "share whose limits invert the exact binomial test": another_share,
    "two means whose p, said to be a t test's, is Mann and Whitney's": rank_test,
    "mean with bootstrap percentiles, not said so": bootstrap,
}
"""Right numbers by another method than the checks suppose."""
