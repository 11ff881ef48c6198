"""How much a threshold looks better on the data it was chosen on.

Harrell FE, Lee KL, Mark DB, Stat Med 1996;15:361-387: choose the threshold in a bootstrap sample, apply it to the
original data, and average the loss.
"""

import numpy as np


def threshold_optimism(
    score: np.ndarray,
    case: np.ndarray,
    *,
    rule: str,
    target: float | None,
    bootstrap: int,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return thresholds chosen in bootstrap samples and their loss of sensitivity and specificity on the original data.

    Cases and controls are resampled separately, so that every sample has both. Where several thresholds are best by
    Youden's index, the strictest counts.

    Parameters
    ----------
    score, case : ndarray, shape (n,)
        As in `delong.auc`.
    rule : {"youden", "sensitivity", "specificity"}
        How the threshold is chosen.
    target : float or None
        What sensitivity or specificity must reach (see `delong.reaching`).
    bootstrap : int
        Number of samples B.
    generator : numpy Generator
        Source of the samples.

    Returns
    -------
    threshold, sensitivity_loss, specificity_loss : ndarray, shape (B,)
        Midpoint thresholds; apparent minus original shares. The threshold is nan where a sample reaches its target
        only by calling everybody or nobody positive, which loses nothing.
    """
    values, index = np.unique(score, return_inverse=True)
    size = len(values)
    cases = np.bincount(index, case, minlength=size)[::-1]
    controls = np.bincount(index, 1 - case, minlength=size)[::-1]
    falling = values[::-1]
    original = np.cumsum(cases) / cases.sum(), 1 - np.cumsum(controls) / controls.sum()
    found = []
    for count in _chunks(bootstrap, size):
        drawn = [generator.multinomial(int(group.sum()), group / group.sum(), count) for group in (cases, controls)]
        sensitivity = np.cumsum(drawn[0], axis=1) / cases.sum()
        specificity = 1 - np.cumsum(drawn[1], axis=1) / controls.sum()
        best = _choose(sensitivity, specificity, rule, target)
        present = (drawn[0] + drawn[1]) > 0
        if rule != "youden":  # the last of equal points may be a score that the sample lacks
            held = np.maximum.accumulate(np.where(present, np.arange(size), 0), axis=1)
            trivial = (best < 0) | (held[np.arange(count), best] == held[:, -1])
            best = held[np.arange(count), best]
        else:
            trivial = np.zeros(count, dtype=bool)
        # The next score that the sample holds below its best one; the threshold lies midway.
        later = np.where(present, np.arange(size), size - 1)
        following = np.minimum.accumulate(later[:, ::-1], axis=1)[:, ::-1]
        below = following[np.arange(count), np.minimum(best + 1, size - 1)]
        threshold = (falling[best] + falling[below]) / 2
        reached = np.searchsorted(-falling, -threshold, side="right") - 1
        row = np.arange(count)
        losses = sensitivity[row, best] - original[0][reached], specificity[row, best] - original[1][reached]
        found.append((np.where(trivial, np.nan, threshold), *(np.where(trivial, 0.0, loss) for loss in losses)))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _choose(sensitivity: np.ndarray, specificity: np.ndarray, rule: str, target: float | None) -> np.ndarray:
    """Return the position of each sample's threshold, -1 where it lies above every score; shapes (B, size), (B,)."""
    if rule == "youden":
        total = sensitivity + specificity
        return np.argmax(total >= total.max(axis=1, keepdims=True) - 1e-12, axis=1)
    if rule == "sensitivity":
        most = np.where(sensitivity >= target - 1e-12, specificity, -1.0)
        best = most >= most.max(axis=1, keepdims=True) - 1e-12
        return best.shape[1] - 1 - np.argmax(best[:, ::-1], axis=1)
    most = np.where(specificity >= target - 1e-12, sensitivity, -1.0)
    best = np.argmax(most >= most.max(axis=1, keepdims=True) - 1e-12, axis=1)
    # Where the best is no sensitivity at all, the first of the points without any is nobody positive.
    return np.where(most.max(axis=1) <= 0, -1, best)


def _chunks(bootstrap: int, size: int) -> list[int]:
    """Return sample counts that keep each block of draws below four million numbers."""
    step = max(1, min(bootstrap, 4_000_000 // size))
    return [min(step, bootstrap - start) for start in range(0, bootstrap, step)]
