"""The committed network on fresh heads of the synthetic trial: above a floor a bit below docs/methods/wml.md."""

import numpy as np
import pytest
from scipy import special

from recohort.core.schema import load_schema, with_defaults
from recohort.core.seeds import generator
from recohort.images.wml.brain import brain_mask
from recohort.images.wml.quality import dice
from recohort.modalities.wml.processing import SEGMENTERS
from recohort.synthetic.wml.cohort import bounded_lognormal
from recohort.synthetic.wml.head import simulate_head

pytestmark = pytest.mark.slow
BANDS = ((0.05, 0.5), (0.5, 1.0), (1.0, 5.0), (5.0, 20.0), (20.0, 150.0))
FLOOR = 0.75


@pytest.fixture(scope="module")
def volumes():
    """6 volumes in each band below 1 mL, and 30 quantiles of the trial's volumes above 1 mL, mL."""
    wml = with_defaults({"kind": "wml"}, load_schema("synthetic/wml"))["wml"]["volume_ml"]
    ranks = (np.arange(2000) + 0.5) / 2000
    cohort = bounded_lognormal(special.ndtri(ranks), **wml)
    above = np.quantile(cohort[cohort > 1], (np.arange(30) + 0.5) / 30)
    return np.concatenate([*(np.geomspace(*band, 8)[1:-1] for band in BANDS[:2]), above])


@pytest.fixture(scope="module")
def heads(volumes):
    """A head of each volume: CT, brain mask made from it, true lesions, affine."""
    section = with_defaults({"kind": "wml"}, load_schema("synthetic/wml"))
    settings = with_defaults({"kind": "wml", "segmentation": {"kind": "threshold"}}, load_schema("images"))["brain"]
    settings.pop("source")
    made = []
    for number, volume in enumerate(volumes):
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
        return np.array(overlap), np.array([mask.sum() for mask in found]) * 1.75 * 1.75 * 5 / 1000

    return by


def test_the_network_finds_lesions_and_their_volume(segment, volumes, request):
    model = request.config.rootpath / "data" / "models" / "wml_demonstration.onnx"
    overlap, found = segment({"kind": "onnx", "model": str(model)})
    baseline, _ = segment({"kind": "threshold"})
    above = volumes > 1
    assert overlap[above].mean() >= FLOOR
    for low, high in BANDS:
        band = (volumes >= low) & (volumes < high)
        assert overlap[band].mean() > baseline[band].mean(), (low, high)
    assert (overlap > baseline)[above].mean() > 0.9
    assert np.corrcoef(found, volumes)[0, 1] > 0.95
    assert found[above].sum() / volumes[above].sum() == pytest.approx(1, abs=0.1)
