"""Areas, parts of areas and bands of ROC curves in bootstrap samples drawn within cases and within controls.

Carpenter J, Bithell J, Stat Med 2000;19:1141-1164 (doi
10.1002/(SICI)1097-0258(20000515)19:9<1141::AID-SIM479>3.0.CO;2-F).
"""

from collections.abc import Iterator

import numpy as np

from recohort.models.accuracy.delong import Points, partial_area, sensitivity_at

AT_ONCE = 2**17
"""Numbers held at a time: a block of samples that stays in the processor's cache."""


def bootstrap_areas(
    scores: np.ndarray, case: np.ndarray, *, bootstrap: int, generator: np.random.Generator
) -> np.ndarray:
    """Return the areas under the ROC curves of several scores in samples of the same patients, shape (B, k).

    Sums of drawn controls, in order of the score, give each case its placement: O(n) a sample.

    Parameters
    ----------
    scores : ndarray, shape (k, n)
        High in cases.
    case : ndarray, shape (n,)
        1 for a case, 0 for a control; each occurs.
    bootstrap : int
        Samples B.
    generator : numpy Generator
        Source of the samples.
    """
    cases, controls = scores[:, case == 1], scores[:, case == 0]
    m, n = cases.shape[1], controls.shape[1]
    orders = np.argsort(controls, axis=1, kind="stable")
    ordered = np.take_along_axis(controls, orders, axis=1)
    below = [np.searchsorted(line, values, side="left") for line, values in zip(ordered, cases, strict=True)]
    up_to = [np.searchsorted(line, values, side="right") for line, values in zip(ordered, cases, strict=True)]
    tied = [bool((low != high).any()) for low, high in zip(below, up_to, strict=True)]
    alone = len(scores) == 1
    found = np.empty((bootstrap, len(scores)))
    start = 0
    for size in _blocks(bootstrap, m + n):
        drawn_controls, drawn_cases = _draw(n, size, generator), _draw(m, size, generator)
        sums = np.zeros((size, n + 1))
        for k, order in enumerate(orders):
            # Controls are exchangeable before they are drawn: a single score may count them in its own order.
            np.cumsum(drawn_controls if alone else drawn_controls[:, order], axis=1, out=sums[:, 1:])
            placed = np.take(sums, below[k], axis=1)
            if tied[k]:
                placed = (placed + np.take(sums, up_to[k], axis=1)) / 2
            found[start : start + size, k] = np.einsum("bi,bi->b", drawn_cases, placed) / (m * n)
        start += size
    return found


def bootstrap_curves(
    score: np.ndarray, case: np.ndarray, *, bootstrap: int, generator: np.random.Generator
) -> Iterator[Points]:
    """Yield the ROC curve of every sample; its points are those of the original scores, thresholds left out."""
    values, index = np.unique(-score, return_inverse=True)
    groups = [index[case == 1], index[case == 0]]
    nowhere = np.full(len(values) + 1, np.nan)
    for _ in range(bootstrap):
        shares = []
        for places in groups:
            drawn = np.bincount(places[generator.integers(0, len(places), len(places))], minlength=len(values))
            shares.append(np.r_[0.0, np.cumsum(drawn)] / len(places))
        yield Points(nowhere, shares[0], 1 - shares[1])


def bootstrap_bands(
    score: np.ndarray,
    case: np.ndarray,
    *,
    at: np.ndarray,
    partial: dict | None,
    bootstrap: int,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return sensitivities at given false positive rates, and partial areas, of samples.

    Parameters
    ----------
    score, case : ndarray, shape (n,)
        High in cases; 1 for a case, 0 for a control.
    at : ndarray, shape (g,)
        False positive rates.
    partial : dict or None
        ``of, from, to``: see `delong.partial_area`; None for no partial area.
    bootstrap, generator
        As in `bootstrap_areas`.

    Returns
    -------
    sensitivity : ndarray, shape (B, g)
    area : ndarray, shape (B, 2)
        Plain and standardised; nan where none is asked for.
    """
    band, area = np.empty((bootstrap, len(at))), np.full((bootstrap, 2), np.nan)
    for place, curve in enumerate(bootstrap_curves(score, case, bootstrap=bootstrap, generator=generator)):
        band[place] = sensitivity_at(curve, at)
        if partial:
            area[place] = partial_area(curve, partial["of"], partial["from"], partial["to"])
    return band, area


def _draw(size: int, samples: int, generator: np.random.Generator) -> np.ndarray:
    """Return how often each of `size` is drawn in each sample, shape (samples, size)."""
    small = size <= np.iinfo(np.uint16).max
    chosen = generator.integers(0, size, (samples, size), dtype=np.uint16 if small else np.uint32).astype(np.intp)
    chosen += size * np.arange(samples)[:, None]
    return np.bincount(chosen.ravel(), minlength=samples * size).reshape(samples, size).astype(float)


def _blocks(bootstrap: int, size: int) -> list[int]:
    step = max(1, min(bootstrap, AT_ONCE // size))
    return [min(step, bootstrap - start) for start in range(0, bootstrap, step)]
