"""UpSet plots: counts against pandas, order, dots, who is left out, and what disclosure does not let pass."""

import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings, texts
from matplotlib.colors import to_hex

from recohort.core.errors import InputError
from recohort.figures import overlap
from recohort.figures.overlap import combinations

FAILURES = pd.DataFrame(
    {
        "pet": [0] * 38 + [1] * 5 + [0] * 6,
        "biopsy": [0] * 42 + [1] + [0] * 6,
        "growth": [0] * 41 + [1] * 2 + [0] + [1] * 5,
    }
)
COLUMNS = {"growth": {"label": "Size increase of 20 % or more at the last examination"}, "pet": {"label": "PET"}}


def draw(frame=FAILURES, *, counted=None, **entry):
    entry = {"cohort": "eligible", "criteria": list(frame), **entry}
    extra = {"counted": counted} if counted else {}
    frames = {"cohort/eligible": frame.assign(participant_id="x")}
    return overlap.draw(frames, columns=COLUMNS, synthetic=False, **settings("overlap", **entry), **extra)


def random(n=300, seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            f"criterion_{name}": rng.random(n) < p
            for name, p in zip("abcdef", (0.5, 0.3, 0.2, 0.4, 0.1, 0.05), strict=True)
        }
    )


def upper(figure):
    return [round(bar.get_height()) for bar in figure.axes[1].patches]


def sets(figure):
    return [round(bar.get_width()) for bar in figure.axes[2].patches]


def met(figure):
    """The rows of black dots of each combination."""
    black = [part for part in figure.axes[3].collections if to_hex(part.get_facecolor()[0]) == "#000000"]
    dots = np.concatenate([part.get_offsets() for part in black])
    return {int(place): sorted(dots[dots[:, 0] == place, 1].astype(int).tolist()) for place in np.unique(dots[:, 0])}


def said(figure):
    return " ".join(text.get_text() for text in texts(figure)).replace("\n", " ")


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("frame", [FAILURES, random().iloc[:, :4]])
def test_words_are_legible(width, frame):
    figure = draw(frame, width=width, most=16 if width == "double" else 8)
    assert_legible(figure)
    assert min(text.get_fontsize() for text in texts(figure)) >= 6.5


def test_counts_are_those_of_pandas():
    frame = random()
    counts = frame.value_counts()
    found = dict(combinations(frame))
    assert found == counts.to_dict() and list(found.values()) == sorted(counts, reverse=True)
    figure = draw(frame, width="double", most=40)
    assert upper(figure) == sorted(counts, reverse=True)
    assert sets(figure) == frame.sum().tolist()
    assert "n=300" in said(figure)


def test_dots_stand_where_criteria_are_met():
    figure = draw()
    assert upper(figure) == [39, 5, 3, 1, 1]
    assert met(figure) == {1: [2], 2: [0], 3: [0, 2], 4: [0, 1, 2]}
    assert sets(figure) == [5, 1, 7]
    assert "without a black dot: none of these" in said(figure)


def test_equally_large_ones_stand_with_the_fewest_criteria_first():
    frame = pd.DataFrame({"a": [1, 0, 1], "b": [1, 1, 0]})
    assert [which for which, _ in combinations(frame)] == [(True, False), (False, True), (True, True)]


def test_what_is_not_drawn_is_said():
    figure = draw(none=False, most=2)
    assert upper(figure) == [5, 3]
    assert "39 with none of these not drawn; 2 further combinations of 2 not drawn" in said(figure)
    unknown = FAILURES.astype(float)
    unknown.loc[[0, 40], "pet"] = np.nan
    figure = draw(unknown)
    assert sum(upper(figure)) == 47 and "n=47" in said(figure)
    assert "2 of whom a criterion is unknown left out" in said(figure)


def test_rounded_counts_are_drawn_and_withheld_ones_refuse_the_figure():
    asked = []

    def rounded(n, cohort, *conditions):
        asked.append((cohort, *conditions))
        return 5 * round(n / 5)

    figure = draw(counted=rounded)
    assert upper(figure) == [40, 5, 5, 0, 0]
    assert ("eligible", "pet=0", "biopsy=0", "growth=1") in asked and ("eligible", "pet=1") in asked
    with pytest.raises(InputError, match="found a count that disclosure withholds"):
        draw(counted=lambda n, *_: "<5" if n < 5 else n)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="criteria: found pet 2, expected a boolean, 0 or 1"):
        draw(FAILURES.assign(pet=2))
    with pytest.raises(InputError, match="found nobody of whom pet, biopsy, growth are known"):
        draw(FAILURES.assign(pet=np.nan))
    with pytest.raises(InputError, match="found nobody who meets any of pet, biopsy, growth"):
        draw(FAILURES.assign(pet=0, biopsy=0, growth=0), none=False)
