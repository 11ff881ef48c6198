"""One run at a time. The kernel drops this lock when a process dies, so a killed run leaves nothing to unlock."""

import fcntl
from pathlib import Path
from typing import TextIO

from recohort.core.errors import InputError


def hold(path: Path) -> TextIO:
    """Hold the lock until the returned stream is closed or the process ends.

    Raises
    ------
    InputError
        Another run holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = open(path, "w")  # noqa: SIM115 (open for as long as the run lasts)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        raise InputError(f"{path}: another run is working here; wait for it, or stop it, then start again") from None
    return stream
