"""Bad input ends a study's job, and is the answer of an alternative's."""

import pandas as pd
import pytest

from recohort.core.errors import InputError, NoAnswer, UnreadableError
from recohort.core.io import (
    read_answer,
    read_image,
    read_json,
    read_results,
    read_rows,
    read_table,
    write_no_answer,
    write_table,
)
from recohort.core.job import WITHIN, job
from recohort.core.variants import FOLDER

SENTENCE = 'landmark 60: the "longest" week\tis 52, expected some beyond it'
ALTERNATIVE = "mine/sensitivity/landmark-60"


@pytest.fixture
def outputs(tmp_path):
    return [str(tmp_path / name) for name in ("a.tsv", "a.curve.tsv", "steps.json", "maps.nii.gz")]


def run(tmp_path, error, **about):
    with job([str(tmp_path / "logs" / "job.log")], **about):
        raise error


def logged(tmp_path):
    return (tmp_path / "logs" / "job.log").read_text(encoding="utf-8")


def test_an_alternative_says_why_it_has_no_estimate_and_the_run_goes_on(tmp_path, outputs, capsys):
    write_table(pd.DataFrame({"half": ["made", "before"]}), outputs[0])
    run(tmp_path, InputError(SENTENCE), study=ALTERNATIVE, made=outputs)
    said = f"mine, alternative landmark-60, has no estimate: {SENTENCE}\n"
    assert capsys.readouterr().err == logged(tmp_path) == said
    for path in outputs[:2]:
        with pytest.raises(NoAnswer) as caught:
            read_table(path)
        assert str(caught.value) == SENTENCE
        assert read_rows(path) == [{"no_estimate": SENTENCE}]
    with pytest.raises(NoAnswer) as caught:
        read_json(outputs[2])
    assert str(caught.value) == SENTENCE
    with pytest.raises(UnreadableError, match="not readable as NIfTI"):
        read_image(outputs[3])


def test_the_sentence_passes_down_unchanged_and_is_said_once(tmp_path, outputs, capsys):
    write_no_answer(SENTENCE, outputs[0])
    below = [str(tmp_path / "below.tsv")]
    with job([str(tmp_path / "logs" / "job.log")], study=ALTERNATIVE, made=below):
        read_results([outputs[0]], tmp_path)
    assert capsys.readouterr().err == "" and SENTENCE in logged(tmp_path)
    assert str(read_answer(below[0])) == SENTENCE


def test_several_findings_are_one_sentence(tmp_path, outputs):
    run(tmp_path, InputError("age: is constant\nsex: is constant"), study=ALTERNATIVE, made=outputs)
    assert str(read_answer(outputs[0])) == "age: is constant; sex: is constant"


@pytest.mark.parametrize(
    ("error", "about"),
    [
        (InputError(SENTENCE), {"study": "mine"}),
        (InputError(SENTENCE), {}),
        (UnreadableError(SENTENCE), {"study": ALTERNATIVE}),
        (ValueError(SENTENCE), {"study": ALTERNATIVE}),
    ],
)
def test_a_study_a_damaged_file_and_a_fault_of_the_program_stop(tmp_path, outputs, error, about, capsys):
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, error, **about, made=outputs)
    assert ended.value.code == 1
    assert not any((tmp_path / name).exists() for name in outputs)
    assert capsys.readouterr().err == logged(tmp_path)
    assert ("Traceback" in logged(tmp_path)) == isinstance(error, ValueError)


def test_what_lies_between_study_and_alternative_is_the_folder_of_alternatives():
    assert f"/{FOLDER}/" == WITHIN


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"no_estimate": ["a", "b"]}),
        pd.DataFrame({"no_estimate": []}),
        pd.DataFrame({"participant_id": ["sub-1"], "no_estimate": ["a"]}),
        pd.DataFrame({"no_estimates": ["a"]}),
    ],
)
def test_a_cohort_is_never_taken_for_a_missing_answer(tmp_path, frame):
    write_table(frame, tmp_path / "a.tsv")
    assert list(read_table(tmp_path / "a.tsv").columns) == list(frame.columns)
    assert len(read_answer(tmp_path / "a.tsv")) == len(frame)


def test_a_json_that_says_more_is_a_result(tmp_path):
    (tmp_path / "a.json").write_text('{"no_estimate": "a", "more": 1}')
    assert read_json(tmp_path / "a.json") == {"no_estimate": "a", "more": 1}
