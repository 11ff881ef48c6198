"""Results as the cohort and models stages write them, made up: 155 patients, 86 of them matched."""

import numpy as np
import pandas as pd

COLUMNS = {
    "age": {"type": "number", "unit": "years", "label": "Age"},
    "sex": {"type": "category", "levels": ["female", "male"], "label": "Sex"},
    "prior_haemorrhage": {"type": "boolean", "label": "Prior haemorrhage"},
    "haemorrhage": {"type": "boolean", "label": "Haemorrhage"},
    "time": {"type": "number", "unit": "months", "label": "Follow-up"},
    "lesion_mean": {"type": "number", "unit": "ppm", "label": "Lesion mean susceptibility"},
    "lesion_median": {"type": "number", "unit": "ppm", "label": "Lesion median susceptibility"},
    "lesion_iqr": {"type": "number", "unit": "ppm", "label": "Lesion susceptibility IQR"},
    "lesion_maximum": {"type": "number", "unit": "ppm", "label": "Lesion maximum susceptibility"},
    "lesion_volume": {"type": "number", "unit": "mL", "label": "Lesion volume"},
}
METRICS = ("mean", "median", "iqr", "maximum")
OUTCOME_MATCHED = (
    "matched_on_outcome",
    "Patients were matched on the outcome: absolute risks are not those of a clinic.",
)


def estimate(term, quantity, scale="", value=None, low=None, high=None, **more):
    row = {"term": term, "quantity": quantity, "scale": scale, "estimate": value, "conf_low": low, "conf_high": high}
    return {**dict.fromkeys(("std_error", "statistic", "df", "p_value", "n", "n_events", "method")), **row, **more}


def warnings(*rows):
    return pd.DataFrame(rows, columns=["code", "message"])


def cohort(n=155, n_events=40):
    rng = np.random.default_rng(7)
    event = np.zeros(n, dtype=int)
    event[:n_events] = 1
    median = rng.normal(0.45, 0.185, n) + 0.12 * event
    frame = pd.DataFrame(
        {
            "participant_id": [f"sub-{number:03d}" for number in range(1, n + 1)],
            "age": rng.normal(42, 12, n).round(1),
            "sex": rng.choice(["female", "male"], n),
            "prior_haemorrhage": rng.integers(0, 2, n),
            "haemorrhage": event,
            "time": np.where(event, rng.uniform(1, 28, n), rng.uniform(8, 38, n)).round(1),
            "lesion_mean": median + rng.normal(0, 0.03, n),
            "lesion_median": median,
            "lesion_iqr": np.abs(rng.normal(0.4, 0.22, n)) + 0.1 * event,
            "lesion_maximum": median + np.abs(rng.normal(0.8, 0.3, n)),
            "lesion_volume": rng.lognormal(-0.2, 0.8, n),
        }
    )
    frame.loc[3, "age"] = np.nan
    return frame


def matched(eligible):
    kept = pd.concat([eligible[eligible["haemorrhage"] == 1].head(30), eligible[eligible["haemorrhage"] == 0].head(56)])
    return kept.assign(distance=0.3, subclass=1, weight=1.0, sampling_weight=1.0)


def balance(*others):
    rows = []
    for sample, factor, sizes in (("all", 1.0, (40, 115)), ("matched", 0.22, (30, 56)), *others):
        for covariate, level, smd in (
            ("age", None, -0.31),
            ("sex", "female", 0.18),
            ("sex", "male", -0.18),
            ("prior_haemorrhage", None, 0.42),
            ("lesion_volume", None, 0.27),
            ("distance", None, 0.61),
        ):
            known = dict(zip(("n_treated", "n_control"), sizes, strict=True))
            if covariate == "age":
                known["n_treated"] -= 1
            row = {"sample": sample, "covariate": covariate, "level": level, **known}
            rows.append({**row, "smd_pooled": factor * smd, "smd_treated": 0.9 * factor * smd})
    return pd.DataFrame(rows)


def weighted(eligible):
    sizes = np.linspace(0.4, 2.6, len(eligible))
    return eligible.assign(distance=0.3, subclass=np.nan, weight=sizes, sampling_weight=np.nan)


def baseline_tests(patients):
    rows = []
    for term, method, p in (
        ("age", "Welch's t", 0.04),
        ("sex", "Pearson's chi-squared, Yates's correction", 0.3),
        ("lesion_volume", "Mann-Whitney, normal with continuity correction", 0.0004),
    ):
        n = int(patients[term].notna().sum())
        rows.append(estimate(term, "difference", "1 against 0", p_value=p, n=n, method=method))
    return pd.DataFrame(rows)


