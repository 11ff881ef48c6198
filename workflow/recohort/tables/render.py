"""A finished table as CSV and as HTML that a screen reader can walk."""

import csv
import io
from html import escape
from itertools import groupby

from recohort.tables.table import Column, Row, Table


def to_csv(table: Table) -> str:
    """Return the table as CSV: its heading, its headings, its rows, then its notes.

    The minus is the plain hyphen here: a typographic one turns into a digit in careless programs.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([table.heading])
    writer.writerow([": ".join(filter(None, (column.spanner, column.label))) for column in table.columns])
    width = len(table.columns)
    for row in table.rows:
        cells = ["  " * row.level + row.cells[0], *row.cells[1:]]
        writer.writerow(cells + [""] * (width - len(cells)))
    writer.writerows([f"Note: {note}"] for note in table.footnotes)
    writer.writerows([f"Warning: {warning}"] for warning in table.warnings)
    return stream.getvalue().replace("−", "-")


def to_html(table: Table, *, name: str) -> str:
    """Return the table as an HTML fragment; `name` is its anchor on a page."""
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.footnotes)
    warnings = "".join(f"<li><strong>Warning.</strong> {escape(text)}</li>" for text in table.warnings)
    return "\n".join(
        [
            f'<div class="table" id="{escape(name)}">',
            f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{escape(name)}-caption">',
            f'<table>\n<caption id="{escape(name)}-caption">{escape(table.heading)}</caption>',
            f"<thead>\n{_head(table.columns)}\n</thead>",
            "<tbody>",
            *(_row(row, len(table.columns)) for row in table.rows),
            "</tbody>\n</table>\n</div>",
            *([f'<ul class="notes">{notes}</ul>'] if notes else []),
            *([f'<ul class="warnings">{warnings}</ul>'] if warnings else []),
            "</div>\n",
        ]
    )


def _head(columns: tuple[Column, ...]) -> str:
    if not any(column.spanner for column in columns):
        return "<tr>" + "".join(f'<th scope="col">{escape(column.label)}</th>' for column in columns) + "</tr>"
    upper, lower = [], []
    for spanner, spanned in groupby(columns, key=lambda column: column.spanner):
        labels = [escape(column.label) for column in spanned]
        if spanner:
            upper.append(f'<th scope="colgroup" colspan="{len(labels)}">{escape(spanner)}</th>')
            lower += [f'<th scope="col">{label}</th>' for label in labels]
        else:
            upper += [f'<th scope="col" rowspan="2">{label}</th>' for label in labels]
    return f"<tr>{''.join(upper)}</tr>\n<tr>{''.join(lower)}</tr>"


def _row(row: Row, width: int) -> str:
    if row.section:
        return f'<tr class="section"><th scope="rowgroup" colspan="{width}">{escape(row.cells[0])}</th></tr>'
    indent = ' class="indent"' if row.level else ""
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row.cells[1:])
    return f'<tr><th scope="row"{indent}>{escape(row.cells[0])}</th>{cells}</tr>'
