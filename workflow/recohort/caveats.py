"""What every result of a study rests on and must say, known before the run: a synthetic cohort, a demonstration."""

from importlib import import_module
from importlib.util import find_spec

from recohort.study import Study


def caveats_of(study: Study) -> list[str]:
    """Return the words of ``tables.words.CAVEATS`` that hold for a study, the gravest first.

    A kind of images says in its module ``beside`` whether its settings only demonstrate (``demonstrates(*, images)``).
    The words hold for all tables and figures of the study: whom the images exclude is no longer in any of them.
    """
    held = {"synthetic": study.dataset.synthetic, "demonstration": study.has_images and _demonstrates(study)}
    return [word for word, holds in held.items() if holds]


def _demonstrates(study: Study) -> bool:
    module = study.images_by("beside")
    return find_spec(module) is not None and import_module(module).demonstrates(images=study.config["images"])
