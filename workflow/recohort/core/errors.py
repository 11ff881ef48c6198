"""What is said when an input is wrong."""

from collections.abc import Iterable


class InputError(Exception):
    """An input is wrong; the message is one sentence a user can act on."""


class UnreadableError(InputError):
    """A file is missing or damaged: a fault of the files, which is never an answer."""


class NoAnswer(InputError):  # noqa: N818
    """An alternative of a study gives no estimate; the message says why, and stands in place of its results."""


class Findings:
    """Findings of one validation, raised together so that a user mends them in one go.

    Examples
    --------
    >>> findings = Findings("participants.tsv")
    >>> findings.add("row 3, column 'age': found 'old', expected a number")
    >>> findings.raise_if_any()
    Traceback (most recent call last):
    recohort.core.errors.InputError: participants.tsv: row 3, column 'age': found 'old', expected a number
    """

    def __init__(self, where: str = ""):
        self.where = where
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """Record one finding."""
        self.sentences.append(f"{self.where}: {sentence}" if self.where else sentence)

    def extend(self, sentences: Iterable[str]) -> None:
        """Record several findings."""
        for sentence in sentences:
            self.add(sentence)

    @classmethod
    def raise_from(cls, sentences: Iterable[str]) -> None:
        """Raise one `InputError` with these sentences, a line each; do nothing when there is none."""
        findings = cls()
        findings.extend(sentences)
        findings.raise_if_any()

    def raise_if_any(self) -> None:
        """Raise one `InputError` with every finding, a line each; do nothing when there is none."""
        if self.sentences:
            raise InputError("\n".join(self.sentences))
