"""The language of `relation`, and that every phrase of it is a check and is documented."""

import re
from pathlib import Path

import pytest

from recohort.audit.checks import BY_RELATION
from recohort.audit.relations import PHRASES, kind_of, parse

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def sample(phrase):
    """Return a phrase with its places filled, its option taken."""
    text = phrase.replace("[", "").replace("]", "")
    return re.sub(r"<(\w+?)(\.\.\.|#|)>", lambda m: {"...": f"{m[1]}_1 {m[1]}_2", "#": "4", "": m[1]}[m[2]], text)


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_is_read(phrase):
    (relation,) = parse(sample(phrase))
    assert relation.kind == kind_of(phrase)
    assert set(relation.words) == set(re.findall(r"<(\w+)", phrase))
    for place in relation.several:
        assert relation.words[place] == f"{place}_1 {place}_2"


def test_every_phrase_has_a_check_and_every_check_a_phrase():
    assert {kind_of(phrase) for phrase in PHRASES} == {*BY_RELATION, "family"}


def test_every_phrase_is_documented():
    text = PAGE.read_text()
    assert [phrase for phrase in PHRASES if f"`{phrase}`" not in text] == []


def test_phrases_are_joined_by_semicolons_and_blanks_do_not_matter():
    first, second = parse("  sum of  a b c ;events 30; ")
    assert first.words == {"parts": "a b c"}
    assert second.words == {"events": "30"}
    assert parse("") == []
    assert parse("bonferroni of a x4")[0].words == parse("bonferroni of a x 4")[0].words == {"raw": "a", "k": "4"}


def test_an_option_may_be_left_out():
    assert parse("compared with b")[0].words == {"other": "b"}
    assert parse("compared with b p in c")[0].words == {"other": "b", "p": "c"}


@pytest.mark.parametrize("text", ["summ of a b", "lower a", "sum of", "events many than", "part of a b"])
def test_what_is_no_phrase_is_said_with_the_nearest(text):
    with pytest.raises(ValueError, match="expected a phrase such as"):
        parse(text)
