"""The tables that the R scripts read: real data from lifelines (MIT), and a small one by formula."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

LIFELINES = Path(find_spec("lifelines").origin).parent / "datasets"


def rossi() -> pd.DataFrame:
    """Recidivism of 432 released prisoners (Rossi 1980); many tied weeks."""
    return pd.read_csv(LIFELINES / "rossi.csv")


def lung() -> pd.DataFrame:
    """Survival with advanced lung cancer (Loprinzi 1994), 228 rows, with missing values; status 1 is death."""
    frame = pd.read_csv(LIFELINES / "lung.csv").rename(columns={"ph.ecog": "ph_ecog"})
    return frame[["time", "status", "age", "sex", "ph_ecog"]].assign(status=frame["status"] - frame["status"].min())


def gbsg2() -> pd.DataFrame:
    """Breast cancer of 686 women (Schumacher 1994), with three-level and text columns."""
    return pd.read_csv(LIFELINES / "gbsg2.csv")


def small() -> pd.DataFrame:
    """Two groups of 20 and 25 without ties."""
    index = np.arange(1, 46)
    value = np.round(10 * np.sin(1.7 * index) + 0.07 * index + 3 * (index > 20), 6)
    return pd.DataFrame({"group": (index > 20).astype(int), "value": value})


INPUTS = {"rossi": rossi, "lung": lung, "gbsg2": gbsg2, "small": small}


def lalonde() -> pd.DataFrame:
    """Earnings of 614 men, 185 of them trained (LaLonde 1986)."""
    return pd.read_csv(Path(__file__).parents[2] / "data" / "tables" / "lalonde.csv")


def overlap() -> pd.DataFrame:
    """Two groups of 160 in all without ties, of which some have no counterpart; a site to match on."""
    index = np.arange(1, 161)
    even = [np.mod(index * step, 1) for step in (0.6180339887, 0.7548776662, 0.5698402910, 0.8191725134)]
    a, b = np.round(np.log(even[0] / (1 - even[0])), 6), np.round(4 * even[1] - 2, 6)
    treat = (even[2] < 1 / (1 + np.exp(1.0 - 0.7 * a - 0.5 * b))).astype(int)
    return pd.DataFrame({"row": index, "treat": treat, "a": a, "b": b, "site": (even[3] < 0.45).astype(int)})


def lung_missing() -> pd.DataFrame:
    """The lung data with the columns that have missing values: scores, calories, weight loss."""
    frame = pd.read_csv(LIFELINES / "lung.csv")
    frame.columns = [name.replace(".", "_") for name in frame.columns]
    kept = ["time", "status", "age", "sex", "ph_ecog", "pat_karno", "meal_cal", "wt_loss"]
    return frame[kept].assign(status=frame["status"] - frame["status"].min())


def gbsg2_missing() -> pd.DataFrame:
    """The breast cancer data with holes that depend on age and survival: a number, a yes or no, a grade."""
    frame = gbsg2()
    index = np.arange(1, len(frame) + 1)
    frame["post"] = (frame["menostat"] == "Post").astype(float)
    lean = 0.15 + 0.15 * (frame["age"] > 55) + 0.1 * (frame["time"] > 1000)
    for name, step in {"tsize": 0.6180339887, "post": 0.7548776662, "tgrade": 0.5698402910}.items():
        frame.loc[np.mod(index * step, 1) < lean, name] = None
    return frame[["time", "cens", "horTh", "age", "pnodes", "tsize", "post", "tgrade"]]


def imputations() -> pd.DataFrame:
    """Five completions of the lung data by formula: what is pooled, not how it came about."""
    frame = lung_missing()[["time", "status", "age", "sex", "ph_ecog", "wt_loss"]]
    index, parts = np.arange(1, len(frame) + 1), []
    for number in range(1, 6):
        wt = np.round(9 + 12 * np.sin(1.3 * index + number))
        ecog = np.mod(index + number, 3)
        filled = frame.assign(
            wt_loss=frame["wt_loss"].fillna(pd.Series(wt)), ph_ecog=frame["ph_ecog"].fillna(pd.Series(ecog))
        )
        parts.append(filled.assign(imputation=number))
    return pd.concat(parts, ignore_index=True)


INPUTS |= {
    "lalonde": lalonde,
    "overlap": overlap,
    "lung_missing": lung_missing,
    "gbsg2_missing": gbsg2_missing,
    "imputations": imputations,
}


def competing() -> pd.DataFrame:
    """The breast cancer data, their events divided into two kinds by formula; tied months, days without a tie."""
    frame = gbsg2()
    first = (7 * frame["time"] + frame["age"]) % 10 < 4 + 2 * (frame["pnodes"] > 3)
    return frame.assign(
        month=np.ceil(frame["time"] / 30).astype(int),
        day=frame["time"] + np.arange(1, len(frame) + 1) / 1024,
        event=frame["cens"] * first,
        competing=frame["cens"] * ~first,
        horTh=(frame["horTh"] == "yes").astype(int),
        weight=1 + (frame["age"] % 4) / 2,
    )


INPUTS["competing"] = competing


def stroke() -> pd.DataFrame:
    """By formula: 628 patients of two arms, a skewed volume (mL), a rare event that depends on both, a scale 0 to 6."""

    def uniform(state: int) -> np.ndarray:
        drawn = []
        for _ in range(628):
            state = (1103515245 * state + 12345) % 2**31
            drawn.append((state // 2**11 + 0.5) / 2**20)
        return np.array(drawn)

    def logit(share: np.ndarray) -> np.ndarray:
        return np.log(share / (1 - share))

    volume = np.round(np.minimum(np.exp(1.2 + 0.6 * logit(uniform(3))), 85), 1)
    age = np.round(np.clip(68 + 6 * logit(uniform(5)), 30, 97)).astype(int)
    aspirin, severe = (uniform(7) < 0.5).astype(int), (uniform(11) < 0.35).astype(int)
    site = (uniform(13) * 24).astype(int)
    rise = -3.6 + 0.9 * aspirin + 0.05 * volume - 0.045 * aspirin * volume + 0.5 * severe + 0.02 * (age - 68)
    latent = 0.08 * np.minimum(volume, 40) + 0.03 * (age - 68) - 0.4 * aspirin + 0.6 * severe + logit(uniform(17))
    return pd.DataFrame(
        {
            "recurrence": (logit(uniform(19)) < rise).astype(int),
            "mrs": np.searchsorted([-1.5, -0.3, 0.6, 1.4, 2.4, 3.4], latent),
            "aspirin": aspirin,
            "severe": severe,
            "volume": volume,
            "age": age,
            "region": np.array(["lobar", "deep", "brainstem"])[(uniform(23) * 3).astype(int)],
            "site": site,
            "weight": 1 + (site % 4) / 2,
        }
    )


INPUTS["stroke"] = stroke


def ratings() -> pd.DataFrame:
    """Karnofsky ratings of the lung patients by physician and by patient: coarse, many equal, some missing."""
    frame = pd.read_csv(LIFELINES / "lung.csv")
    return frame[["ph.karno", "pat.karno"]].set_axis(["physician", "patient"], axis=1)


def pairs() -> pd.DataFrame:
    """Thirty patients measured twice, without ties, the second time higher and the higher the more."""
    index = np.arange(1, 31)
    before = np.round(40 + 12 * np.sin(2.3 * index) + 0.4 * index, 5)
    after = np.round(1.06 * before + 1.2 + 4 * np.cos(3.1 * index) + 0.05 * index, 5)
    return pd.DataFrame({"before": before, "after": after})


INPUTS |= {"ratings": ratings, "pairs": pairs}


def mismeasured() -> pd.DataFrame:
    """The stroke table with a survival time, every third true volume, and six columns of normal errors."""
    from scipy.special import ndtri

    frame = stroke()
    index = np.arange(1, len(frame) + 1)
    even = [np.mod(index * step, 1) for step in (0.6180339887, 0.7548776662, 0.5698402910, 0.8191725134)]
    rate = np.exp(0.3 * np.log1p(frame["volume"]) - 0.4 * frame["aspirin"] + 0.02 * (frame["age"] - 68))
    time, end = -np.log(even[0]) / rate, 0.3 + 1.5 * even[1]
    true = np.round(np.expm1(np.log1p(frame["volume"]) * 0.9 + 0.3 * ndtri(even[2])).clip(lower=0), 2)
    errors = {
        f"e{number}": np.round(ndtri(np.mod(index * step, 1)), 6)
        for number, step in enumerate(
            (0.4142135624, 0.7320508076, 0.2360679775, 0.6457513111, 0.3166247904, 0.6055512755), 1
        )
    }
    known = {"time": np.round(np.minimum(time, end), 4), "died": (time <= end).astype(int)}
    return frame.assign(**known, true=true.where(index % 3 == 0), **errors)


INPUTS["mismeasured"] = mismeasured


def export(folder: Path) -> None:
    """Write every table as CSV, empty cells for missing values."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, load in INPUTS.items():
        load().to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    export(Path(sys.argv[1]))
