"""Which of every so many patients in a row are chosen: counts that hold exactly, whatever the seed."""

import re

from recohort.core.errors import InputError
from recohort.core.seeds import generator


def place(participant: str, purpose: str, *, study: str, seed: int, of: int) -> int:
    """Return a patient's place, 0 to of - 1, in a random order of every `of` patients in a row.

    Who has a place below n is one of exactly n of every `of` patients; the patients are told apart by their number, so
    that one more changes no other.

    Parameters
    ----------
    participant : str
        ``sub-`` and a number.
    purpose : str
        What the order is for; names the random stream with `study` and `seed`.
    of : int
        Patients in a row.

    Raises
    ------
    InputError
        The participant has no number.
    """
    number = re.search(r"\d+$", participant)
    if number is None:
        raise InputError(f"synthetic cohort: found participant '{participant}', expected 'sub-' and a number")
    index = int(number[0]) - 1
    return int(generator(seed, study, purpose, index // of).permutation(of)[index % of])
