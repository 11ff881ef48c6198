"""The language of the column `relation`: what the paper says of one number and others, phrases joined by ';'."""

import difflib
import functools
import re
from typing import NamedTuple

PHRASES = (
    "sum of <parts...>",
    "any of <parts...>",
    "part of <whole>",
    "plus <other> equals <parts...>",
    "same as <other>",
    "lower than <other>",
    "higher than <other>",
    "raises",
    "lowers",
    "integers",
    "integers of <k#> items",
    "exp of <other>",
    "quotient of <above> <below>",
    "difference of <first> <second>",
    "share of <part> in <parts...>",
    "youden of <sensitivity> <specificity>",
    "positive likelihood ratio of <sensitivity> <specificity>",
    "negative likelihood ratio of <sensitivity> <specificity>",
    "p of <statistic>",
    "bonferroni of <raw> x <k#>",
    "holm of <raw> among <members...>",
    "bh of <raw> among <members...>",
    "family <word>",
    "events <events#>",
    "survival ratio of <above> <below>",
    "matched on outcome <events#> <others#> of <enrolled#>",
    "area over <sensitivity> <specificity>",
    "youden area over <sensitivity> <specificity>",
    "threshold chosen among <ill#> <well#>",
    "index test is criterion <criterion>",
    "share above <threshold> of <mean>",
    "compared with <other> [p in <p>]",
    "t test against <other> [p in <p>]",
    "paired t test against <other> [p in <p>]",
    "crosses 1 from <main...> with median <median>",
)
"""`<word>` is an item, `<word...>` one or several, `<word#>` a number or an item with one; [] may be left out."""

ITEM = r"[A-Za-z][A-Za-z0-9_.]*"


class Relation(NamedTuple):
    """One phrase: its `kind` is the phrase up to its first item; `words` are what stood in its places."""

    kind: str
    words: dict[str, str]
    several: frozenset[str]
    text: str


def parse(text: str) -> list[Relation]:
    """Read one cell.

    Raises
    ------
    ValueError
        A phrase is none of `PHRASES`; the message says which and which comes nearest.

    Examples
    --------
    >>> parse("sum of pet biopsy; events 30")[1].words
    {'events': '30'}
    """
    return [_phrase(" ".join(phrase.split())) for phrase in text.split(";") if phrase.strip()]


def kind_of(phrase: str) -> str:
    """Return the words that make a phrase: those outside its places, before the option."""
    return " ".join(re.sub(r"<[^>]*>", "", phrase.partition("[")[0]).split())


def _phrase(text: str) -> Relation:
    for phrase in PHRASES:
        if found := _pattern(phrase).fullmatch(text):
            words = {word: value for word, value in found.groupdict().items() if value}
            several = frozenset(re.findall(r"<(\w+)\.\.\.>", phrase))
            return Relation(kind_of(phrase), words, several, text)
    nearest = difflib.get_close_matches(text, PHRASES, n=1, cutoff=0.0)[0]
    raise ValueError(f"found '{text}', expected a phrase such as '{nearest}'")


@functools.cache
def _pattern(phrase: str) -> re.Pattern:
    places = {"...": rf"{ITEM}(?: {ITEM})*", "#": rf"(?:{ITEM}|\d+(?:\.\d+)?)", "": ITEM}

    def place(match: re.Match) -> str:
        return rf"(?P<{match[1]}>{places[match[2]]})"

    pattern = re.sub(r" \[(.*?)\]", r"(?: \1)?", phrase)
    pattern = re.sub(r"<(\w+?)(\.\.\.|#|)>", place, pattern)
    return re.compile(pattern.replace(" x (", " x ?("))
