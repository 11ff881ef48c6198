"""R run anew: the committed values are what R gives. `make parity` installs the packages that the scripts load."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("R/*.R"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    subprocess.run([sys.executable, HERE / "inputs.py", folder], check=True)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_reference_values_are_those_of_r(script, inputs, tmp_path):
    needed = re.findall(r"library\((\w+)\)", script.read_text())
    asked = "; ".join(f"if (!requireNamespace('{name}', quietly = TRUE)) quit(status = 3)" for name in needed)
    if asked and subprocess.run(["Rscript", "-e", asked]).returncode == 3:
        pytest.skip(f"R lacks one of {', '.join(needed)}; make parity installs them")
    subprocess.run(["Rscript", script, inputs, tmp_path], check=True)
    name = f"{script.stem}.csv"
    ours, theirs = (pd.read_csv(folder / name, float_precision="round_trip") for folder in (HERE, tmp_path))
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9)


def test_every_script_has_its_values_and_every_value_its_script():
    assert {path.stem for path in SCRIPTS} == {path.stem for path in HERE.glob("*.csv")}
