"""The frame around every script: a clear end, said once on the screen and kept in the rule's log."""

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recohort.core.errors import InputError, NoAnswer, UnreadableError
from recohort.core.io import write_no_answer

WITHIN = "/sensitivity/"
"""Between the names of a study and of an alternative of it."""


@contextmanager
def job(log: list[str], *, study: str = "", made: Iterable[str] = ()) -> Iterator[None]:
    """Run a script's body; bad input ends it with its sentences, anything else with its traceback.

    In an alternative of a study bad input is an answer, why there is no estimate: it is said and stands in place of
    every result, and the run goes on. A file that cannot be read is no answer.

    Parameters
    ----------
    log : list of str
        The rule's log files; the first takes what is said.
    study : str
        Whom the job is about, ``<study>`` or ``<study>/sensitivity/<alternative>``; empty where it must stop in both.
    made : iterable of str
        The rule's outputs.
    """
    path = Path(log[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", encoding="utf-8")
    base, _, alternative = study.partition(WITHIN)
    try:
        yield
    except InputError as error:
        if not alternative or isinstance(error, UnreadableError):
            _end(path, str(error))
        sentence = "; ".join(str(error).splitlines())
        _say(
            path,
            f"{base}, alternative {alternative}, has no estimate: {sentence}",
            aloud=not isinstance(error, NoAnswer),
        )
        for output in made:
            write_no_answer(sentence, output)
    except Exception:
        _end(path, traceback.format_exc())


def _end(path: Path, text: str) -> None:
    _say(path, text, aloud=True)
    sys.exit(1)


def _say(path: Path, text: str, *, aloud: bool) -> None:
    path.write_text(text.rstrip() + "\n", encoding="utf-8")
    if aloud:
        print(text.rstrip(), file=sys.stderr, flush=True)
