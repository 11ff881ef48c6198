from pathlib import Path

import dicoms
import pytest
import yaml

from recohort.dicom.command import main


@pytest.fixture
def convert(tmp_path, capsys):
    """Run the command on tmp_path/dicom; returns the exit status, the dataset's folder, stdout and stderr."""

    def run(*rules, dry=False, target="study", **mapping) -> tuple[int, Path, str, str]:
        path = tmp_path / "mapping.yaml"
        path.write_text(yaml.safe_dump({"participants": dicoms.SALT, "rules": list(rules), **mapping}))
        made = tmp_path / "data" / target
        argv = [str(tmp_path / "dicom"), str(made), "--mapping", str(path), *(["--dry-run"] if dry else [])]
        status = main(argv)
        said = capsys.readouterr()
        return status, made, said.out, said.err

    return run
