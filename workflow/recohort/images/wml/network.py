"""A network in ONNX: what its description must say, and its probabilities of lesion."""

import hashlib

import numpy as np

from recohort.core.errors import Findings, InputError
from recohort.core.schema import load_schema, sentences, with_defaults
from recohort.images.grid import Grid
from recohort.images.wml.sliding import over_windows


def complete_description(description: dict, *, where: str) -> dict:
    """Return a network's description with the schema's defaults.

    Raises
    ------
    InputError
        A sentence per departure from ``workflow/schemas/network.schema.yaml``.
    """
    schema = load_schema("network")
    findings = Findings(where)
    findings.extend(sentences(description, schema))
    findings.raise_if_any()
    return with_defaults(description, schema)


class Network:
    """A network that is ready to run, on one thread.

    Parameters
    ----------
    model : bytes
        The ONNX file.
    description : dict
        What stands beside it, complete.
    label : str
        Which of its labels is the lesion.
    where : str
        What the file is called in sentences.

    Raises
    ------
    InputError
        The bytes are not those described, or the model does not take and give what is described.
    """

    def __init__(self, model: bytes, description: dict, *, label: str, where: str):
        found = hashlib.sha256(model).hexdigest()
        if found != description["sha256"]:
            raise InputError(
                f"{where}: has SHA-256 {found}, its description says {description['sha256']}: "
                "the file is damaged or another one"
            )
        if label not in description["labels"]:
            raise InputError(f"{where}: found labels {', '.join(description['labels'])}, expected one called {label}")
        self.description, self.channel, self.where = description, description["labels"][label], where
        self._session = _session(model, where)
        Findings.raise_from(f"{where}: {line}" for line in self._shape_findings())

    def probability(self, ct: np.ndarray, brain: np.ndarray, affine: np.ndarray, *, batch: int) -> np.ndarray:
        """Return the probability of lesion on the CT's grid; 0 outside the brain.

        Parameters
        ----------
        ct : ndarray, (x, y, z)
            HU.
        brain : ndarray of bool, (x, y, z)
            Not empty.
        affine : array_like, (4, 4)
            Of the CT.
        batch : int
            Windows that are predicted at once.
        """
        told = self.description
        grid = Grid.between(ct.shape, affine, orientation=told["orientation"], spacing_mm=told["spacing_mm"])
        inner_brain = grid.there(brain) > 0.5
        if not inner_brain.any():
            raise InputError("the brain mask vanishes at the spacing of the network, expected a whole brain")
        within = grid.there(np.clip(ct, *told["window"]))  # clipped first, or bone and air would reach into the brain
        image = windowed(within, inner_brain, window=told["window"], brain_only=told["brain_only"])
        box = bounding_box(inner_brain)
        shape = {name: told[name] for name in ("patch", "overlap", "blending")}
        made = over_windows(self._predict, image[box], batch=batch, **shape)
        whole = np.zeros(image.shape, np.float32)
        whole[box] = _probabilities(made, told["activation"])[self.channel]
        return grid.home(np.where(inner_brain, whole, np.float32(0)))

    def _predict(self, windows: np.ndarray) -> np.ndarray:
        made = self._session.run(None, {self._session.get_inputs()[0].name: windows[:, None]})[0]
        if made.shape[0] != len(windows) or made.shape[2:] != windows.shape[1:]:
            raise InputError(
                f"{self.where}: gave an output of shape {_times(made.shape)} for an input of "
                f"{_times((len(windows), 1, *windows.shape[1:]))}, expected the same batch and voxels"
            )
        if made.shape[1] <= max(self.description["labels"].values()):
            raise InputError(
                f"{self.where}: gave {made.shape[1]} channels, its description names channel "
                f"{max(self.description['labels'].values())}; the first is 0"
            )
        return made

    def _shape_findings(self) -> list[str]:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            return [f"found {len(inputs)} inputs and {len(outputs)} outputs, expected one of each"]
        found = [n if isinstance(n, int) else None for n in inputs[0].shape]
        if len(found) != 5:
            return [f"takes an input of {len(found)} dimensions, expected 5: batch, channel, x, y, z"]
        said = []
        if inputs[0].type != "tensor(float)":
            said.append(f"takes {inputs[0].type}, expected tensor(float)")
        if found != self.description["input_shape"]:
            said.append(f"takes an input of shape {found}, its description says {self.description['input_shape']}")
        if found[1] not in (1, None):
            said.append(f"takes {found[1]} channels, expected 1: the CT")
        fixed = [size for size, n in zip(self.description["patch"], found[2:], strict=True) if n not in (None, size)]
        if fixed:
            said.append(
                f"takes windows of {found[2:]} voxels, its description says a patch of {self.description['patch']}"
            )
        return said


def windowed(ct: np.ndarray, brain: np.ndarray, *, window, brain_only: bool) -> np.ndarray:
    """Return a CT as a network sees it: clipped to a window of HU, which becomes 0 to 1.

    Parameters
    ----------
    ct : ndarray, (x, y, z)
        HU.
    brain : ndarray of bool, (x, y, z)
        The brain.
    window : sequence of 2 float
        HU that become 0 and 1.
    brain_only : bool
        Whether voxels outside the brain become 0.
    """
    low, high = window
    image = (np.clip(ct, low, high).astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.where(brain, image, np.float32(0)) if brain_only else image


def bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    """Return the smallest box that holds a mask that is not empty."""
    axes = range(mask.ndim)
    lines = [np.flatnonzero(mask.any(axis=tuple(other for other in axes if other != axis))) for axis in axes]
    return tuple(slice(int(line[0]), int(line[-1]) + 1) for line in lines)


def _session(model: bytes, where: str):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's exceptions have no common class of their own
        first = (str(error).splitlines() or [""])[0]
        raise InputError(f"{where}: not readable as an ONNX model ({first})") from None


def _probabilities(made: np.ndarray, activation: str) -> np.ndarray:
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-made))
    if activation == "softmax":
        powers = np.exp(made - made.max(axis=0))
        return powers / powers.sum(axis=0)
    return made


def _times(shape) -> str:
    return " x ".join(map(str, shape))
