"""The committed network on fresh heads of the synthetic cohort: above a floor a bit below docs/methods/wml.md."""

import numpy as np
import pytest

from recohort.core.schema import load_schema, with_defaults
from recohort.core.seeds import generator
from recohort.images.wml.brain import brain_mask
from recohort.images.wml.quality import dice
from recohort.modalities.wml.processing import SEGMENTERS
from recohort.synthetic.wml.head import simulate_head

pytestmark = pytest.mark.slow
VOLUMES = np.geomspace(1.2, 50, 20)
FLOOR = 0.42


@pytest.fixture(scope="module")
def heads():
    """20 heads of 1.2 to 50 mL: CT, brain mask made from it, true lesions, affine."""
    section = with_defaults({"kind": "wml"}, load_schema("synthetic/wml"))
    settings = with_defaults({"kind": "wml", "segmentation": {"kind": "threshold"}}, load_schema("images"))["brain"]
    settings.pop("source")
    made = []
    for number, volume in enumerate(VOLUMES):
        ct, masks, affine = simulate_head(section, generator(5, "wml_demonstration_test", number), wml_ml=float(volume))
        ct = ct.astype(np.float32)
        made.append((ct, brain_mask(ct, affine, **settings), masks["WML"], affine))
    return made


@pytest.fixture
def segment(heads, study_images):
    def by(segmentation):
        settings = study_images(segmentation)["segmentation"]
        segmenter = SEGMENTERS[settings.pop("kind")]
        found = [segmenter(None, ct, brain, affine, **settings)[0] for ct, brain, _, affine in heads]
        overlap = [dice(mask, head[2]) for mask, head in zip(found, heads, strict=True)]
        volumes = [(mask.sum(), head[2].sum()) for mask, head in zip(found, heads, strict=True)]
        return np.array(overlap), np.array(volumes, float).T * 1.75 * 1.75 * 5 / 1000

    return by


def test_the_network_finds_lesions_and_their_volume(segment, request):
    model = request.config.rootpath / "data" / "models" / "wml_demonstration.onnx"
    overlap, (found, true) = segment({"kind": "onnx", "model": str(model)})
    baseline, _ = segment({"kind": "threshold"})
    assert overlap.mean() > FLOOR
    assert (overlap > baseline).mean() > 0.9
    assert overlap.mean() > baseline.mean() + 0.15
    assert np.corrcoef(found, true)[0, 1] > 0.95
    assert found.sum() / true.sum() == pytest.approx(1, abs=0.2)
    assert overlap[VOLUMES > 20].mean() > 0.6
