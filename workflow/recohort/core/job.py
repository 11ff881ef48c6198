"""The frame around every script: a clear end, said once on the screen and kept in the rule's log."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recohort.core.errors import InputError


@contextmanager
def job(log: list[str]) -> Iterator[None]:
    """Run a script's body; bad input ends it with its sentences, anything else with its traceback.

    Parameters
    ----------
    log : list of str
        The rule's log files; the first takes what is said.
    """
    path = Path(log[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", encoding="utf-8")
    try:
        yield
    except InputError as error:
        _end(path, str(error))
    except Exception:
        _end(path, traceback.format_exc())


def _end(path: Path, text: str) -> None:
    path.write_text(text.rstrip() + "\n", encoding="utf-8")
    print(text.rstrip(), file=sys.stderr, flush=True)
    sys.exit(1)
