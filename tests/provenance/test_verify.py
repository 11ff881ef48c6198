"""Every kind of file, altered by one byte, is named; so is what is missing and what nobody recorded."""

import json
import shutil

import pytest

from recohort.core.errors import InputError
from recohort.provenance.command import main
from recohort.provenance.record import RECORD, sealed
from recohort.provenance.verify import verify

RECORDED = [
    "tables/table2.csv",
    "figures/figure1.png",
    "models/cox/crude.tsv",
    "report/index.html",
    "images/batches/sub-001_2.status.tsv",
    "images/batches/sub-001_2.tsv",
    "images/sub-002/anat/map.nii.gz",
    "provenance/Snakefile",
    "provenance/batches/sub-001_2.tsv",
    "ro-crate-metadata.json",
]


def compare(folder):
    return verify(folder, say=lambda read, total: None)


def flip(path, at=-1):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def test_untouched_results_are_as_recorded(folder, capsys):
    found = compare(folder)
    assert (found.departures, found.absent) == ([], [])
    assert found.files == 9 + 2 + 2 + 4, "results with the crate, maps, raw images, what lies outside"
    assert main([str(folder)]) == 0
    assert "as recorded (17 files" in capsys.readouterr().out


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("at", [0, -1])
def test_one_flipped_byte_is_named(folder, name, at):
    flip(folder / name, at)
    assert f"{name}: changed" in compare(folder).departures


@pytest.mark.parametrize("name", [name for name in RECORDED if not name.endswith("_2.tsv")])
def test_a_missing_file_is_named_alone(folder, name):
    (folder / name).unlink()
    assert compare(folder).departures == [f"{name}: missing"]


def test_a_longer_file_is_changed_and_a_new_one_is_not_recorded(folder, capsys):
    (folder / "tables" / "table2.csv").write_text("a,b\n1,2\n3,4\n")
    (folder / "tables" / "table9.csv").write_text("a\n")
    (folder / "images" / "sub-003").mkdir()
    (folder / "images" / "sub-003" / "map.nii.gz").write_bytes(b"?")
    assert main([str(folder)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "images/sub-003/map.nii.gz: new, not recorded",
        "tables/table2.csv: changed",
        "tables/table9.csv: new, not recorded",
        f"{folder}: 3 departures from the record (17 files, 0.0 MB compared)",
    ]


def test_logs_are_neither_recorded_nor_missed(folder):
    for logs in (folder / "logs", folder / "sensitivity" / "wider" / "logs"):
        logs.mkdir(parents=True)
        (logs / "fit_model.log").write_text("")
    assert compare(folder).departures == []


@pytest.mark.parametrize("at", range(0, 2000, 37))
def test_a_record_of_which_a_byte_was_flipped_proves_nothing(folder, at, capsys):
    flip(folder / RECORD, at)
    assert main([str(folder)]) > 0
    said = capsys.readouterr()
    assert RECORD in said.out + said.err
    assert "as recorded" not in said.out


def test_a_record_that_was_rewritten_without_its_seal_is_named(folder):
    record = json.loads((folder / RECORD).read_text())
    record["run"]["seed"] = 8
    (folder / RECORD).write_text(json.dumps(record))
    assert compare(folder).departures == [f"{RECORD}: changed, so that nothing can be compared with it"]
    (folder / RECORD).write_text(sealed(record))
    assert compare(folder).departures == [], "the seal finds accidents; a forger can write a new one"


def test_a_folder_without_a_record_is_refused_in_one_sentence(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path / RECORD}: there is no such file\n"
    (tmp_path / RECORD).write_text("{}\n")
    with pytest.raises(InputError, match="found no record of a study"):
        compare(tmp_path)


def test_a_copy_without_its_repository_says_what_is_not_here_and_passes(folder, tmp_path, capsys):
    copy = shutil.copytree(folder, tmp_path / "elsewhere" / "unzipped" / "demo")
    assert main([str(copy)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "input data/published/demo.csv: not here",
        "lock requirements.lock: not here",
        "source files, 2 of 2: not here",
        "2 images listed in provenance/batches/sub-001_2.tsv: not here",
        f"{copy}: as recorded (11 files, 0.0 MB compared)",
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("data/published/demo.csv", "input data/published/demo.csv: changed"),
        ("data/demo/sub-001/anat/raw.nii.gz", "input data/demo/sub-001/anat/raw.nii.gz: changed"),
        ("workflow/scripts/fit_model.py", "code workflow/scripts/fit_model.py: changed"),
        ("requirements.lock", "lock requirements.lock: changed"),
    ],
)
def test_an_input_or_code_that_changed_since_is_named(folder, path, said):
    flip(folder.parents[1] / path)
    assert compare(folder).departures == [said]


def test_a_table_inside_a_package_is_found_where_the_package_is(folder):
    import lifelines

    from recohort.provenance.record import table_entry

    table = {"package": "lifelines", "file": "datasets/gbsg2.csv"}
    entry = table_entry(folder.parents[1] / "data/published/demo.csv", table)
    assert entry["path"] == "lifelines/datasets/gbsg2.csv"
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(sealed({**record, "inputs": [entry]}))
    assert lifelines.__file__
    assert compare(folder).departures == ["input lifelines/datasets/gbsg2.csv: changed"]


def test_progress_ends_with_everything_read(folder):
    said = []
    verify(folder, say=lambda read, total: said.append((read, total)))
    assert said[-1][0] == said[-1][1] > 0
    assert [read for read, _ in said] == sorted(read for read, _ in said)
