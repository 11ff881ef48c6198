"""A finished table as LaTeX: a fragment for ``\\input``, ruled by booktabs, that breaks across pages."""

import re
from unicodedata import decomposition, name

from recohort.tables.layout import heads, shares, wide
from recohort.tables.table import Column, Row, Table

PACKAGES = ("array", "booktabs", "longtable", "pdflscape")
"""What a document that takes a fragment in must load."""

SYMBOLS = {
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2009": r"\,",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
    "−": r"\ensuremath{-}",
    "×": r"\ensuremath{\times}",
    "·": r"\ensuremath{\cdot}",
    "±": r"\ensuremath{\pm}",
    "÷": r"\ensuremath{\div}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≠": r"\ensuremath{\neq}",
    "≈": r"\ensuremath{\approx}",
    "∞": r"\ensuremath{\infty}",
    "√": r"\ensuremath{\surd}",
    "→": r"\ensuremath{\rightarrow}",
    "←": r"\ensuremath{\leftarrow}",
    "↔": r"\ensuremath{\leftrightarrow}",
    "°": r"\textdegree{}",
    "µ": r"\textmu{}",
    "μ": r"\textmu{}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "§": r"\S{}",
    "¶": r"\P{}",
    "‰": r"\textperthousand{}",
    "€": r"\texteuro{}",
    "ϕ": r"\ensuremath{\phi}",
    "φ": r"\ensuremath{\varphi}",
    "ε": r"\ensuremath{\varepsilon}",
}
"""Characters that LaTeX takes for a command, or lacks. A bracket or a star after a row's end would be its option."""


def fragment(table: Table) -> str:
    """Return the table as LaTeX.

    The document loads `PACKAGES`, which the first line names, and a T1 font; a wide table takes a page on its side. The
    number of the table is that of its title.
    """
    widths = shares(table)
    columns = "".join(_left("p", share) for share in widths)
    head = _head(table, widths)
    lines = [
        f"% \\usepackage[T1]{{fontenc}} \\usepackage{{{','.join(PACKAGES)}}}",
        *([r"\begin{landscape}"] if wide(table) else []),
        r"\begingroup\footnotesize\setlength{\tabcolsep}{3pt}\setlength{\LTleft}{0pt}\setlength{\LTcapwidth}{\linewidth}",
        f"\\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
        f"\\caption*{{\\textbf{{{escaped(table.heading)}}}}}\\\\",
        r"\toprule",
        *head,
        r"\midrule\endfirsthead",
        r"\toprule",
        *head,
        r"\midrule\endhead",
        r"\bottomrule\endfoot",
        *(_row(row, len(table.columns)) for row in table.rows),
        r"\end{longtable}",
        *_notes(table),
        r"\endgroup",
        *([r"\end{landscape}"] if wide(table) else []),
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return text as LaTeX prints it as it stands.

    A character that LaTeX has no command for is left as it is: LuaLaTeX and XeLaTeX print it if the font has it.

    Examples
    --------
    >>> escaped("p < 0.05 & R² ≥ 50 %")
    'p \\\\textless{} 0.05 \\\\& R\\\\textsuperscript{2} \\\\ensuremath{\\\\geq} 50 \\\\%'
    """
    said = "".join(_character(character) for character in text)
    return re.sub("--+", lambda hyphens: "{}".join(hyphens[0]), said)  # else a ligature: a dash


def _character(character: str) -> str:
    if character in SYMBOLS:
        return SYMBOLS[character]
    if character.isascii():
        return character
    how, _, of = decomposition(character).partition(" ")
    if how in ("<super>", "<sub>"):
        return f"\\text{how[1:-1]}script{{{''.join(chr(int(code, 16)) for code in of.split())}}}"
    if letter := re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (FINAL SIGMA|LAMDA|\w+)", name(character, "")):
        return _greek(letter[2], capital=letter[1] == "CAPITAL")
    return character


def _greek(letter: str, *, capital: bool) -> str:
    word = {"LAMDA": "lambda", "FINAL SIGMA": "varsigma"}.get(letter, letter.lower())
    like_latin = {"alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I", "kappa": "K"}
    like_latin |= {"mu": "M", "nu": "N", "omicron": "O", "rho": "P", "tau": "T", "chi": "X"}
    if capital and word in like_latin:
        return f"\\ensuremath{{\\mathrm{{{like_latin[word]}}}}}"
    if word == "omicron":
        return r"\ensuremath{o}"
    return f"\\ensuremath{{\\{word.capitalize() if capital else word}}}"


def _left(kind: str, share: float, width: int = 1) -> str:
    """Return a column that wraps, flush left: `p` aligned at its first line, `b` at its last."""
    return f">{{\\raggedright\\arraybackslash}}{kind}{{{_room(share, width)}}}"


def _room(share: float, width: int) -> str:
    """Return the width of `width` columns of which the gaps between them are part."""
    return f"\\dimexpr {share:.4f}\\linewidth-2\\tabcolsep\\relax"


def _head(table: Table, widths: list[float]) -> list[str]:
    labels = []
    for place, (column, share) in enumerate(zip(table.columns, widths, strict=True)):
        own = _edge(place, 1, table.columns, _left("b", share))
        labels.append(f"\\multicolumn{{1}}{{{own}}}{{\\textbf{{{escaped(column.label)}}}}}")
    lower = " & ".join(labels) + r" \\"
    spans = list(heads(table.columns))
    if not any(spanner for spanner, _, _ in spans):
        return [lower]
    upper, rules = [], []
    for spanner, first, width in spans:
        if not spanner:
            upper += [""] * width
            continue
        room = _room(sum(widths[first : first + width]), width)
        column = _edge(first, width, table.columns, f">{{\\centering\\arraybackslash}}p{{{room}}}")
        upper.append(f"\\multicolumn{{{width}}}{{{column}}}{{\\textbf{{{escaped(spanner)}}}}}")
        rules.append(f"\\cmidrule(lr){{{first + 1}-{first + width}}}")
    return [" & ".join(upper) + r" \\", "".join(rules), lower]


def _edge(place: int, width: int, columns: tuple[Column, ...], column: str) -> str:
    """Return a cell's own column without the gap at the table's left or right edge, as its row has it."""
    left = "@{}" if place == 0 else ""
    right = "@{}" if place + width == len(columns) else ""
    return left + column + right


def _row(row: Row, width: int) -> str:
    if row.section:
        return f"\\addlinespace\\multicolumn{{{width}}}{{@{{}}l@{{}}}}{{\\textbf{{{escaped(row.cells[0])}}}}} \\\\*"
    first, *rest = (escaped(cell) for cell in row.cells)
    return " & ".join([r"\hspace*{1em}" * row.level + first, *rest]) + r" \\"


def _notes(table: Table) -> list[str]:
    warnings = [f"\\textbf{{Warning.}} {escaped(text)}" for text in table.warnings]
    notes = [*(escaped(note) for note in table.footnotes), *warnings]
    return [f"\\noindent {note}\\par" for note in notes]
