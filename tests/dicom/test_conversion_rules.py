"""Which series becomes what; every series is accounted for; what is wrong is a sentence and status 2."""

import csv
import subprocess
import sys
from pathlib import Path

import dicoms
import pytest
from dicoms import DCE, T1W

from recohort.dicom import dcm2niix
from recohort.dicom.frames import frames_of
from recohort.dicom.identity import Identifiers

ROOT = Path(__file__).parents[2]


def report(made):
    with open(made / "sourcedata" / "conversion.tsv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_every_series_has_its_row(tmp_path, convert):
    folder = tmp_path / "dicom"
    dicoms.volume(folder / "a", SeriesDescription="t1 sag")
    dicoms.volume(folder / "b", SeriesNumber=6, SeriesDescription="localizer")
    dicoms.volume(folder / "c", SeriesNumber=7, SeriesDescription="t1 moved")
    dicoms.volume(folder / "d", SeriesNumber=5, PatientID="other", SeriesDescription="localizer")
    (folder / "notes.txt").write_text("no DICOM")
    (folder / "copy.dcm").write_bytes((folder / "a" / "000.dcm").read_bytes())
    (tmp_path / "who.csv").write_text(
        "PatientID,participant_id\nHOSP778899,sub-A\nother,sub-B\nabsent,sub-C\n", encoding="utf-8"
    )
    rest = {"leave_out": [{"participant": "sub-A", "series": 7, "reason": "the patient moved"}]}
    status, made, said, wrong = convert(T1W, participants={"table": "who.csv"}, **rest)
    assert (status, wrong) == (0, "")
    assert "1 file: each is no DICOM image" in said
    assert "1 file: each is a copy of another" in said
    found = [(row["participant_id"], row["series"], row["becomes"], row["note"]) for row in report(made)]
    assert found == [
        ("sub-A", "5", "sub-A/anat/sub-A_T1w.nii.gz", ""),
        ("sub-A", "6", "", "left out: no rule fits"),
        ("sub-A", "7", "", "left out: the patient moved"),
        ("sub-B", "", "", "no series fits this rule"),
        ("sub-B", "5", "", "left out: no rule fits"),
        ("sub-C", "", "", "in the table, no DICOM of this participant"),
    ]
    assert (made / "participants.tsv").read_text() == "participant_id\nsub-A\n"


def test_a_patient_who_is_not_in_the_table_is_left_out_without_a_name(tmp_path, convert):
    dicoms.volume(tmp_path / "dicom" / "a", SeriesDescription="t1")
    dicoms.volume(tmp_path / "dicom" / "b", PatientID="stranger", SeriesDescription="t1 of stranger")
    (tmp_path / "who.csv").write_text("PatientID,participant_id\nHOSP778899,sub-A\n")
    status, made, _, _ = convert(T1W, participants={"table": "who.csv"})
    assert status == 0
    assert [row["note"] for row in report(made)] == ["left out: its PatientID is not in the table", ""]
    assert "stranger" not in (made / "sourcedata" / "conversion.tsv").read_text()


def test_sessions_of_the_table_and_of_a_rule(tmp_path, convert):
    dicoms.volume(tmp_path / "dicom" / "a", PatientID="first", SeriesDescription="t1")
    dicoms.volume(tmp_path / "dicom" / "b", PatientID="second", StudyDate="20230505", SeriesDescription="t1")
    (tmp_path / "who.csv").write_text("PatientID,participant_id,session\nfirst,sub-A,pre\nsecond,sub-A,post\n")
    status, made, _, said = convert(T1W, participants={"table": "who.csv"}, interval=True)
    assert (status, said) == (0, "")
    names = sorted(path.relative_to(made).as_posix() for path in made.rglob("*.nii.gz"))
    assert names == [f"sub-A/ses-{name}/anat/sub-A_ses-{name}_T1w.nii.gz" for name in ("post", "pre")]
    assert (made / "sub-A" / "sub-A_sessions.tsv").read_text() == "session_id\tdays\nses-pre\t0\nses-post\t30\n"
    status, made, _, said = convert(T1W | {"session": "x"}, target="two")
    assert (status, said) == (0, "")
    assert len([*made.rglob("sub-00?/ses-x/anat/*_ses-x_T1w.nii.gz")]) == 2


def test_numbers_do_not_hang_on_the_order_of_names(tmp_path, convert):
    for patient in ("anna", "bert", "cleo", "dora"):
        dicoms.volume(tmp_path / "dicom" / patient, PatientID=patient, PatientSex="F" if patient < "c" else "M")
    found = set()
    for number, salt in enumerate(("one long salt", "another salt", "and a third one", "the fourth salt")):
        asked = {"salt": salt, "columns": ["sex"]}
        _, made, _, _ = convert(T1W | {"match": {"modality": "MR"}}, participants=asked, target=str(number))
        found.add((made / "participants.tsv").read_text())
    assert len(found) > 1


def test_a_dry_run_prints_the_rows_and_writes_nothing(tmp_path, convert, monkeypatch):
    monkeypatch.setattr(dcm2niix.shutil, "which", lambda *_, **__: None)
    dicoms.volume(tmp_path / "dicom", SeriesDescription="t1")
    status, made, said, _ = convert(T1W, dry=True)
    assert status == 0
    assert "sub-001/anat/sub-001_T1w.nii.gz" in said
    assert "1 images of 1 participants would be written" in said
    assert not made.parent.exists()
    status, _, _, said = convert(T1W)
    assert status == 2
    assert said == "found no program dcm2niix, expected it on the path; the Python package dcm2niix brings it\n"


def no_dicom(folder):
    folder.mkdir()
    (folder / "a.txt").write_text("no")


def twice(folder):
    dicoms.volume(folder / "a", SeriesDescription="t1")
    dicoms.volume(folder / "b", SeriesNumber=6, SeriesDescription="t1")


def series(**elements):
    return lambda folder: dicoms.volume(folder, **elements)


def frames(times=(0, 5, 10, 15, 20), **settings):
    return lambda folder: dicoms.dynamic(folder, times, **settings)


@pytest.mark.parametrize(
    ("make", "rules", "sentence"),
    [
        (no_dicom, [T1W], "found no DICOM image among 1 files"),
        (lambda folder: None, [T1W], "there is no such folder"),
        (twice, [T1W], "sub-001/anat/sub-001_T1w: series 5, 6 would all become it, expected one"),
        (series(SeriesDescription="t1"), [T1W, DCE], "rules.1: 'dce' fits no series, expected one"),
        (series(SeriesDescription="t1", PatientID=""), [T1W], "PatientID is missing in 1 series"),
        (
            series(SeriesDescription="t1", slices=6, drop=(2,)),
            [T1W],
            "slices are 3 to 6 mm apart, expected even steps of 3",
        ),
        (frames(told=["AcquisitionTime"], drop=[(2, 1)]), [DCE], "2 of its 3 slices have 5 frames, 1 with 4: images"),
        (
            frames(told=["AcquisitionTime"], drop=[2]),
            [DCE],
            "frames 2 and 3 are 10 s apart, the others 5 s, and instance",
        ),
        (frames(told=["TemporalPositionIdentifier"], drop=[2]), [DCE], "temporal position 3 is missing"),
        (
            frames(told=["AcquisitionTime"], drop=[4], NumberOfTemporalPositions=5),
            [DCE],
            "it has 4 frames and its NumberOfTemporalPositions is 5",
        ),
        (frames(), [DCE], "no such element tells its 5 frames apart"),
        (frames(told=["AcquisitionTime"]), [T1W | {"match": {"modality": "MR"}}], "the rule is not dynamic"),
        (
            series(SeriesDescription="t1"),
            [T1W | {"matches": {}}],
            "rules.0.matches: unknown key; did you mean 'match'?",
        ),
        (series(SeriesDescription="t1"), [T1W | {"match": {"description": "t1("}}], "is no regular expression"),
    ],
)
def test_what_is_wrong_is_a_sentence(tmp_path, convert, make, rules, sentence):
    make(tmp_path / "dicom")
    status, made, _, said = convert(*rules)
    assert status == 2
    assert sentence in said
    assert not made.exists()


def test_times_and_temporal_positions_that_disagree(tmp_path, convert):
    for frame in range(3):
        time = dicoms.clock(5 * frame)
        elements = {"AcquisitionTime": time, "TemporalPositionIdentifier": 3 - frame, "SeriesDescription": "dce"}
        for s, pixels in enumerate(dicoms.voxels(frame)):
            dicoms.classic(tmp_path / "dicom" / f"{frame}{s}", pixels, s, 3 * frame + s + 1, **elements)
    assert "give two orders" in convert(DCE)[3]


def test_a_number_of_sessions_that_is_not_that_of_the_days(tmp_path, convert):
    dicoms.volume(tmp_path / "dicom", SeriesDescription="t1")
    status, _, _, said = convert(T1W, sessions=["pre", "post"])
    assert status == 2
    assert "sub-001: found studies of 1 days, expected one for each session (pre, post)" in said


def test_a_folder_that_holds_something_is_not_touched(tmp_path, convert):
    dicoms.volume(tmp_path / "dicom", SeriesDescription="t1")
    made = tmp_path / "data" / "study"
    made.mkdir(parents=True)
    (made / "mine.txt").write_text("mine")
    status, _, _, said = convert(T1W)
    assert status == 2
    assert "holds files already" in said
    assert [path.name for path in made.iterdir()] == ["mine.txt"]


def test_frames_of_asks_for_an_element_by_name(tmp_path, convert):
    dicoms.dynamic(tmp_path / "dicom", [0, 5, 10], told=["AcquisitionTime"])
    assert "ContentTime: no such element" in convert(DCE | {"dynamic": {"time": "ContentTime"}})[3]
    assert frames_of.__kwdefaults__ is None  # the default is the schema's


def test_the_command_runs_as_a_program(tmp_path):
    command = [sys.executable, "-m", "recohort", "convert", str(tmp_path / "none"), str(tmp_path / "out")]
    (tmp_path / "m.yaml").write_text(
        "participants: {salt: some long salt}\nrules:\n- {match: {modality: MR}, datatype: anat, suffix: T1w}"
    )
    done = subprocess.run(
        [*command, "--mapping", str(tmp_path / "m.yaml")],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "workflow"), "PATH": ""},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"{tmp_path / 'none'}: there is no such folder\n"


def test_a_header_that_is_broken_is_named(tmp_path, convert, monkeypatch):
    def broken(self, header):
        raise ValueError("private")

    monkeypatch.setattr(Identifiers, "collect", broken)
    dicoms.volume(tmp_path / "dicom", SeriesDescription="t1")
    status, _, _, said = convert(T1W)
    assert status == 2
    assert said == f"{tmp_path / 'dicom' / '000.dcm'}: an element of its header cannot be read (ValueError)\n"


def test_a_number_that_is_none_is_taken_as_absent(tmp_path, convert):
    dicoms.volume(tmp_path / "dicom", SeriesDescription="t1", EchoTime=3.25)
    for path in (tmp_path / "dicom").iterdir():
        path.write_bytes(path.read_bytes().replace(b"3.25", b"long"))
    status, _, _, said = convert(T1W | {"match": {"echo_time": [3, 4]}})
    assert status == 2
    assert "'T1w' fits no series" in said
