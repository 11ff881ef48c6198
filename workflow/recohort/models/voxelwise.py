"""Voxelwise linear model: one exposure's coefficient in every voxel of participants' maps, corrected by permutation."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.comparison.tails import t_p
from recohort.models.design import complete_rows, design, numbers
from recohort.models.mass_univariate.enhancement import neighbours
from recohort.models.mass_univariate.fits import Fits, fit_voxels
from recohort.models.mass_univariate.maps import coverage, gather
from recohort.models.mass_univariate.permutation import Tests, draw_orders, judge
from recohort.models.mass_univariate.regions import Voxels, cluster_rows, region_rows, structure_image
from recohort.models.result import Result, result, row

_SMALLEST = float(np.finfo(np.float32).tiny)


def fit(
    cohort: pd.DataFrame,
    maps: Mapping[str, np.ndarray],
    *,
    affine: np.ndarray,
    labels: np.ndarray | None,
    label_names: Mapping[int, str],
    structures: Mapping[str, Sequence[str]],
    unit: str,
    exposure: str,
    covariates: list[str],
    voxel_covariate: str | None,
    mask: str,
    margin_mm: float,
    minimum_coverage: float,
    smoothing_mm: float,
    permutations: int,
    connectivity: int,
    tfce: dict | None,
    significance: float,
    columns: dict[str, dict],
    seed: int,
    name: str,
) -> tuple[Result, dict[str, np.ndarray]]:
    """Regress every voxel of participants' maps on an exposure.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant, with ``participant_id``.
    maps : mapping
        ``maps[participant_id]`` is a participant's map, shape (x, y, z), nan where unknown; all on one grid. Each is
        asked for twice and one is held at a time, so that it may be read when it is asked for.
    affine : ndarray, shape (4, 4)
        From voxel indices to mm.
    labels : ndarray of int, shape (x, y, z), or None
        An atlas on the same grid, 0 outside; None for none.
    label_names : mapping
        Names of its labels, by number.
    structures : mapping
        Structure -> the names of its labels, ``thalamus: [thalamus_left, thalamus_right]``.
    unit : str
        Of the maps' values.
    exposure : str
        A number, a boolean or a category with two levels; its coefficient is tested, two-sided.
    covariates : list of str
        Columns to adjust for.
    voxel_covariate : str or None
        Pattern of one more column, ``{}_volume``: a voxel is adjusted for the column of the structure it lies in.
        Voxels outside structures are then not analysed.
    mask : {"structures", "brain"}
        Voxels of the structures; or all voxels.
    margin_mm : float
        How far structures are grown into what is unlabelled.
    minimum_coverage : float
        A voxel is analysed where at least this share of the participants have a value; 1 takes complete voxels alone.
        Below 1 a missing value becomes the voxel's mean.
    smoothing_mm : float
        Full width at half maximum of a Gaussian inside the mask; 0 for none.
    permutations : int
        Beside the observed order.
    connectivity : {6, 18, 26}
        Neighbours of a voxel, for clusters and their enhancement.
    tfce : dict or None
        ``extent, height, steps``: see `enhance`; None for no enhancement.
    significance : float
        Voxels whose corrected p is below are called significant.
    columns, seed, name
        Declarations by column name; the run's seed; the entry's name.

    Returns
    -------
    result : Result
        Of ``mask`` and by structure (`term`): ``voxels``, ``volume``, ``voxels_significant``, ``share_significant``;
        ``peak_t``, ``peak_coefficient``, ``peak_x``, ``peak_y``, ``peak_z``, ``smallest_p``, ``mean_coefficient``,
        ``largest_coefficient``; of ``mask`` also ``critical_value`` and ``residual_df``. By ``cluster 1`` ... of voxels
        significant by TFCE (without it by max t): size, peak and ``share_of_cluster``. `method` names the correction.
    volumes : dict of str to ndarray of float32, shape (x, y, z)
        ``coefficient, t, p, p_fdr, p_max_t, tfce, p_tfce``, nan outside the mask; the last two only with `tfce`.

    Raises
    ------
    InputError
        The exposure has more than two levels, grids differ, there are no labels for a mask of structures, no voxel is
        left, a column is constant or collinear.
    """
    own = [voxel_covariate.replace("{}", structure) for structure in structures] if voxel_covariate else []
    rows, warnings = complete_rows(cohort, ["participant_id", exposure, *covariates, *own])
    participants = rows["participant_id"].tolist()
    tested, nuisance, terms, scale, said = _design(rows, exposure, covariates, columns)
    warnings += said
    voxel_mm = np.sqrt((np.asarray(affine)[:3, :3] ** 2).sum(axis=0))
    if (mask == "structures" or own) and labels is None:
        raise InputError(
            f"voxelwise {name}: found no labels of structures, expected them for its mask or voxel_covariate"
        )
    image = None
    if labels is not None:
        image = structure_image(labels, label_names, structures, voxel_mm=voxel_mm, margin_mm=margin_mm)
    index, structure, shape, said = _voxels(name, maps, participants, image, mask, bool(own), minimum_coverage)
    warnings += said
    values, imputed = gather(maps, participants, index, voxel_mm=voxel_mm, smoothing_mm=smoothing_mm)
    if imputed:
        message = f"{imputed} of {values.size} values are missing and taken as the mean of their voxel."
        warnings.append(("imputed_voxels", message))
    fits = fit_voxels(
        values,
        tested,
        nuisance,
        covariates=np.column_stack([numbers(rows, column) for column in own]) if own else None,
        which=structure - 1 if own else None,
        names=["intercept", *terms[1:], *own, terms[0]],
    )
    tests = judge(
        values,
        fits,
        draw_orders(len(rows), permutations, generator(seed, "voxelwise", name)),
        covariates=None,
        around=neighbours(index, connectivity) if tfce is not None else None,
        tfce=tfce,
    )
    warnings += _cautions(fits, permutations, significance)
    found = _found(fits, tests, index, structure, np.asarray(affine))
    shared = {"n": len(rows)}
    said = {
        "significance": significance,
        "scale": f"{unit} {scale}" if scale.startswith("per ") else f"{unit}, {scale}",
        "shared": shared,
    }
    estimates = region_rows("mask", np.ones(len(index), bool), found, **said)
    estimates += _critical(tests, significance, shared)
    words = f"least squares, {permutations} permutations"
    estimates.append(row("mask", "residual_df", said["scale"], words, estimate=fits.df, **shared))
    for place, term in enumerate(structures, start=1):
        if (inside := structure == place).any():
            estimates += region_rows(term, inside, found, **said)
    method = "TFCE" if tfce is not None else "max t"
    estimates += cluster_rows(method, found, list(structures), connectivity=connectivity, **said)
    return result(estimates, warnings=warnings), _volumes(found, tests, shape)


def _design(
    rows: pd.DataFrame, exposure: str, covariates: list[str], columns: dict[str, dict]
) -> tuple[np.ndarray, np.ndarray, list[str], str, list[tuple[str, str]]]:
    """Return the exposure, the nuisance columns, how each column is called, what the exposure is per, warnings."""
    coded, terms, warnings = design(rows, [exposure, *covariates], columns=columns)
    scales = terms[0].scales
    if len(scales) > 1:
        raise InputError(f"column '{exposure}': has {len(scales) + 1} levels, expected a number or two levels")
    called = [f"{term.name} ({scale})" for term in terms for scale in term.scales]
    return coded[:, 0], np.column_stack([np.ones(len(rows)), coded[:, 1:]]), called, scales[0], warnings


def _voxels(
    name: str,
    maps: Mapping[str, np.ndarray],
    participants: list[str],
    image: np.ndarray | None,
    mask: str,
    own: bool,
    minimum_coverage: float,
) -> tuple[np.ndarray, np.ndarray, tuple[int, ...], list[tuple[str, str]]]:
    """Return the analysed voxels, shape (v, 3), each one's structure (rising with `own`), the grid, and warnings."""
    counts, known = coverage(maps, participants)
    if image is not None and image.shape != counts.shape:
        raise InputError(
            f"voxelwise {name}: the labels' grid is {image.shape}, that of the maps {counts.shape}, expected one"
        )
    wanted, warnings = counts > 0, []
    if mask == "structures":
        wanted = image > 0
    elif own:
        outside = int((wanted & (image == 0)).sum())
        wanted &= image > 0
        warnings.append(
            ("outside_structures", f"{outside} voxels outside structures have no covariate and are left out.")
        )
    kept = wanted & (counts >= np.ceil(minimum_coverage * len(participants) - 1e-9))
    fewest = f"{participants[known.argmin()]} has the fewest known voxels, {known.min()} of at most {known.max()}"
    if not kept.any():
        raise InputError(f"voxelwise {name}: no voxel is known in {minimum_coverage:.0%} of the participants; {fewest}")
    if left := int(wanted.sum() - kept.sum()):
        message = f"{left} of {wanted.sum()} voxels are left out, known in fewer than {minimum_coverage:.0%} of"
        warnings.append(("incomplete_voxels", f"{message} the participants; {fewest}."))
    index = np.argwhere(kept)
    structure = image[kept] if image is not None else np.zeros(len(index), np.int32)
    if own:
        order = np.argsort(structure, kind="stable")
        index, structure = index[order], structure[order]
    return index, structure, counts.shape, warnings


