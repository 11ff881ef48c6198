"""The modules behind a script are those it imports, and theirs, and no others."""

from recohort.core import imports


def test_the_closure_of_imports(tmp_path, monkeypatch):
    files = {
        "scripts/go.py": "from recohort.a import one\nimport numpy\n",
        "recohort/a/one.py": "from recohort.core.io import x\n",
        "recohort/a/two.py": "",
        "recohort/core/io.py": "def f():\n    from recohort.core import errors\n",
        "recohort/core/errors.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(imports, "WORKFLOW", tmp_path)
    monkeypatch.chdir(tmp_path)
    found = imports.modules_behind("go")
    assert found == ["recohort/a/one.py", "recohort/core/errors.py", "recohort/core/io.py"]
    assert imports.modules_behind("go", "recohort.a.two") == sorted([*found, "recohort/a/two.py"])
