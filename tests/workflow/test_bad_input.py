"""Bad input gets one clear sentence before any work where that is possible, and all findings come at once."""

import gzip
import json
import shutil

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml
from workdir import STUDY, Workdir, small_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dataset(finished, tmp_path_factory):
    """A real-looking BIDS dataset of four subjects."""
    source = finished.folder / "results" / STUDY / "synthetic"
    target = tmp_path_factory.mktemp("dataset") / STUDY
    for number in range(1, 5):
        shutil.copytree(source / f"sub-{number:03d}", target / f"sub-{number:03d}")
        masks = f"derivatives/masks/sub-{number:03d}"
        shutil.copytree(source / masks, target / masks)
    table = pd.read_csv(source / "participants.tsv", sep="\t").head(4)
    table.to_csv(target / "participants.tsv", sep="\t", index=False)
    return target


@pytest.fixture
def run(dataset, tmp_path):
    workdir = Workdir(tmp_path / "copy")
    workdir.configure(small_study(images={"on_invalid_subject": "stop", "batch_size": 2}))
    shutil.copytree(dataset, workdir.folder / "data" / STUDY)
    return workdir


def data(run):
    return run.folder / "data" / STUDY


def echo(run, number, part, subject="sub-002"):
    return data(run) / subject / "anat" / f"{subject}_echo-{number}_part-{part}_MEGRE.nii.gz"


def refused(run, *targets):
    """What is said, when nothing was made."""
    done = run.run(*targets, check=False)
    assert done.returncode != 0
    assert not list((run.folder / "results").rglob("*.nii.gz")), "stopped before any work"
    assert "Traceback" not in done.stderr
    return done.stderr


def change_table(run, change):
    path = data(run) / "participants.tsv"
    table = pd.read_csv(path, sep="\t")
    change(table).to_csv(path, sep="\t", index=False)


def rewrite(path, change):
    image = nib.load(path)
    values, affine = change(np.asarray(image.dataobj).copy(), image.affine)
    nib.save(nib.Nifti1Image(values, affine), path)


def test_a_truncated_image(run):
    path = echo(run, 1, "phase")
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[:-5000]))
    assert f"{path.name}: holds {len(whole) - 5000} bytes, its header promises {len(whole)}" in refused(run)


def test_a_file_cut_while_it_was_copied(run):
    path = echo(run, 1, "phase")
    path.write_bytes(path.read_bytes()[:2000])
    assert f"{path.name}: " in refused(run)


def test_a_mask_on_another_grid(run):
    path = next((data(run) / "derivatives/masks/sub-002/anat").glob("*lesion_mask.nii.gz"))
    rewrite(path, lambda values, affine: (values[:-1], affine))
    assert "sub-002: lesion mask is on another grid" in refused(run)


def test_a_subject_without_a_lesion_mask(run):
    next((data(run) / "derivatives/masks/sub-002/anat").glob("*lesion_mask.nii.gz")).unlink()
    assert "sub-002: found no lesion mask, expected derivatives/*/sub-002/anat/" in refused(run)


def test_a_missing_echo(run):
    for part in ("mag", "phase"):
        echo(run, 2, part).unlink()
    assert "sub-002: echo 2 is missing: found echoes 1, 3, 4" in refused(run)


def test_a_missing_part_and_a_missing_echo_time_come_at_once(run):
    echo(run, 3, "mag").unlink()
    sidecar = echo(run, 1, "phase", "sub-004").with_name("sub-004_echo-1_part-phase_MEGRE.json")
    content = json.loads(sidecar.read_text())
    del content["EchoTime"]
    sidecar.write_text(json.dumps(content))
    said = refused(run)
    assert "sub-002: echo 3 has a phase image but no magnitude image" in said
    assert "sub-004: EchoTime of echo 1 is missing" in said


def test_an_empty_mask_is_found_when_it_is_read(run):
    path = next((data(run) / "derivatives/masks/sub-002/anat").glob("*lesion_mask.nii.gz"))
    rewrite(path, lambda values, affine: (values * 0, affine))
    done = run.run(check=False)
    assert "sub-002: lesion mask is empty" in done.stderr
    assert "Traceback" not in done.stderr


def test_voxels_that_are_not_numbers(run):
    rewrite(
        echo(run, 1, "mag"), lambda values, affine: (np.where(values > 900, np.nan, values).astype(np.float32), affine)
    )
    done = run.run(check=False)
    assert "sub-002: magnitude of echo 1 has" in done.stderr
    assert "voxels that are not finite" in done.stderr


