import io
import zipfile
from xml.etree import ElementTree

import pytest

pytest.importorskip("docx", reason="python-docx is not installed")

import docx as word
from docx.oxml.ns import qn
from made_items import TABLES, table

from recohort.tables.docx import document
from recohort.tables.table import Column, Row, Table

SPANNED = Table(
    "Table 1. Patients & <others>",
    (Column("Term"), Column("n", "Before"), Column("%", "Before"), Column("p")),
    (Row(("Demography",), section=True), Row(("Age", "10", "−1.5", "<0.001")), Row(("Old", "5", "50 %", ""), level=1)),
    ("First note.", "Second note."),
    ("Mind this.",),
    ("synthetic",),
)


def opened(table):
    return word.Document(io.BytesIO(document(table)))


def texts(row):
    """Text of a row's cells as they stand in the file; a merged one once."""
    return ["".join(run.text or "" for run in cell.iter(qn("w:t"))) for cell in row._tr.tc_lst]


@pytest.mark.parametrize("name", TABLES)
def test_word_holds_every_cell(name, columns, frames):
    built = table(name, columns, frames, synthetic=True)
    page = opened(built)
    upper = 1 + any(column.spanner for column in built.columns)
    rows = page.tables[0].rows
    assert len(rows) == upper + len(built.rows)
    for row, expected in zip(rows[upper:], built.rows, strict=True):
        assert texts(row) == list(expected.cells[:1] if expected.section else expected.cells)
    said = [paragraph.text for paragraph in page.paragraphs]
    assert said == [built.heading, *built.footnotes, *(f"Warning. {text}" for text in built.warnings)]


def test_heading_rows_are_repeated_and_marked():
    rows = opened(SPANNED).tables[0].rows
    marked = [row._tr.find(f".//{qn('w:tblHeader')}") is not None for row in rows]
    assert marked == [True, True, False, False, False]
    look = rows[0]._tr.getparent().tblPr.find(qn("w:tblLook"))
    assert (look.get(qn("w:firstRow")), look.get(qn("w:firstColumn"))) == ("1", "1")


def test_spanning_headings_and_sections_are_merged():
    grid = opened(SPANNED).tables[0]
    assert grid.cell(0, 1)._tc is grid.cell(0, 2)._tc
    assert grid.cell(0, 0)._tc is grid.cell(1, 0)._tc  # over both rows, as nothing spans it
    assert grid.cell(2, 0)._tc is grid.cell(2, 3)._tc
    assert texts(grid.rows[0]) == ["Term", "Before", "p"]
    assert texts(grid.rows[1]) == ["", "n", "%", ""]
    indents = [row.cells[0].paragraphs[0].paragraph_format.left_indent for row in grid.rows[3:]]
    assert indents[0] == 0 < indents[1]


def test_a_reader_is_told_what_the_table_is():
    page = opened(SPANNED)
    properties = page.tables[0]._tbl.tblPr
    assert properties.find(qn("w:tblCaption")).get(qn("w:val")) == SPANNED.heading
    assert properties.find(qn("w:tblDescription")).get(qn("w:val")) == "First note.; Second note."
    assert page.core_properties.title == "Table 1. Patients & <others> (synthetic cohort)"
    assert page.core_properties.language == "en-GB"


def test_wide_tables_lie_on_their_side():
    many = [Column("Term"), *(Column(f"Column {number}") for number in range(8))]
    broad = Table("t", tuple(many), (Row(("a", *["1.23 (0.12–1.34)"] * 8)),))
    upright, lying = (opened(one).sections[0] for one in (SPANNED, broad))
    assert upright.page_width < upright.page_height
    assert lying.page_width > lying.page_height
    for page, one in ((opened(SPANNED), upright), (opened(broad), lying)):
        room = one.page_width - one.left_margin - one.right_margin
        assert sum(column.width for column in page.tables[0].columns) == pytest.approx(room, rel=1e-3)


def test_no_clock_and_no_author():
    made = document(SPANNED)
    assert made == document(SPANNED)
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(parts.read(name))
    assert "python-docx" not in core
    assert core.count("1980-01-01T00:00:00Z") == 2
