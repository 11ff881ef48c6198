"""R run anew: the committed reference values are what R gives."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
@pytest.mark.parametrize("name", ["survival", "roc", "groups"])
def test_reference_values_are_those_of_r(name, tmp_path):
    inputs = tmp_path / "inputs"
    subprocess.run([sys.executable, HERE / "inputs.py", inputs], check=True)
    subprocess.run(["Rscript", HERE / "R" / f"{name}.R", inputs, tmp_path], check=True)
    ours, theirs = (pd.read_csv(folder / f"{name}.csv", float_precision="round_trip") for folder in (HERE, tmp_path))
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9)
