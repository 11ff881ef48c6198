"""Arrays as images of SimpleITK, which works on one thread: sums over several would differ in their last digits."""

import numpy as np
import SimpleITK

SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
"""For the whole process: the metric of a registration does not heed the number that the registration is given."""


def volume(array: np.ndarray, edges, origin=(0.0, 0.0, 0.0)) -> SimpleITK.Image:
    """Return an array (x, y, z) as an image with voxels of these edges along the world's axes."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array.T))
    image.SetSpacing([float(edge) for edge in edges])
    image.SetOrigin([float(value) for value in origin])
    return image
