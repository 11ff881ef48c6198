"""A warp between two spaces: an affine motion after a smooth displacement; there, back, and how it swells."""

from dataclasses import dataclass

import numpy as np

from recohort.images.registration.grid import Grid, linear, moved

_ROUNDS = 12
"""Of the search for the way back; the displacement changes slowly in space, so each round gains about a digit."""


@dataclass(frozen=True)
class Warp:
    """Points x of the template to points ``affine (x + u(x))`` of the subject.

    Attributes
    ----------
    affine : ndarray, (4, 4)
        The linear part.
    displacement : ndarray of float32, (3, x, y, z)
        u, mm of the template, on `grid`; beyond it the nearest counts.
    grid : Grid
        Of the template's space.
    """

    affine: np.ndarray
    displacement: np.ndarray
    grid: Grid

    def there(self, points: np.ndarray) -> np.ndarray:
        """Return the subject's points (3, ...) that show the template's."""
        return moved(self.affine, points + self._at(points))

    def back(self, points: np.ndarray) -> np.ndarray:
        """Return the template's points (3, ...) that the subject's show, by iteration of x = h - u(x)."""
        target = moved(np.linalg.inv(self.affine), points)
        found = target - self._at(target)
        for _ in range(_ROUNDS):
            found = target - self._at(found)
        return found

    def jacobian(self) -> np.ndarray:
        """Return the determinant of the displacement's part at the grid's voxels, (x, y, z): 1 keeps a volume."""
        gradient = np.stack([np.stack(np.gradient(one, self.grid.edge)) for one in self.displacement])
        gradient[range(3), range(3)] += 1
        (a, b, c), (d, e, f), (g, h, i) = gradient
        return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    def _at(self, points):
        index = self.grid.index(points)
        return np.stack([linear(one, index, beyond="nearest") for one in self.displacement])
