"""Allocation in a factorial trial: permuted blocks within each centre, one sequence per factor."""

from collections.abc import Iterator, Sequence

import numpy as np

from recohort.core.errors import InputError
from recohort.core.seeds import generator


def blocks(rng: np.random.Generator, composition: dict) -> Iterator:
    """Yield arms without end, block by block: each block holds every arm as often as `composition` says, shuffled.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    composition : dict
        Arm to its number of places in a block.

    Raises
    ------
    InputError
        The block is empty.
    """
    block = [arm for arm, places in composition.items() for _ in range(places)]
    if not block:
        raise InputError("trial: found a block without places, expected at least one place for one arm")
    while True:
        yield from (block[i] for i in rng.permutation(len(block)))


def allocate(
    centres: Sequence[str],
    *,
    study: str,
    seed: int,
    aspirin_block: int,
    heparin_block: dict,
    heparin_block_after_stop: dict,
    moderate_stops_after: int,
) -> tuple[list[int], list[str]]:
    """Allocate patients in the order of their enrolment.

    Parameters
    ----------
    centres : sequence of str
        Centre of each patient.
    study, seed : str, int
        Name the random streams, one per centre and factor.
    aspirin_block : int
        Size of a block of aspirin or none; half of it is aspirin.
    heparin_block, heparin_block_after_stop : dict
        Places of ``none, low, moderate`` in a block, before and after the arm of moderate dose is stopped. A block
        that is open when it stops is left.
    moderate_stops_after : int
        Number of patients enrolled in all centres when the arm stops.

    Returns
    -------
    aspirin : list of int
        1 or 0.
    heparin : list of str
        ``none, low, moderate``.

    Raises
    ------
    InputError
        A block cannot be halved, is empty, or still holds the stopped arm.
    """
    if aspirin_block % 2:
        raise InputError(f"trial.aspirin_block: found {aspirin_block}, expected an even number, half of it is aspirin")
    if heparin_block_after_stop["moderate"]:
        raise InputError(
            f"trial.heparin_block_after_stop.moderate: found {heparin_block_after_stop['moderate']}, expected 0, "
            "the arm is stopped"
        )
    half = aspirin_block // 2
    sequences: dict[tuple, Iterator] = {}

    def following(centre: str, factor: str, composition: dict):
        if (centre, factor) not in sequences:
            sequences[centre, factor] = blocks(generator(seed, study, centre, factor), composition)
        return next(sequences[centre, factor])

    aspirin = [following(centre, "aspirin", {1: half, 0: half}) for centre in centres]
    heparin = [
        following(centre, "heparin", heparin_block)
        if number < moderate_stops_after
        else following(centre, "heparin after stop", heparin_block_after_stop)
        for number, centre in enumerate(centres)
    ]
    return aspirin, heparin