def _cautions(fits: Fits, permutations: int, significance: float) -> list[tuple[str, str]]:
    warnings = []
    if still := int(np.isnan(fits.t).sum()):
        message = f"{still} of {len(fits.t)} voxels do not vary about the covariates and have no test."
        warnings.append(("constant_voxels", message))
    if 1 / (1 + permutations) >= significance:
        message = f"{permutations} permutations cannot give a corrected p below {significance:g}."
        warnings.append(("few_permutations", message))
    return warnings


def _found(fits: Fits, tests: Tests, index: np.ndarray, structure: np.ndarray, affine: np.ndarray) -> Voxels:
    known = np.isfinite(fits.t)
    p, fdr = t_p(fits.t, fits.df), np.full(len(index), np.nan)
    fdr[known] = false_discovery_control(p[known])
    corrected = {"TFCE": tests.p_tfce, "max t": tests.p_max_t, "FDR": fdr}
    corrected = {method: np.where(known, value, np.nan) for method, value in corrected.items() if value is not None}
    millimetres = index @ affine[:3, :3].T + affine[:3, 3]
    volume = float(abs(np.linalg.det(affine[:3, :3]))) / 1000
    return Voxels(index, millimetres, volume, structure, fits.coefficient, fits.t, p, corrected)


def _critical(tests: Tests, significance: float, shared: dict) -> list[dict]:
    """Return the greatest statistic that is not significant anywhere in the mask; a greater one is."""
    greatest = {"max t": tests.greatest_t, "TFCE": tests.greatest_tfce}
    place = int(np.ceil(significance * len(tests.greatest_t))) - 1
    values = {
        method: -np.sort(-line)[place] if place else np.nan for method, line in greatest.items() if line is not None
    }
    return [
        row("mask", "critical_value", f"p < {significance:g}", method, estimate=value, **shared)
        for method, value in values.items()
    ]


def _volumes(found: Voxels, tests: Tests, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return the voxels' numbers as images; a p-value too small for float32 is written as the smallest that is not."""
    lines = {
        "coefficient": found.coefficient,
        "t": found.t,
        "p": np.maximum(found.p, _SMALLEST),
        "p_fdr": np.maximum(found.corrected["FDR"], _SMALLEST),
        "p_max_t": found.corrected["max t"],
    }
    if tests.tfce is not None:
        lines |= {"tfce": np.where(np.isfinite(found.t), tests.tfce, np.nan), "p_tfce": found.corrected["TFCE"]}
    volumes = {volume: np.full(shape, np.nan, np.float32) for volume in lines}
    for volume, line in lines.items():
        volumes[volume][tuple(found.index.T)] = line
    return volumes
