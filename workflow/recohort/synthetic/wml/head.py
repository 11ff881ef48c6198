"""A simulated non-contrast CT of a head with white matter lesions of a known volume."""

import numpy as np
from scipy import ndimage

from recohort.core.errors import Findings
from recohort.synthetic.wml.anatomy import Head
from recohort.synthetic.wml.cohort import age_of, wml_of
from recohort.synthetic.wml.lesions import fullest, strongest
from recohort.synthetic.wml.noise import ct_noise

PER_AXIS = ("size", "shift_mm", "pose_deg")
"""Drawn once for each axis."""
PER_LESION = ("focus_mm", "periventricular")
"""Drawn for each focus, and for each horn and body of the ventricles, where these are."""
LOWEST_HU, HIGHEST_HU = -1024, 3071


def simulate_head(
    settings: dict, rng: np.random.Generator, *, age: float | None = None, wml_ml: float | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Simulate one CT.

    Parameters
    ----------
    settings : dict
        ``anatomy`` (matrix, voxel_size_mm, sublayers) and ``heads``; where age or volume are to be drawn also
        ``covariates`` (age_years) and ``wml``: sections of a synthetic cohort, complete. Other keys are ignored.
    rng : numpy.random.Generator
        Source of randomness.
    age : float, optional
        Years; drawn if left out.
    wml_ml : float, optional
        Volume of the lesions, mL; drawn if left out.

    Returns
    -------
    ct : ndarray of int16, shape (x, y, z)
        HU.
    masks : dict of str to ndarray of bool, shape (x, y, z)
        ``WML``, its volume the one asked for to half a voxel; ``brain``, all within the skull, fluid included;
        ``ventricles``.
    affine : ndarray, shape (4, 4)
        Voxel indices to millimetres; oblique by the tilt of the slices.

    Raises
    ------
    InputError
        A range has its ends in the wrong order, or the head has less white matter than the volume asked for.
    """
    check_ranges(settings["heads"])
    u, latent = rng.random(), rng.standard_normal()
    if age is None:
        age = float(age_of(u, age_years=settings["covariates"]["age_years"]))
    if wml_ml is None:
        wml_ml = float(wml_of(u, latent, **settings["wml"]))
    drawn = _draw(settings["heads"], rng)
    matrix, edges = [np.asarray(settings["anatomy"][name]) for name in ("matrix", "voxel_size_mm")]
    tilt = _rotation([drawn["tilt_deg"], 0, 0])
    affine = np.eye(4)
    affine[:3, :3] = tilt * edges
    affine[:3, 3] = -affine[:3, :3] @ ((matrix - 1) / 2)
    sublayers = int(settings["anatomy"]["sublayers"])
    points, sizes = matrix * [1, 1, sublayers], edges / [1, 1, sublayers]
    axes = [(np.arange(n) - (n - 1) / 2) * size for n, size in zip(points, sizes, strict=True)]
    head = Head(axes, pose=_rotation(drawn["pose_deg"]) @ tilt, drawn=drawn, age=age, rng=rng)
    hu, masks = _fill_slices(head, tuple(matrix), sublayers, wml_ml, drawn, voxel_ml=float(np.prod(edges)) / 1000)
    return _image(hu, edges, drawn, rng), masks, affine


def check_ranges(heads: dict) -> None:
    """Raise one `InputError` with a sentence per range whose ends are in the wrong order."""
    findings = Findings()
    for name, value in heads.items():
        if np.ndim(value) and value[0] > value[1]:
            findings.add(f"heads.{name}: found {list(value)}, expected the smaller number first")
    findings.raise_if_any()


def _draw(heads: dict, rng: np.random.Generator) -> dict:
    """Return a number for each range, three where each axis has its own."""
    drawn = {}
    for name, value in heads.items():
        if np.ndim(value) == 0 or name in PER_LESION:
            drawn[name] = value
        elif name in PER_AXIS:
            drawn[name] = rng.uniform(*value, size=3)
        else:
            drawn[name] = float(rng.uniform(*value))
    return drawn


def _rotation(degrees) -> np.ndarray:
    """Return the rotation about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        i, j = [k for k in range(3) if k != axis]
        turn = np.eye(3)
        turn[[i, j], [i, j]] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix


def _fill_slices(head: Head, shape, sublayers: int, wml_ml: float, drawn: dict, *, voxel_ml: float):
    """Return the attenuation of voxels without noise, (x, y, z), and the masks; one slice at a time is in memory."""
    hu = np.empty(shape, np.float32)
    masks = {name: np.zeros(shape, bool) for name in ("brain", "ventricles")}
    candidates = []
    for k in range(shape[2]):
        made = head.layers(slice(k * sublayers, (k + 1) * sublayers))
        hu[..., k] = made.hu.mean(axis=0)
        masks["brain"][..., k] = made.cavity.mean(axis=0) > 0.5
        masks["ventricles"][..., k] = made.ventricles.mean(axis=0) > 0.5
        white = (made.white > 0.5) & (made.strength > 0)
        _, x, y = np.nonzero(white)
        place = np.ravel_multi_index((x, y, np.full(x.size, k)), shape)
        candidates.append((place, made.strength[white], made.white[white]))
    place, strength, white = (np.concatenate(parts) for parts in zip(*candidates, strict=True))
    point_ml = voxel_ml / sublayers
    chosen = strongest(strength, round(wml_ml / point_ml), point_ml=point_ml)
    size = int(np.prod(shape))
    fraction = np.bincount(place[chosen], minlength=size).reshape(shape) / sublayers
    change = np.bincount(place[chosen], weights=white[chosen], minlength=size).reshape(shape) / sublayers
    hu += (change * (drawn["wml_hu"] - drawn["white_hu"])).astype(np.float32)
    return hu, {"WML": fullest(fraction, round(wml_ml / voxel_ml)), **masks}


def _image(hu: np.ndarray, edges: np.ndarray, drawn: dict, rng: np.random.Generator) -> np.ndarray:
    """Return the image of an attenuation: blurred in plane, with noise, rounded to int16."""
    blurred = _smooth(hu, drawn["blur_mm"] / edges[:2])
    noise = ct_noise(hu.shape, edges, noise_hu=drawn["noise_hu"], noise_mm=drawn["noise_mm"], rng=rng)
    noise *= np.clip((blurred + 1000) / 1000, 0.3, 1)
    return np.clip(np.rint(blurred + noise), LOWEST_HU, HIGHEST_HU).astype(np.int16)


def _smooth(image: np.ndarray, sigma) -> np.ndarray:
    for axis, s in enumerate(sigma):
        image = ndimage.gaussian_filter1d(image, s, axis=axis) if s > 0 else image
    return image
