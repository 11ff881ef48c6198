"""A finished table as a Word document: a real table, its heading rows repeated on every page and marked as such."""

import io
import zipfile
from datetime import datetime

from docx import Document
from docx.document import Document as Page
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table as Grid
from docx.table import _Cell as Cell
from docx.text.paragraph import Paragraph

from recohort.tables.layout import heads, shares, wide
from recohort.tables.table import Row, Table

FONT, SIZE, NOTES = "Times New Roman", Pt(9), Pt(8)
HEIGHT, WIDTH, MARGIN = Mm(297), Mm(210), Mm(20)
INDENT = Mm(4)
RULE, THIN = 12, 6
"""Thickness of rules, in eighths of a point."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: a document has no clock."""


def document(table: Table) -> bytes:
    """Return the table as a Word document (.docx).

    Its caption stands above, its notes and warnings below; wide tables lie on their side. Equal tables are equal bytes.
    """
    page = Document()
    _set_up(page, table)
    caption = page.add_paragraph(style="Caption")
    caption.add_run(table.heading)
    caption.paragraph_format.keep_with_next = True
    grid = _grid(page, table)
    upper = _head(grid, table)
    for place, row in enumerate(table.rows, start=upper):
        _row(grid, place, row)
    last = len(grid.rows) - 1
    _rules(grid, 0, top=RULE)
    _rules(grid, upper - 1, bottom=THIN)
    _rules(grid, last, bottom=RULE)
    for note in table.footnotes:
        page.add_paragraph(note, style="Notes")
    for warning in table.warnings:
        paragraph = page.add_paragraph(style="Notes")
        paragraph.add_run("Warning. ").bold = True
        paragraph.add_run(warning)
    return _without_clock(page)


def _set_up(page: Page, table: Table) -> None:
    """Set paper, type, language and what the file says of itself."""
    section = page.sections[0]
    section.page_width, section.page_height = (HEIGHT, WIDTH) if wide(table) else (WIDTH, HEIGHT)
    section.orientation = WD_ORIENT.LANDSCAPE if wide(table) else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    normal = page.styles["Normal"]
    _type(normal, SIZE)
    normal.paragraph_format.space_after = Pt(0)
    caption = page.styles["Caption"]
    _type(caption, Pt(10))
    caption.font.bold, caption.font.color.rgb = True, None
    caption.paragraph_format.space_after = Pt(4)
    notes = page.styles.add_style("Notes", 1)
    notes.base_style = normal
    notes.font.size = NOTES
    notes.paragraph_format.space_before = Pt(3)
    for language in page.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")
    said = page.core_properties
    said.title, said.language, said.revision = table.heading, "en-GB", 1
    said.author = said.last_modified_by = said.comments = ""
    said.created = said.modified = datetime(*EPOCH)


def _type(style: object, size: Pt) -> None:
    style.font.name, style.font.size = FONT, size
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for word in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{word}"), None)
    for word in ("eastAsia", "cs"):
        fonts.set(qn(f"w:{word}"), FONT)


def _grid(page: Page, table: Table) -> Grid:
    """Add the empty grid, its columns as wide as they need, its name and its heading row and column marked."""
    spanned = any(column.spanner for column in table.columns)
    grid = page.add_table(rows=1 + spanned + len(table.rows), cols=len(table.columns))
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.LEFT, False
    section = page.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    for column, share in zip(grid.columns, shares(table), strict=True):
        column.width = int(room * share)
        for cell in column.cells:
            cell.width = int(room * share)
    properties = grid._tbl.tblPr
    look = properties.find(qn("w:tblLook"))
    for word, value in {"val": "00A0", "firstRow": 1, "firstColumn": 1, "lastRow": 0, "lastColumn": 0}.items():
        look.set(qn(f"w:{word}"), str(value))
    for word, text in (("tblCaption", table.heading), ("tblDescription", "; ".join(table.footnotes))):
        said = OxmlElement(f"w:{word}")
        said.set(qn("w:val"), text)
        properties.append(said)
    return grid


def _head(grid: Grid, table: Table) -> int:
    """Write the heading rows and return how many there are."""
    upper = 1 + any(column.spanner for column in table.columns)
    for row in grid.rows[:upper]:
        properties = row._tr.get_or_add_trPr()
        for word in ("cantSplit", "tblHeader"):
            properties.append(OxmlElement(f"w:{word}"))
    for spanner, first, width in heads(table.columns):
        if spanner:
            above = grid.cell(0, first).merge(grid.cell(0, first + width - 1))
            _write(above, spanner, bold=True).alignment = WD_ALIGN_PARAGRAPH.CENTER
            _rule(above, bottom=THIN)
        for place in range(first, first + width):
            cell = grid.cell(upper - 1, place) if spanner else grid.cell(0, place).merge(grid.cell(upper - 1, place))
            _write(cell, table.columns[place].label, bold=True)
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.BOTTOM
    return upper


def _row(grid: Grid, place: int, row: Row) -> None:
    cells = grid.rows[place].cells
    grid.rows[place]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    if row.section:
        paragraph = _write(cells[0].merge(cells[-1]), row.cells[0], bold=True)
        paragraph.paragraph_format.space_before = Pt(4)
        paragraph.paragraph_format.keep_with_next = True
        return
    for cell, text in zip(cells, row.cells, strict=True):
        _write(cell, text)
    cells[0].paragraphs[0].paragraph_format.left_indent = INDENT * row.level


def _write(cell: Cell, text: str, *, bold: bool = False) -> Paragraph:
    paragraph = cell.paragraphs[0]
    paragraph.add_run(text).bold = bold or None
    return paragraph


def _rules(grid: Grid, place: int, **sides: int) -> None:
    """Rule a row of the grid; the cells of a merged one too, as each program draws another of them."""
    for cell in grid.rows[place]._tr.tc_lst:
        _rule(Cell(cell, grid), **sides)


def _rule(cell: Cell, **sides: int) -> None:
    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        after = ("w:shd", "w:noWrap", "w:tcMar", "w:textDirection", "w:tcFitText", "w:vAlign", "w:hideMark")
        properties.insert_element_before(borders, *after)
    for side, thickness in sides.items():
        line = OxmlElement(f"w:{side}")
        for word, value in {"val": "single", "sz": thickness, "space": 0, "color": "000000"}.items():
            line.set(qn(f"w:{word}"), str(value))
        borders.append(line)


def _without_clock(page: Page) -> bytes:
    """Return the file with a fixed time for each of its parts."""
    made, fixed = io.BytesIO(), io.BytesIO()
    page.save(made)
    with zipfile.ZipFile(made) as parts, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in parts.namelist():
            part = zipfile.ZipInfo(name, EPOCH)
            part.compress_type, part.create_system = zipfile.ZIP_DEFLATED, 0
            kept.writestr(part, parts.read(name))
    return fixed.getvalue()
