"""Frames of a dynamic series moved onto the mean of its late frames."""

import numpy as np

from recohort.images.geometry import voxel_size

BINS, STEPS, FIRST_MM, LAST_MM, SMOOTHING_MM, VOXELS = 32, 100, 1.0, 0.01, 2.0, 60_000
"""Of the search: grey levels of mutual information, steps at most, longest and shortest step, blur, voxels at most."""


def align(
    series: np.ndarray, affine: np.ndarray, region: np.ndarray, *, method: str, late_share: float, margin_mm: float
):
    """Move each frame rigidly onto the mean of the late frames, by mutual information around a region.

    Mutual information, as contrast changes what is bright; around a region, as the belly moves and the spine does not.
    One thread and a fixed seed for the voxels looked at in a large image: two runs are the same.

    Parameters
    ----------
    series : ndarray, (x, y, z, frames)
        Signal.
    affine : ndarray, (4, 4)
        Voxels to mm.
    region : ndarray of bool, (x, y, z)
        The tumour: where the movement is measured.
    method : {"none", "rigid", "in_plane"}
        No movement; turns and shifts in space; or within the slices alone, as where these are few and thick.
    late_share : float
        Share of the frames, the last ones, that are averaged.
    margin_mm : float
        The movement is judged in the region's box and so far around it.

    Returns
    -------
    moved : ndarray of float32, (x, y, z, frames)
        Interpolated by cubic B-splines, which blur less than straight lines; beyond the edge the nearest voxel.
    distance : ndarray, (frames,)
        By how much the region was moved, root mean square, mm; NaN with ``none``.
    """
    if method == "none":
        return series, np.full(series.shape[-1], np.nan)
    import SimpleITK as sitk  # noqa: N813

    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        return _aligned(sitk, series, voxel_size(affine), region, method, late_share, margin_mm)
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)


def _aligned(sitk, series, size, region, method, late_share, margin_mm):
    frames = series.shape[-1]
    late = max(1, round(late_share * frames))
    target = _image(sitk, series[..., -late:].mean(axis=-1), size)
    inside = np.argwhere(region) * size
    middle, box = inside.mean(axis=0), _box(region, size, margin_mm)
    radius = float(np.sqrt(((np.argwhere(box) * size - middle) ** 2).sum(axis=1).mean()))
    free = _free(method, int(np.argmax(size)))
    moved, distance = np.empty(series.shape, np.float32), np.zeros(frames)
    for frame in range(frames):
        image = _image(sitk, series[..., frame], size)
        found = _register(sitk, target, image, box, middle, free, radius)
        moved[..., frame] = _resampled(sitk, image, target, found)
        turned = np.array(found.GetMatrix()).reshape(3, 3)
        shift = (inside - middle) @ turned.T + np.array(found.GetTranslation()) - (inside - middle)
        distance[frame] = np.sqrt((shift**2).sum(axis=1).mean())
    return moved, distance


def _free(method: str, through: int) -> list[float]:
    """Return which of three turns and three shifts are free."""
    if method == "rigid":
        return [1.0] * 6
    return [float(axis == through) for axis in range(3)] + [float(axis != through) for axis in range(3)]


def _box(region: np.ndarray, size: np.ndarray, margin_mm: float) -> np.ndarray:
    """Return the region's box and a margin, (x, y, z), 0 or 1."""
    inside, margin = np.argwhere(region), np.ceil(margin_mm / size).astype(int)
    low, high = np.maximum(inside.min(axis=0) - margin, 0), inside.max(axis=0) + margin + 1
    box = np.zeros(region.shape, np.uint8)
    box[tuple(map(slice, low, high))] = 1
    return box


def _image(sitk, array, size, kind=np.float32):
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.T, dtype=kind))
    image.SetSpacing(size.tolist())
    return image


def _register(sitk, target, image, box, middle, free, radius):
    """Search from no movement; a turn counts as what it moves at the radius, so that no free parameter is stuck."""
    start = sitk.Euler3DTransform()
    start.SetCenter(middle.tolist())
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(_image(sitk, box, np.array(target.GetSpacing()), np.uint8))
    if (looked := int(box.sum())) > VOXELS:
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(VOXELS / looked, 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel([1])
    method.SetSmoothingSigmasPerLevel([SMOOTHING_MM])
    method.SetSmoothingSigmasAreSpecifiedInPhysicalUnits(True)
    method.SetOptimizerAsRegularStepGradientDescent(FIRST_MM, LAST_MM, STEPS)
    method.SetOptimizerScales([radius**2] * 3 + [1.0] * 3)
    method.SetOptimizerWeights(free)
    method.SetInitialTransform(start, inPlace=True)
    method.Execute(target, image)
    return start


def _resampled(sitk, image, target, transform):
    resample = sitk.ResampleImageFilter()
    resample.SetReferenceImage(target)
    resample.SetTransform(transform)
    resample.SetInterpolator(sitk.sitkBSpline)
    resample.UseNearestNeighborExtrapolatorOn()
    return sitk.GetArrayFromImage(resample.Execute(image)).T
