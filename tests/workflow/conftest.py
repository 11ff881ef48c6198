import pytest
from workdir import Workdir, small_study


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Workdir:
    """A finished run; tests that change something work on a copy."""
    workdir = Workdir(tmp_path_factory.mktemp("finished") / "copy")
    workdir.configure(small_study())
    workdir.run()
    return workdir
