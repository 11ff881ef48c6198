"""Batches: nobody lost, never too large, and a newcomer moves nobody outside its own batch."""

import pytest

from recohort.core.batches import divide


def names(count):
    return [f"sub-{number:04d}" for number in range(count)]


@pytest.mark.parametrize("size", [1, 2, 7, 25])
def test_everyone_is_in_exactly_one_batch_of_at_most_this_size(size):
    batches = divide(names(333), size)
    assert sorted(member for members in batches.values() for member in members) == names(333)
    assert max(len(members) for members in batches.values()) <= size


@pytest.mark.parametrize("size", [1, 5, 25])
def test_a_newcomer_touches_its_own_batch_only(size):
    before = divide(names(200), size)
    for newcomer in ("sub-anna", "sub-bela", "sub-cleo", "sub-dora", "sub-emil"):
        after = divide([*names(200), newcomer], size)
        touched = [batch for batch, members in before.items() if after.get(batch) != members]
        assert len(touched) <= (0 if size == 1 else 1)
        if touched:
            moved = {m for batch, members in after.items() if before.get(batch) != members for m in members}
            assert moved == {*before[touched[0]], newcomer}


def test_the_order_of_the_table_does_not_matter():
    forward, backward = divide(names(100), 10), divide(names(100)[::-1], 10)
    assert {batch: set(members) for batch, members in forward.items()} == {
        batch: set(members) for batch, members in backward.items()
    }


def test_an_empty_study_has_no_batches():
    assert divide([], 10) == {}
