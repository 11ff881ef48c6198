"""Random streams: a function of seed and purpose, and of nothing else."""

from recohort.core.seeds import generator


def test_same_words_same_numbers():
    assert generator(1, "study", "sub-01").random() == generator(1, "study", "sub-01").random()


def test_seed_and_words_each_matter():
    draws = {generator(seed, *words).random() for seed in (1, 2) for words in (("a", "b"), ("b", "a"), ("a",), ("ab",))}
    assert len(draws) == 8
