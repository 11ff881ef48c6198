"""Rows of printed numbers for the tests, and what the audit says of them."""

from recohort.audit.checks import audit
from recohort.audit.paper import paper
from recohort.core.schema import load_schema

SCHEMA = load_schema("published")
EMPTY = dict.fromkeys(SCHEMA["required"], "") | {
    "quantity": "x",
    "printed": "Table 1",
    "source": "A",
    "tolerance": "exact",
}


def made(*rows):
    """Return a paper of rows of text; a row without an item is called x, y, z ..."""
    named = [EMPTY | {"item": "xyzuvw"[i]} | row for i, row in enumerate(rows)]
    return paper(enumerate(named, start=2), SCHEMA, where="paper.csv")


def audited(*rows):
    """Return the findings of such a paper."""
    return audit(made(*rows))


def only(check, *rows):
    """Return the one finding of a check."""
    found = [finding for finding in audited(*rows) if finding.check == check]
    assert len(found) == 1, found
    return found[0]


def verdict(check, *rows):
    """Return the verdict of the one finding of a check."""
    return only(check, *rows).verdict