def flow():
    steps = [
        ("assembled", "Assembled", 168, 0, []),
        (
            "images",
            "Usable susceptibility map",
            168,
            8,
            [("susceptibility map not readable", 3), ("no lesion mask", 5)],
        ),
        ("eligible", "Eligible", 160, 5, [("lost to follow-up before the first visit", 4), ("prior radiosurgery", 1)]),
        ("matched", "Matched", 155, 69, [("no counterpart within the caliper", 69)]),
    ]
    keys = ("name", "label", "n_in", "n_excluded", "excluded", "n_out")
    return {
        "steps": [
            dict(zip(keys, (*step[:4], [{"reason": r, "n": n} for r, n in step[4]], step[2] - step[3]), strict=True))
            for step in steps
        ],
        "groups": [{"name": "1", "label": "Haemorrhage", "n": 30}, {"name": "0", "label": "Haemorrhage-free", "n": 56}],
    }


def cox(metric, spread, ratio, low, high, p):
    term, sizes = f"lesion_{metric}", {"n": 86, "n_events": 30, "p_value": p, "method": "wald"}
    rows = [estimate(term, "coefficient", "per 1 ppm", np.log(ratio), std_error=0.98, statistic=4.1, **sizes)]
    for scale, power in (
        ("per 1 ppm", 1),
        ("per 0.1 ppm", 0.1),
        (f"per SD ({spread} ppm)", spread),
        ("per IQR (0.25 ppm)", 0.25),
    ):
        rows.append(estimate(term, "hazard_ratio", scale, *(x**power for x in (ratio, low, high)), **sizes))
    rows.append(estimate("age", "hazard_ratio", "per 1 years", 1.01, 0.98, 1.04, **{**sizes, "p_value": 0.51}))
    rows.append(estimate(term, "ph_test", "", statistic=0.8, df=1, p_value=0.37))
    return pd.DataFrame(rows)


def roc(curve, metric, auc, low, high):
    best = curve.loc[(curve["sensitivity"] + curve["specificity"]).idxmax()]
    sensitivity, specificity = best["sensitivity"], best["specificity"]
    sizes = {"n": 86, "n_events": 30}
    return pd.DataFrame(
        [
            estimate(f"lesion_{metric}", "auc", "", auc, low, high, method="DeLong", **sizes),
            estimate(
                f"lesion_{metric}",
                "threshold",
                "ppm",
                best["threshold"],
                0.40,
                0.62,
                method="youden, at or above is positive",
                **sizes,
            ),
            estimate(
                f"lesion_{metric}",
                "sensitivity",
                "",
                sensitivity,
                sensitivity - 0.17,
                sensitivity + 0.13,
                method="Wilson",
                **sizes,
            ),
            estimate(
                f"lesion_{metric}",
                "specificity",
                "",
                specificity,
                specificity - 0.13,
                specificity + 0.11,
                method="Wilson",
                **sizes,
            ),
            estimate(f"lesion_{metric}", "sensitivity_corrected", "", 0.66),
            estimate(f"lesion_{metric}", "specificity_corrected", "", 0.69),
        ]
    )


def roc_curve(patients, metric):
    values, positive = patients[f"lesion_{metric}"], patients["haemorrhage"] == 1
    cuts = [np.inf, *sorted(values, reverse=True)]
    return pd.DataFrame(
        {
            "threshold": cuts,
            "sensitivity": [(values[positive] >= cut).mean() for cut in cuts],
            "specificity": [(values[~positive] < cut).mean() for cut in cuts],
        }
    )


def survival_curve(patients):
    third = pd.qcut(patients["lesion_median"], 3, labels=["low", "intermediate", "high"])
    pieces = []
    for level in ("low", "intermediate", "high"):
        of = patients[third == level].sort_values("time")
        times = np.array(sorted(of["time"].unique()))
        at_risk = np.array([(of["time"] >= t).sum() for t in times])
        events = np.array([((of["time"] == t) & (of["haemorrhage"] == 1)).sum() for t in times])
        censored = np.array([((of["time"] == t) & (of["haemorrhage"] == 0)).sum() for t in times])
        survival = np.cumprod(1 - events / at_risk)
        half = 1.4 * np.sqrt(survival * (1 - survival) / at_risk[0])
        pieces.append(
            pd.DataFrame(
                {
                    "stratum": level,
                    "time": times,
                    "n_risk": at_risk,
                    "n_event": events,
                    "n_censor": censored,
                    "survival": survival,
                    "conf_low": np.clip(survival - half, 0, 1),
                    "conf_high": np.clip(survival + half, 0, 1),
                }
            )
        )
    return pd.concat(pieces, ignore_index=True)


