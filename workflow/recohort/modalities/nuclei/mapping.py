"""Participants' maps in template space and the atlas there, as voxelwise models take them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.io import read_image
from recohort.modalities.nuclei.files import read_labels, read_names

UNIT = "ppb"
PPB = np.float32(1000)
"""Maps are in ppm."""


class Maps(Mapping):
    """A participant's map, ppb, read when it is asked for.

    Parameters
    ----------
    status : DataFrame
        The images' status: ``participant_id, status, template_chimap``.
    folder : Path
        The dataset of maps.
    """

    def __init__(self, status: pd.DataFrame, folder: Path):
        made = status[status["status"] != "excluded"]
        self._paths = {
            name: folder / path for name, path in zip(made["participant_id"], made["template_chimap"], strict=True)
        }

    def __getitem__(self, participant: str) -> np.ndarray:
        """Return a map, shape (x, y, z), nan where it is not known."""
        return read_image(self._paths[participant])[0] * PPB

    def __iter__(self) -> Iterator[str]:
        """Iterate over the participants."""
        return iter(self._paths)

    def __len__(self) -> int:
        """Return their number."""
        return len(self._paths)

    @property
    def affine(self) -> np.ndarray:
        """From voxels to mm of the template, shape (4, 4); one grid for all.

        Raises
        ------
        InputError
            Nobody has a map.
        """
        if not self._paths:
            raise InputError("no participant has a map in template space, expected at least one")
        return read_image(next(iter(self._paths.values())))[1]


def atlas(shape: tuple[int, ...], affine: np.ndarray, *, images: dict) -> tuple[np.ndarray | None, dict[int, str]]:
    """Return the atlas on the grid of the maps, nearest neighbour, and the names of its labels; None without one.

    Parameters
    ----------
    shape : tuple of int
        Of the maps.
    affine : ndarray, shape (4, 4)
        Of the maps.
    images : dict
        The study's section, complete.
    """
    if images["atlas"] is None:
        return None, {}
    labels, other = read_labels(Path(images["atlas"]["image"]))
    across = np.linalg.inv(other) @ affine
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    places = np.round(grid @ across[:3, :3].T + across[:3, 3]).astype(int)
    inside = np.all((places >= 0) & (places < labels.shape), axis=-1)
    there = np.zeros(shape, dtype=np.int32)
    there[inside] = labels[tuple(places[inside].T)]
    return there, read_names(Path(images["atlas"]["labels"]))
