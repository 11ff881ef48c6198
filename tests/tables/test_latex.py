import re
import shutil
import subprocess

import pytest
from made_items import TABLES, table

from recohort.tables import latex
from recohort.tables.layout import needs, shares, wide
from recohort.tables.table import Column, Row, Table

ODD = '100 % & $5 #1 _{x}^2 ~ \\ <b> |a| "q" p ≥ 0.05 × 3–5 µm ± 2° χ² Δ Σ λ H₂O Cramér\'s V −1 [x] * -- 5‰'


PLAIN = (Column("Term"), Column("p"))


def made(*rows, columns=PLAIN):
    return Table("Table 9. Odd", tuple(columns), tuple(rows))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 %", r"5 \%"),
        ("a_b & c", r"a\_b \& c"),
        ("p<0.05", r"p\textless{}0.05"),
        ("−1.2", r"\ensuremath{-}1.2"),
        ("1–2", r"1\textendash{}2"),
        ("2018.0 to –", r"2018.0 to \textendash{}"),
        ("R²", r"R\textsuperscript{2}"),
        ("χ", r"\ensuremath{\chi}"),
        ("Α", r"\ensuremath{\mathrm{A}}"),
        ("Ω", r"\ensuremath{\Omega}"),
        ("10 µm", r"10 \textmu{}m"),
        ("a--b", "a-{}-b"),
        ("Cramér", "Cramér"),
        ("\\", r"\textbackslash{}"),
    ],
)
def test_characters(text, expected):
    assert latex.escaped(text) == expected


def test_nothing_of_the_text_is_a_command():
    bare = latex.escaped("&%$#_{}~^\\")
    assert not re.search(r"(?<!\\)[&%$#_]", bare)
    assert bare.count(r"\{") == bare.count(r"\}") == 1


def test_a_row_that_begins_with_a_bracket_or_a_star_is_no_option_of_the_row_before():
    text = latex.fragment(made(Row(("a", "1")), Row(("[0, 1]", "2")), Row(("* b", "3"))))
    assert not re.search(r"\\\\\*?\s*[\[*]", text)


@pytest.mark.parametrize("name", TABLES)
def test_rows_have_their_cells(name, columns, frames):
    built = table(name, columns, frames, synthetic=True)
    text = latex.fragment(built)
    body = text.split(r"\endfoot")[1].split(r"\end{longtable}")[0].strip().splitlines()
    assert len(body) == len(built.rows)
    for line, row in zip(body, built.rows, strict=True):
        joints = len(re.findall(r"(?<!\\)&", line))
        assert joints == (0 if row.section else len(built.columns) - 1)
    assert "(synthetic cohort)" in text
    assert text.count(r"\textbf{Warning.}") == len(built.warnings)
    assert text == latex.fragment(built)


def test_heads_span_their_columns_on_every_page():
    columns = (Column("Term"), Column("n", "Before"), Column("%", "Before"), Column("p"))
    text = latex.fragment(made(Row(("a", "1", "2", "3")), columns=columns))
    assert text.count(r"\cmidrule(lr){2-3}") == 2  # the first page's heading, and that of the others
    assert text.count(r"\multicolumn{2}{") == 2
    assert text.index(r"\endfirsthead") < text.index(r"\endhead") < text.index("a & 1")


def test_widths_fill_the_line_and_follow_the_text():
    built = made(Row(("a long heading of a row", "1")))
    assert sum(shares(built)) == pytest.approx(1)
    assert shares(built)[0] > shares(built)[1]
    assert needs(made(Row(("x" * 200, "1"))))[0] == 42  # headings of rows wrap beyond 40 characters; 2 are the gap
    assert not wide(built)
    assert wide(made(Row(("a", *["1.23 (0.12–1.34)"] * 6)), columns=[Column("Term"), *[Column("x")] * 6]))


@pytest.mark.skipif(
    not shutil.which("pdflatex") or not shutil.which("pdftotext"), reason="needs pdflatex and pdftotext"
)
def test_pdflatex_prints_every_cell(columns, frames, tmp_path):
    """What TeX prints is the text that the table holds: no character lost, none taken for a command."""
    rows = [Row(("A section & more",), section=True), *(Row((f"[{n}] {ODD}", "−1.2 (−3.4–5.6)")) for n in range(60))]
    tables = [table(name, columns, frames, synthetic=True) for name in TABLES]
    tables.append(Table(ODD, (Column("Term"), Column("p", "Spanned <")), tuple(rows), (ODD,), (ODD,)))
    text = "\n\\clearpage\n".join(latex.fragment(one) for one in tables)
    (tmp_path / "all.tex").write_text(f"{PREAMBLE}\n\\begin{{document}}\n{text}\\end{{document}}\n", encoding="utf-8")
    for _ in range(2):  # a table that breaks across pages learns its widths in the first
        said = _run(tmp_path, "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex")
    assert "Overfull" not in said
    assert "Missing character" not in said
    printed = _plain(_run(tmp_path, "pdftotext", "-layout", "all.pdf", "-"))
    for one in tables:
        for row in one.rows:
            assert all(_plain(cell) in printed for cell in row.cells[1:])
            assert set(_plain(row.cells[0])) <= set(printed)


PREAMBLE = (
    r"""\documentclass{article}
\usepackage[T1]{fontenc}\usepackage{mathptmx}\usepackage[a4paper,margin=20mm]{geometry}
\input{glyphtounicode}\pdfgentounicode=1\pagestyle{empty}
"""
    + rf"\usepackage{{{','.join(latex.PACKAGES)}}}"
)


def _run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def _plain(text):
    """Leave out how blanks, superscripts and look-alikes come out of a PDF."""
    twins = {"µ": "μ", "∆": "Δ", "²": "2", "₂": "2", "˜": "~", "ˆ": "^", "’": "'", "∗": "*", "♯": "#"}
    return "".join(twins.get(character, character) for character in text if not character.isspace())
