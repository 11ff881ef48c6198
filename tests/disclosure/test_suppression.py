"""Counts that are withheld cannot be computed back, and hardly more are withheld than must be."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array

from recohort.core.seeds import generator
from recohort.disclosure import attack
from recohort.disclosure.cells import Ledger, crossed
from recohort.disclosure.suppress import is_small, rounded, suppress

LEAST = {"shown": 1, "hidden": 0}


def rules(minimum_count=5, zeros="shown", round_to=None):
    return {"minimum_count": minimum_count, "zeros": zeros, "round_to": round_to}


def printed(cells, withheld, given):
    """What stands in the table, as text."""
    counts = cells.counts if given["round_to"] is None else rounded(cells.counts, round_to=given["round_to"])
    texts = np.where(withheld.others, "[c]", counts.astype(str)).astype(object)
    texts[withheld.small] = f"<{given['minimum_count']}"
    return texts


def reader_of(cells, texts, given):
    """Who has the printed texts and knows which sums hold."""
    statements = [attack.said(name, text, **given) for name, text in zip(cells.names, texts, strict=True)]
    for row in cells.sums.toarray():
        whole, parts = np.flatnonzero(row > 0)[0], np.flatnonzero(row < 0)
        statements.append(attack.sum_of(cells.names[whole], [cells.names[part] for part in parts]))
    return attack.Reader(statements)


def broken(cells, given):
    """Small counts of which a reader knows more than the labels alone say."""
    withheld = suppress(cells, **given)
    texts = printed(cells, withheld, given)
    labels = np.where(withheld.small | (cells.counts == 0) & (given["zeros"] == "shown"), texts, "[c]")
    reader, blind = reader_of(cells, texts, given), reader_of(cells, labels, given)
    candidates = range(LEAST[given["zeros"]], given["minimum_count"])
    return [
        cells.names[place]
        for place in np.flatnonzero(withheld.small)
        if reader.values(cells.names[place], candidates) != blind.values(cells.names[place], candidates)
    ]


def random_table(seed):
    rng = generator(2, "table", str(seed))
    shape = rng.integers(2, 6), rng.integers(2, 5)
    return rng.poisson(rng.choice([0.5, 3, 8, 20, 60], size=shape))


GIVEN = [rules(), rules(10), rules(5, "hidden"), rules(5, "shown", 5), rules(8, "shown", 6)]


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_no_small_count_of_random_tables_can_be_narrowed_down(given):
    """Tables with both margins; each small count keeps every value that its label allows."""
    for seed in range(12):
        assert broken(crossed(random_table(seed)), given) == [], seed


def test_the_attack_finds_a_count_when_only_small_ones_are_withheld():
    """The test must be able to fail: without secondary suppression the margins give every small count away."""
    cells = crossed([[2, 30], [40, 50]])
    small = is_small(cells.counts, minimum=5, zeros="shown")
    texts = np.where(small, "<5", cells.counts.astype(str))
    assert reader_of(cells, texts, rules()).interval("0,0") == (2, 2)
    withheld = suppress(cells, **rules())
    assert withheld.others.sum() == 3
    assert reader_of(cells, printed(cells, withheld, rules()), rules()).values("0,0", range(1, 5)) == [1, 2, 3, 4]


def test_a_complement_is_guarded_though_nobody_prints_it():
    ledger = Ledger()
    ledger.count("all", 100)
    ledger.count("smokers", 97)
    ledger.rest("all", "smokers", "others")
    withheld = suppress(ledger.cells(), **rules())
    assert withheld.small.tolist() == [False, False, True]
    assert withheld.others.sum() == 1


def test_nested_cohorts_are_not_subtracted():
    """Of 40 patients 37 remain: who left would be the difference."""
    ledger = Ledger()
    ledger.count("before", 40)
    ledger.count("after", 37)
    ledger.rest("before", "after", "left")
    withheld = suppress(ledger.cells(), **rules())
    assert withheld.others.sum() == 1


def test_tables_without_small_counts_stay_whole():
    withheld = suppress(crossed([[5, 30, 0], [40, 50, 12]]), **rules())
    assert not withheld.small.any()
    assert not withheld.others.any()


def fewest(cells, given):
    """The least number of further cells by one integer program over all small counts and both ends of their range."""
    n, minimum = len(cells.counts), given["minimum_count"]
    small = is_small(cells.counts, minimum=minimum, zeros=given["zeros"])
    ends = [(place, value) for place in np.flatnonzero(small) for value in (LEAST[given["zeros"]], minimum - 1)]
    top = 2 * cells.counts.max() + 10 * minimum
    free = ~small & (cells.counts >= minimum)
    low = np.where(small, LEAST[given["zeros"]], np.where(free, minimum, cells.counts))
    high = np.where(small, minimum - 1, np.where(free, top, cells.counts))
    open_low, open_high = np.where(free, minimum - cells.counts, 0), np.where(free, top - cells.counts, 0)
    identity, blocks, rows_low, rows_high = eye_array(n), [], [], []
    keep = np.flatnonzero(~small)
    for copy in range(len(ends)):
        before = [csr_array((len(keep), n))] * copy
        after = [csr_array((len(keep), n))] * (len(ends) - copy - 1)
        moved = identity.tocsr()[keep]
        blocks.append([*before, moved, *after, csr_array(-np.diag(open_low)[keep])])
        blocks.append([*before, moved, *after, csr_array(-np.diag(open_high)[keep])])
        rows_low += [cells.counts[keep], np.full(len(keep), -np.inf)]
        rows_high += [np.full(len(keep), np.inf), cells.counts[keep]]
        k = cells.sums.shape[0]
        none = [csr_array((k, n))]
        blocks.append([*none * copy, cells.sums, *none * (len(ends) - copy - 1), csr_array((k, n))])
        rows_low.append(np.zeros(k))
        rows_high.append(np.zeros(k))
    bottom, ceiling = np.tile(low, len(ends)).astype(float), np.tile(high, len(ends)).astype(float)
    for copy, (place, value) in enumerate(ends):
        bottom[copy * n + place] = ceiling[copy * n + place] = value
    found = milp(
        np.r_[np.zeros(n * len(ends)), np.ones(n)],
        integrality=np.r_[np.zeros(n * len(ends)), np.ones(n)],
        bounds=Bounds(np.r_[bottom, np.zeros(n)], np.r_[ceiling, free.astype(float)]),
        constraints=LinearConstraint(block_array(blocks).tocsr(), np.concatenate(rows_low), np.concatenate(rows_high)),
    )
    return None if found.x is None else round(found.fun)


def test_hardly_more_is_withheld_than_must_be():
    """Against the optimum of small tables; the sequential method is a heuristic, at worst two cells above here."""
    needed, taken = [], []
    for seed in range(30):
        rng = generator(3, "small table", str(seed))
        cells = crossed(rng.poisson(rng.choice([3, 8, 20], size=(3, 3))))
        least = fewest(cells, rules()) if is_small(cells.counts, minimum=5, zeros="shown").any() else None
        if least is not None:
            needed.append(least)
            taken.append(int(suppress(cells, **rules()).others.sum()))
    excess = np.array(taken) - np.array(needed)
    assert len(needed) >= 20
    assert excess.min() >= 0
    assert excess.max() <= 2
    assert sum(taken) <= 1.1 * sum(needed)


def test_the_example_of_the_page_holds():
    page = (Path(__file__).resolve().parents[2] / "docs" / "disclosure.md").read_text()
    typed = re.search(r"```python\n(.*?)(reader\.values\(.*?\))\s+# (.*?)\n```", page, flags=re.S)
    held: dict = {}
    exec(typed[1], held)
    assert str(eval(typed[2], held)) == typed[3]
