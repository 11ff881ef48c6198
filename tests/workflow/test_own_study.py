"""The walk-through of docs/own_study.md, typed as it stands there."""

import html
import re
import shutil
from pathlib import Path

import lifelines
import pandas as pd
import pytest
import yaml
from workdir import REPOSITORY, Workdir

PAGE = (REPOSITORY / "docs" / "own_study.md").read_text()

pytestmark = pytest.mark.slow


def test_a_csv_and_the_yaml_of_the_page_are_a_study(tmp_path):
    text = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.S)[1]
    assert len(text.splitlines()) <= 50
    run = Workdir(tmp_path / "copy")
    run.configure(yaml.safe_load(text), name="lung")
    (run.folder / "config" / "studies" / "lung.yaml").write_text(text)
    (run.folder / "data" / "mine").mkdir(parents=True)
    shutil.copy(Path(lifelines.__file__).parent / "datasets" / "lung.csv", run.folder / "data" / "mine")
    run.run("lung")
    results = run.folder / "results" / "lung"
    study = yaml.safe_load(text)
    assert {path.stem for path in (results / "tables").glob("*.csv")} == set(study["tables"])
    assert {path.stem for path in (results / "figures").glob("*.pdf")} == set(study["figures"])
    page = html.unescape((results / "report" / "index.html").read_text())
    label = study["data"]["columns"]["weight_loss"].get("label", "Weight loss")
    assert f"14 of 226 rows are left out because a value is missing ('{label}' 14)" in page
    assert "no analysed row has the level 3" in page
    cox = pd.read_csv(results / "models" / "cox" / "score.tsv", sep="\t")
    assert cox["n"].iloc[0] == 226


def test_every_kind_that_the_page_names_exists():
    kinds = {path.name.partition(".")[0] for path in (REPOSITORY / "workflow" / "schemas" / "models").glob("*.yaml")}
    named = set(re.findall(r"`([a-z_]+)`", PAGE.partition("## What else")[2]))
    assert kinds - {"cox", "strata", "baseline_tests", "kaplan_meier"} <= named
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (REPOSITORY / "docs" / link).exists(), link


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("lung.csv", "lungs.csv"), "study lung: data.table: data/mine/lungs.csv: there is no such file"),
        (
            ("from: wt.loss", "from: weight"),
            "study lung: data.table: data/mine/lung.csv: column 'weight' is not in the table",
        ),
    ],
)
def test_a_table_that_is_not_there_or_lacks_a_column_is_said_before_any_work(tmp_path, change, sentence):
    text = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.S)[1].replace(*change)
    run = Workdir(tmp_path / "copy")
    run.configure(yaml.safe_load(text), name="lung")
    (run.folder / "data" / "mine").mkdir(parents=True)
    shutil.copy(Path(lifelines.__file__).parent / "datasets" / "lung.csv", run.folder / "data" / "mine")
    done = run.run("--dry-run", "lung", check=False)
    assert done.returncode == 1
    assert sentence in done.stderr
