"""Networks in ONNX whose output is known in closed form, and their descriptions."""

import hashlib
import json

import numpy as np
import pytest

WINDOW = (0, 60)
THRESHOLD_HU = 24.0


def convolution(kernel, bias, path, *, shape=("n", 1, "x", "y", "z"), sigmoid=True):
    """Write an ONNX file of one convolution with these weights, (out, 1, x, y, z)."""
    onnx = pytest.importorskip("onnx")
    helper, kernel = onnx.helper, np.asarray(kernel, np.float32)
    pads = [n // 2 for n in kernel.shape[2:]]
    weights = [onnx.numpy_helper.from_array(kernel, "w"), onnx.numpy_helper.from_array(np.float32(bias), "b")]
    nodes = [helper.make_node("Conv", ["ct", "w", "b"], ["logit"], pads=pads * 2)]
    nodes += [helper.make_node("Sigmoid", ["logit"], ["p"])] if sigmoid else []
    given = helper.make_tensor_value_info("ct", onnx.TensorProto.FLOAT, shape)
    made = helper.make_tensor_value_info("p" if sigmoid else "logit", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "convolution", [given], [made], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


def describe(path, **changes):
    """Write the description of a model beside it, and return it."""
    description = {
        "description": "A threshold.",
        "demonstration": False,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "orientation": "RAS",
        "spacing_mm": [None, None, None],
        "window": list(WINDOW),
        "input_shape": [None, 1, None, None, None],
        "patch": [16, 12, 8],
        "overlap": 0.25,
        "labels": {"WML": 0},
        "activation": "none",
        **changes,
    }
    path.with_suffix(".json").write_text(json.dumps(description))
    return description


def write_threshold(path, **changes):
    """Write a network that is a steep threshold, lesion is darker than `THRESHOLD_HU`, and its description."""
    steep, (low, high) = 400.0, WINDOW
    bias = steep * (THRESHOLD_HU - low) / (high - low)
    convolution(np.full((1, 1, 1, 1, 1), -steep), [bias], path)
    describe(path, **changes)
    return path
