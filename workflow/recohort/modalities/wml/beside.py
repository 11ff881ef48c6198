"""What stands beside the participants: the network that segments."""

from pathlib import Path


def reads(*, images: dict) -> list[str]:
    """Return the files beside the participants' that the images are made with."""
    chosen = images["segmentation"]
    if chosen["kind"] == "onnx":
        return [chosen["model"], str(Path(chosen["model"]).with_suffix(".json"))]
    if chosen["kind"] == "nnunet":
        return sorted(str(path) for path in Path(chosen["model"]).rglob("*") if path.suffix in (".json", ".pth"))
    return []
