"""Settings as a study without any gets them, and fields known in closed form."""

import numpy as np
import pytest

from recohort.core.schema import load_schema, with_defaults


@pytest.fixture
def settings():
    """Fresh defaults of the sections that `reconstruct` takes."""
    filled = with_defaults({"kind": "qsm"}, load_schema("images"))
    for key in ("kind", "session", "batch_size", "on_invalid_subject", "overlay", "save"):
        del filled[key]
    return filled


@pytest.fixture
def positions():
    """Millimetres from the centre of a grid, (3, x, y, z)."""

    def made(shape, voxel_size=(1, 1, 1)):
        centre = (np.array(shape) - 1) / 2
        return (np.indices(shape) - centre[:, None, None, None]) * np.array(voxel_size, float)[:, None, None, None]

    return made


@pytest.fixture
def sphere_field():
    """Relative field of a uniform sphere in closed form, with the Lorentz correction: 0 inside.

    Outside: chi / 3 * (a / r)^3 * (3 cos^2 - 1); Jackson, Classical Electrodynamics, section 5.11.
    """

    def made(positions, centre, radius, chi, b0=(0, 0, 1)):
        offset = positions - np.array(centre, float)[:, None, None, None]
        r = np.sqrt((offset**2).sum(axis=0))
        along = np.tensordot(np.array(b0, float), offset, axes=1)
        safe = np.maximum(r, 1e-6)
        outside = chi / 3 * (radius / safe) ** 3 * (3 * (along / safe) ** 2 - 1)
        return np.where(r <= radius, 0, outside), r

    return made
