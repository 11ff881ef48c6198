"""A change reruns what depends on it and nothing else; nothing stale survives."""

import os
import signal
import subprocess
import time

import pytest
from workdir import STUDY, Workdir, small_study

from recohort.core.batches import divide

pytestmark = pytest.mark.slow
BATCHES = len(divide([f"sub-{number:03d}" for number in range(1, 49)], 12))
COLLECTING = {"build_report", "build_index", "build_overview", "compare_published", "record_provenance"}


@pytest.fixture
def run(finished, tmp_path):
    return finished.copy(tmp_path / "copy")


def test_a_second_run_does_nothing(run):
    assert run.scheduled() == {}


def test_one_covariate_reruns_one_model_and_what_follows(run):
    study = small_study()
    study["models"]["cox"]["haemorrhage_iqr"]["covariates"] = ["age", "sex", "lesion_volume"]
    run.configure(study)
    rules = run.scheduled()
    assert rules.pop("fit_model") == 2, "the model and the family it is a member of"
    assert rules.pop("make_table") == 1
    assert rules.pop("draw_figure") == 1
    assert set(rules) <= COLLECTING


def test_a_title_reruns_one_table(run):
    study = small_study()
    study["tables"]["table4_roc"]["title"] = "Table 4. Another title"
    run.configure(study)
    assert run.scheduled() == dict.fromkeys(
        ["make_table", "build_report", "build_index", "build_overview", "record_provenance"], 1
    )


def test_a_reconstruction_setting_reruns_images_not_the_simulation(run):
    study = small_study()
    study["images"]["inversion"]["threshold"] = 0.15
    run.configure(study)
    rules = run.scheduled()
    assert rules["process_images"] == len(
        list((run.folder / "results" / STUDY / "images" / "batches").glob("*.status.tsv"))
    )
    assert not {"simulate_images", "build_anatomy", "draw_cohort"} & set(rules)


def test_a_planted_effect_reruns_no_image(run):
    run.configure(small_study(data={"synthetic": {"outcome": {"log_hazard_ratio_per_sd": 0.5}}}))
    rules = run.scheduled()
    assert {"draw_cohort", "assemble_cohort", "fit_model"} <= set(rules)
    assert not {"simulate_images", "process_images", "measure_images"} & set(rules)


def edit(workdir, module):
    path = workdir.root / "workflow" / "recohort" / module
    path.write_text(path.read_text() + "\n# edited\n")


@pytest.mark.parametrize(
    ("module", "runs", "rests"),
    [
        ("images/qsm/inversion.py", {"process_images": BATCHES}, {"simulate_images", "draw_cohort", "build_anatomy"}),
        ("metrics/lesion.py", {"measure_images": BATCHES}, {"process_images", "simulate_images"}),
        ("cohort/matching.py", {"match_cohort": 1}, {"assemble_cohort", "select_eligible", "measure_images"}),
        ("models/kaplan_meier.py", {"fit_model": 2}, {"match_cohort"}),
        ("tables/roc.py", {"make_table": 1}, {"fit_model", "draw_figure"}),
        ("figures/love.py", {"draw_figure": 1}, {"fit_model", "make_table"}),
    ],
)
def test_an_edited_module_reruns_its_stage(run, module, runs, rests):
    edit(run, module)
    rules = run.scheduled()
    assert not rests & set(rules)
    assert {rule: rules.get(rule) for rule in runs} == runs


@pytest.mark.parametrize("harm", ["deleted", "altered"])
def test_a_map_lost_or_altered_is_made_again(run, finished, harm):
    chimap = run.folder / "results" / STUDY / "images" / "sub-007" / "anat" / "sub-007_Chimap.nii.gz"
    if harm == "deleted":
        chimap.unlink()
    else:
        chimap.write_bytes(chimap.read_bytes()[:-1] + b"x")
    said = run.run().stderr
    assert "sub-007_Chimap.nii.gz" in said
    assert run.results() == finished.results()


