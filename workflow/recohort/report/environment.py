"""What the pages' templates share: nothing in them is fetched from anywhere, no script but ours can run."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from recohort.tables.words import titled

DOI = re.compile(r"\b(doi:?\s?)(10\.\d{4,}/[^\s<>\"]*[^\s<>\".,;)])")


def environment(templates: Mapping[str, str], *, caveats: Sequence[str]) -> Environment:
    """Return the environment that fills the templates; escaping is on, an unknown word is an error.

    Parameters
    ----------
    templates : mapping
        File name -> content of every ``*.html.j2``.
    caveats : sequence of str
        What titles must say (filter ``said``), the gravest first.
    """
    made = Environment(
        loader=DictLoader(templates), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

    def said(title: str) -> str:
        return titled(title, caveats=caveats)

    made.filters |= {"embedded": embedded, "linked": linked, "policy": policy, "said": said, "word": word, "wide": wide}
    return made


def embedded(image: str | bytes) -> str:
    """Return a drawing (SVG) or a picture (PNG) as the address that holds it."""
    kind, content = ("png", image) if isinstance(image, bytes) else ("svg+xml", image.encode())
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")


def linked(text: str) -> Markup:
    """Return text whose DOIs can be followed.

    Examples
    --------
    >>> str(linked("Cox DR & al. doi:10.1111/j.x."))
    'Cox DR &amp; al. doi:<a href="https://doi.org/10.1111/j.x">10.1111/j.x</a>.'
    """
    pieces, last = [], 0
    for found in DOI.finditer(text):
        doi = escape(found[2])
        pieces += [escape(text[last : found.start(2)]), Markup(f'<a href="https://doi.org/{doi}">{doi}</a>')]
        last = found.end()
    return Markup("").join([*pieces, escape(text[last:])])


def policy(script: str) -> str:
    """Return the content security policy of a page: pictures from beside it, this script, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return f"default-src 'none'; img-src data: file: 'self'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def wide(drawing: str | bytes) -> bool:
    """Return whether a drawing is wider than one column of a journal."""
    if isinstance(drawing, bytes):
        return int.from_bytes(drawing[16:20], "big") / 300 * 72 > 300  # the width stands in a PNG's first chunk
    width = re.search(r'<svg[^>]* width="([0-9.]+)pt"', drawing)
    return width is not None and float(width[1]) > 300


def word(text: str) -> str:
    """Return a verdict as the name of a class.

    Examples
    --------
    >>> word("within CI")
    'within-ci'
    """
    return text.replace(" ", "-").lower()
