"""The command: what it prints, writes and returns; that it is quick and needs nothing of the workflow."""

import ast
import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recohort import __main__ as entry
from recohort.audit.command import main

ROOT = Path(__file__).parents[2]
SPINE = str(ROOT / "data" / "published" / "spine_dce.csv")
CLEAN = str(ROOT / "data" / "published" / "nsw.csv")


def test_findings_stand_first_and_nothing_fails(capsys):
    assert main([SPINE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("spine_dce.csv: 15 numbers, ")
    assert lines[2] == "INCONSISTENT"
    assert max(map(len, lines)) <= 110


def test_strict_ends_with_1_where_something_is_inconsistent(capsys):
    assert main([SPINE, "--strict"]) == 1
    assert main([CLEAN, "--strict"]) == 0


def test_the_table_has_the_columns_of_the_contract_and_equal_bytes(tmp_path, capsys):
    for name in ("a.csv", "b.csv"):
        main([SPINE, "--csv", str(tmp_path / name)])
    content = (tmp_path / "a.csv").read_bytes()
    assert content == (tmp_path / "b.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert list(rows[0]) == ["check", "items", "verdict", "finding", "arithmetic", "box", "remark"]
    assert {row["verdict"] for row in rows} <= {"consistent", "inconsistent", "cannot be checked"}
    assert all(row["finding"] for row in rows)


def test_json_is_the_same_findings(tmp_path, capsys):
    main([SPINE, "--csv", str(tmp_path / "a.csv"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found == list(csv.DictReader((tmp_path / "a.csv").open(encoding="utf-8")))


def test_all_prints_every_finding(capsys):
    main([CLEAN, "--all"])
    assert "156 of 185 gives the printed 0.8432." in capsys.readouterr().out


def test_a_wrong_file_is_said_in_a_sentence(capsys, tmp_path):
    assert main([str(tmp_path / "none.csv")]) == 2
    assert capsys.readouterr().err.strip().endswith("none.csv: there is no such file")


def test_subcommands_are_found_by_name(monkeypatch):
    asked = []
    monkeypatch.setattr(
        entry, "import_module", lambda name: type("M", (), {"main": lambda argv: asked.append((name, argv)) or 3})
    )
    assert entry.main(["verify", "results/x", "--quiet"]) == 3
    assert asked == [("recohort.provenance.command", ["results/x", "--quiet"])]
    with pytest.raises(SystemExit):
        entry.main(["nothing"])


def test_it_is_quick_and_imports_neither_pandas_nor_snakemake():
    code = f"""
import sys, time
started = time.process_time()
from recohort.__main__ import main
main(["audit", {SPINE!r}])
assert not {{"pandas", "snakemake", "matplotlib", "scipy.stats"}} & set(sys.modules)
print(time.process_time() - started)
"""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "workflow")},
        check=True,
    )
    assert float(done.stdout.splitlines()[-1]) < 2
    assert time.perf_counter() - started < 20  # whatever else runs on the machine


def test_the_room_imports_itself_and_core():
    for path in (ROOT / "workflow" / "recohort" / "audit").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("recohort."):
                assert node.module.split(".")[1] in ("audit", "core"), path.name