def test_a_subject_added_processes_its_own_batch(run):
    before = {path.name: path.stat().st_mtime_ns for path in (run.folder / "results" / STUDY / "images").glob("sub-*")}
    run.configure(small_study(data={"synthetic": {"n_subjects": 49}}))
    run.run()
    images = run.folder / "results" / STUDY / "images"
    made = {path.name for path in images.glob("sub-*") if before.get(path.name) != path.stat().st_mtime_ns}
    earlier, now = (divide([f"sub-{number:03d}" for number in range(1, n + 1)], 12) for n in (48, 49))
    regrouped = {member for batch, members in now.items() if earlier.get(batch) != members for member in members}
    assert made == regrouped, "the newcomer's batch, both halves where it outgrew its size, and nobody else"
    assert "sub-049" in made
    assert len(made) <= 13


def test_with_batches_of_one_a_changed_subject_is_the_only_one_processed(finished, tmp_path):
    run = real_data(finished, tmp_path, batch_size=1)
    run.run()
    raw = run.folder / "data" / STUDY / "sub-003" / "anat" / "sub-003_echo-1_part-mag_MEGRE.nii.gz"
    other = run.folder / "data" / STUDY / "sub-004" / "anat" / "sub-004_echo-1_part-mag_MEGRE.nii.gz"
    raw.write_bytes(other.read_bytes())
    assert run.scheduled()["process_images"] == 1


def test_a_removed_subject_leaves_no_map(finished, tmp_path):
    run = real_data(finished, tmp_path, batch_size=1)
    run.run()
    table = run.folder / "data" / STUDY / "participants.tsv"
    table.write_text("".join(line for line in table.read_text().splitlines(True) if not line.startswith("sub-003\t")))
    run.run()
    assert not (run.folder / "results" / STUDY / "images" / "sub-003").exists()
    assert "sub-003" not in (run.folder / "results" / STUDY / "cohort" / "assembled.tsv").read_text()


def real_data(finished, tmp_path, **images):
    """The synthetic dataset put where real data goes; no result may call it synthetic."""
    run = Workdir(tmp_path / "real")
    source = finished.folder / "results" / STUDY / "synthetic"
    target = run.folder / "data" / STUDY
    target.mkdir(parents=True)
    for name in (
        "participants.tsv",
        "dataset_description.json",
        "derivatives",
        *(f"sub-{n:03d}" for n in range(1, 49)),
    ):
        subprocess.run(["cp", "-r", source / name, target / name], check=True)
    study = small_study(images=images)
    run.configure(study)
    return run


def test_real_data_in_the_same_place_is_not_called_synthetic(finished, tmp_path):
    run = real_data(finished, tmp_path)
    run.run()
    page = (run.folder / "results" / STUDY / "report" / "index.html").read_text()
    assert "ynthetic cohort" not in page
    assert not (run.folder / "results" / STUDY / "synthetic").exists()
    same = "metrics/metrics.tsv"
    assert run.results()[f"{STUDY}/{same}"] == finished.results()[f"{STUDY}/{same}"]


def test_a_result_that_is_no_longer_declared_is_removed(run):
    study = small_study()
    del study["figures"]["figure_s1_love"]
    study["report"]["order"].remove("figure_s1_love")
    run.configure(study)
    said = run.run().stderr
    assert "removed, no longer declared: results/cavernoma_qsm/figures/figure_s1_love.pdf" in said
    assert not list((run.folder / "results" / STUDY / "figures").glob("figure_s1_love.*"))
    assert "figure_s1_love" not in (run.folder / "results" / STUDY / "report" / "index.html").read_text()


def test_two_fresh_runs_give_the_same_bytes(finished, tmp_path):
    again = Workdir(tmp_path / "elsewhere")
    again.configure(small_study())
    again.run()
    assert again.results() == finished.results()


@pytest.mark.parametrize("moment", [6.0, 14.0])
def test_a_killed_run_resumes_to_the_same_bytes(finished, tmp_path, moment):
    run = Workdir(tmp_path / "killed")
    run.configure(small_study())
    process = subprocess.Popen(run.command(), cwd=run.folder, stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(run.results()) < len(finished.results()), "killed before it was done"
    run.run()
    assert run.results() == finished.results()


def test_two_runs_at_once_are_refused_in_one_sentence(run):
    import fcntl

    with open(run.folder / "results" / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run.run(check=False)
    assert done.returncode != 0
    assert "another run is working here" in done.stderr