def survival(shares):
    sizes = {"low": (30, 5, 11), "intermediate": (42, 16, 13), "high": (14, 9, 3)}
    rows = [estimate("strata", "log_rank", "", statistic=13.2, df=2, p_value=0.0013, n=86, n_events=30)]
    for level, share in shares.items():
        n, events, at_risk = sizes[level]
        rows.append(estimate(level, "survival", "24 months", share, share - 0.12, share + 0.08, n=n, n_events=events))
        rows.append(estimate(level, "at_risk", "24 months", at_risk, n=n, n_events=events))
    return pd.DataFrame(rows)


def frames():
    """Return every result by the name that `sources` gives it."""
    eligible = cohort()
    sample = matched(eligible)
    made = {
        "cohort/assembled": eligible,
        "cohort/eligible": eligible,
        "cohort/matched": sample,
        "cohort/matched.warnings": warnings(OUTCOME_MATCHED),
        "cohort/weighted": weighted(eligible),
        "cohort/balance": balance(),
        "cohort/flow": flow(),
        "models/kaplan_meier/strata": survival({"low": 0.833, "intermediate": 0.628, "high": 0.357}),
        "models/kaplan_meier/strata.curve": survival_curve(sample),
        "models/kaplan_meier/strata.warnings": warnings(),
        "models/kaplan_meier/strata_weighted": survival({"low": 0.911, "intermediate": 0.783, "high": 0.542}),
        "models/kaplan_meier/strata_weighted.warnings": warnings(
            ("few_at_risk", "At 24 months 3 patients are at risk.")
        ),
        "synthetic/truth": eligible[["participant_id"]].assign(
            chi=eligible["lesion_median"] * 1.06 + 0.02 * np.sin(np.arange(155))
        ),
    }
    for metric, spread, *numbers in (
        ("mean", 0.190, 41.2, 6.0, 283.0, 1.5e-4),
        ("median", 0.185, 58.896, 8.544, 405.989, 3.5e-5),
        ("iqr", 0.226, 29.754, 6.101, 145.119, 2.7e-5),
        ("maximum", 0.310, 2.9, 1.1, 7.6, 0.0312),
    ):
        made[f"models/cox/{metric}"] = cox(metric, spread, *numbers)
        made[f"models/cox/{metric}.warnings"] = warnings(("few_events", "Six events per coefficient."))
    family = [
        estimate(name, "p_adjusted", p_value=p, method="bonferroni")
        for name, p in zip(METRICS, (6e-4, 1.4e-4, 1.1e-4, 0.125), strict=True)
    ]
    made["models/family/metrics"] = pd.DataFrame(family)
    for name, patients in (("eligible", eligible), ("matched", sample)):
        made[f"models/baseline_tests/{name}"] = baseline_tests(patients)
        made[f"models/baseline_tests/{name}.warnings"] = warnings()
    made["models/family/metrics.warnings"] = warnings()
    levels = [("intermediate", 2.9, 1.06, 7.9, 0.038), ("high", 7.7, 2.5, 23.6, 3.6e-4)]
    made["models/cox/strata"] = pd.DataFrame(
        [
            estimate("strata", "hazard_ratio", f"{level} against low", *numbers, p_value=p, n=86, n_events=30)
            for level, *numbers, p in levels
        ]
    )
    made["models/cox/strata.warnings"] = warnings()
    tests = [
        estimate(f"lesion_{metric}", "difference", p_value=0.002, method="Mann-Whitney, exact") for metric in METRICS
    ]
    made["models/groups/metrics"] = pd.DataFrame(tests)
    made["models/groups/metrics.warnings"] = warnings()
    for metric, *numbers in (("median", 0.759, 0.646, 0.872), ("iqr", 0.740, 0.624, 0.856)):
        made[f"models/roc/{metric}.curve"] = roc_curve(sample, metric)
        made[f"models/roc/{metric}"] = roc(made[f"models/roc/{metric}.curve"], metric, *numbers)
        made[f"models/roc/{metric}.warnings"] = warnings(
            ("optimism", "The threshold was chosen and tested on the same patients.")
        )
    return made


def images(n=64):
    """Return a susceptibility map with one bright lesion, its mask and a magnitude, voxels 1 x 1 x 2 mm."""
    grid = np.stack(np.meshgrid(*(np.arange(n),) * 2, np.arange(n // 2), indexing="ij"))
    place = np.array([30, 26, 14])[:, None, None, None]
    size = np.array([1, 1, 2])[:, None, None, None]
    distance = np.sqrt((((grid - place) * size) ** 2).sum(axis=0))
    rng = np.random.default_rng(3)
    mask = (distance < 7).astype(np.float32)
    noise = rng.normal(0, 0.03, mask.shape)
    affine = np.diag([-1.0, 1.0, 2.0, 1.0])
    return {
        "chimap": (0.6 * mask + noise, affine),
        "mask": (mask, affine),
        "magnitude": (100 - 60 * mask + 200 * noise, affine),
    }
