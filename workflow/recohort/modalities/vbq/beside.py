"""What stands beside the participants: the scheme of the label maps."""

import os

from recohort.modalities.vbq.files import scheme_file


def reads(*, images: dict) -> list[str]:
    """Return the files beside the participants' that the images are made with."""
    return [os.path.relpath(scheme_file(images))]


def demonstrates(*, images: dict) -> bool:
    """Return whether what segments is no tool for patients; the label maps are given, so it is not known here."""
    return False
