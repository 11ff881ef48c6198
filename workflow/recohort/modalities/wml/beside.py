"""What stands beside the participants: the network that segments."""

from pathlib import Path

from recohort.core.io import read_json


def reads(*, images: dict) -> list[str]:
    """Return the files beside the participants' that the images are made with."""
    chosen = images["segmentation"]
    if chosen["kind"] == "onnx":
        return [chosen["model"], str(Path(chosen["model"]).with_suffix(".json"))]
    if chosen["kind"] == "nnunet":
        return sorted(str(path) for path in Path(chosen["model"]).rglob("*") if path.suffix in (".json", ".pth"))
    return []


def demonstrates(*, images: dict) -> bool:
    """Return whether what segments is no tool for patients: the threshold, or a network whose description says so.

    Raises
    ------
    InputError
        The network has no readable description.
    """
    chosen = images["segmentation"]
    if chosen["kind"] == "onnx":
        return bool(read_json(Path(chosen["model"]).with_suffix(".json")).get("demonstration"))
    return chosen["kind"] == "threshold"
