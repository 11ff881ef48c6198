"""What stands beside the participants: the template and the atlas."""


def reads(*, images: dict) -> list[str]:
    """Return the files beside the participants' that the images are made with; that of nilearn is pinned with it."""
    template, atlas = images["template"], images["atlas"]
    files = [template["image"], template["mask"]] if template["kind"] == "file" else []
    return [*files, *([atlas["image"], atlas["labels"]] if atlas else [])]


def demonstrates(*, images: dict) -> bool:
    """Return whether what is used is no tool for patients; nothing here is."""
    return False
