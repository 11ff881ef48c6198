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


def export(folder: Path) -> None:
    """Write every table as CSV, empty cells for missing values."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, load in INPUTS.items():
        load().to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    export(Path(sys.argv[1]))
