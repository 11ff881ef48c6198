"""Random numbers that depend on what they are for, never on when they are drawn."""

import hashlib

import numpy as np


def generator(seed: int, *words: str | int) -> np.random.Generator:
    """Return a generator of its own for one purpose.

    The stream is a function of the run's seed and the words alone: a subject or model added moves no other's numbers.

    Parameters
    ----------
    seed : int
        The run's seed, from the configuration.
    *words : str or int
        What the numbers are for, e.g. ``("cavernoma_qsm", "sub-001", "noise")``.
    """
    digest = hashlib.sha256("/".join(str(word) for word in words).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, dtype=np.uint32).tolist()])