def test_a_bad_subject_may_be_left_out_with_its_reason_in_the_flow(run):
    run.configure(small_study(images={"on_invalid_subject": "exclude", "batch_size": 2}))
    for part in ("mag", "phase"):
        echo(run, 2, part).unlink()
    flow = f"results/{STUDY}/cohort/eligible.json"
    done = run.run(flow)
    assert "excluded: " in done.stderr
    steps = json.loads((run.folder / flow).read_text())
    assert (steps[0]["n_in"], steps[0]["n_excluded"]) == (4, 1)
    assert "echo 2 is missing" in steps[0]["excluded"][0]["reason"]


def test_a_duplicated_participant(run):
    change_table(run, lambda table: pd.concat([table, table.iloc[[1]]]))
    assert "participants.tsv: line 6: participant 'sub-002' stands here a second time" in refused(run)


def test_an_identifier_that_leaves_the_dataset(run):
    change_table(run, lambda table: table.replace("sub-002", "../../etc"))
    assert "line 3: found participant_id '../../etc'" in refused(run)


def test_an_event_without_a_time_and_a_negative_time_come_at_once(run):
    def change(table):
        table.loc[0, ["haemorrhage", "follow_up"]] = [1, np.nan]
        table.loc[2, "follow_up"] = -3
        return table

    change_table(run, change)
    said = refused(run)
    assert "sub-001" in said
    assert "sub-003" in said
    assert "-3" in said


def test_a_level_that_is_not_declared(run):
    change_table(run, lambda table: table.replace({"location": {table.location[0]: "thalamus"}}))
    assert "thalamus" in refused(run)


def test_a_typo_in_a_key(run):
    study = small_study()
    study["images"]["invertion"] = study["images"].pop("inversion")
    run.configure(study)
    assert "cavernoma_qsm.yaml: images.invertion: unknown key; did you mean 'inversion'?" in refused(run)


def test_a_column_that_does_not_exist(run):
    study = small_study()
    study["models"]["cox"]["haemorrhage_mean"]["covariates"] = ["age", "sexx"]
    run.configure(study)
    said = refused(run)
    assert "models.cox.haemorrhage_mean.covariates: 'sexx' is no declared column; did you mean 'sex'?" in said


def test_findings_of_the_configuration_come_at_once(run):
    study = small_study()
    study["images"]["batch_size"] = 0
    study["models"]["roc"]["haemorrhage_iqr"]["interval"] = "wald"
    study["tables"]["table4_roc"]["digit"] = 2
    run.configure(study)
    said = refused(run)
    assert "images.batch_size: found 0, expected at least 1" in said
    assert "models.roc.haemorrhage_iqr.interval: found 'wald', expected one of wilson, clopper_pearson" in said
    assert "tables.table4_roc.digit: unknown key; did you mean 'digits'?" in said


def test_a_formula_is_not_evaluated(run):
    study = small_study()
    study["models"]["cox"]["haemorrhage_mean"]["covariates"] = ["__import__('os').system('true')"]
    run.configure(study)
    assert "is no declared column" in refused(run)


def test_a_key_written_twice(run):
    path = run.folder / "config" / "studies" / f"{STUDY}.yaml"
    path.write_text(path.read_text() + yaml.safe_dump({"metrics": {"lesion": {}}}))
    assert "key 'metrics' is written twice" in refused(run)


def test_a_study_without_data(run):
    study = small_study()
    del study["data"]["synthetic"]
    run.configure(study)
    shutil.rmtree(data(run))
    assert f"found no data/{STUDY}/participants.tsv" in refused(run)


def test_a_ready_map_skips_reconstruction(run, finished):
    made = finished.folder / "results" / STUDY / "images" / "sub-002" / "anat"
    ready = data(run) / "derivatives" / "othertool" / "sub-002" / "anat"
    ready.mkdir(parents=True)
    chimap = nib.load(made / "sub-002_Chimap.nii.gz")
    nib.save(nib.Nifti1Image(1000 * chimap.get_fdata(dtype=np.float32), chimap.affine), ready / "sub-002_Chimap.nii.gz")
    (ready / "sub-002_Chimap.json").write_text(json.dumps({"Units": "ppb"}))
    shutil.rmtree(data(run) / "sub-002")
    run.run(f"results/{STUDY}/cohort/assembled.tsv")
    status = pd.read_csv(run.folder / "results" / STUDY / "images" / "status.tsv", sep="\t", index_col=0)
    assert status.status["sub-002"] == "imported"
    here, there = (
        pd.read_csv(folder / "results" / STUDY / "metrics" / "metrics.tsv", sep="\t").query(
            "participant_id == 'sub-002'"
        )
        for folder in (run.folder, finished.folder)
    )
    np.testing.assert_allclose(here.value.to_numpy(), there.value.to_numpy(), rtol=1e-5)
