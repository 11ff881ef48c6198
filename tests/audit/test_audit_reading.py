"""A wrong CSV is said line and column, all at once; the published ones of the repository are right."""

import csv
from pathlib import Path

import pytest
from audited_rows import EMPTY, SCHEMA, made

from recohort.audit.paper import read_paper
from recohort.core.errors import InputError

PUBLISHED = Path(__file__).parents[2] / "data" / "published"


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("*.csv")), ids=lambda path: path.stem)
def test_the_published_files_are_read(path):
    paper = read_paper(path, SCHEMA)
    assert len(paper.rows) == len(list(csv.DictReader(path.open(encoding="utf-8"))))


def test_a_file_without_the_columns_of_the_audit_is_read(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text(",".join(EMPTY) + "\n" + ",".join((EMPTY | {"item": "a", "value": "1.5"}).values()) + "\n")
    (row,) = read_paper(path, SCHEMA).rows
    assert (row.measure, row.level, row.relations) == ("", 0.95, ())


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"value": "two", "measure": "mean"}, "line 2, column value: found 'two', expected a number"),
        ({"value": "1.5", "measure": "count"}, "line 2, column value: found 1.5, expected a whole number"),
        ({"conf_low": "1"}, "line 2, column conf_high: an interval needs both limits"),
        ({"conf_low": "2", "conf_high": "1"}, "line 2, column conf_low: found 2, expected less than conf_high, 1"),
        ({"conf_low": "1.2.3", "conf_high": "4"}, "line 2, column conf_low: found '1.2.3', expected a number"),
        ({"p_value": "0.5"}, "line 2, column p_operator: is empty beside a p-value"),
        ({"p_value": "5", "p_operator": "="}, "line 2, column p_value: found 5, expected 0 to 1"),
        ({"count": "5", "n": "4"}, "line 2, column count: found 5, expected at most n, which is 4"),
        ({"measure": "hr"}, "line 2, column measure: found 'hr', expected one of"),
        ({"sd": "-1"}, "line 2, column sd: found '-1'"),
        ({"relation": "sum of a"}, "line 2, column relation: 'a' in 'sum of a' is no item of this file"),
        ({"relation": "sums of a"}, "line 2, column relation: found 'sums of a', expected a phrase such as"),
        ({"values": "1"}, "line 2, column values: unknown key"),
    ],
)
def test_a_wrong_cell_is_one_sentence_with_line_and_column(cells, said):
    with pytest.raises(InputError) as error:
        made(cells)
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_every_finding_is_said_at_once():
    with pytest.raises(InputError) as error:
        made({"value": "two", "measure": "mean"}, {"p_value": "7", "p_operator": "="}, {"relation": "raise"})
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == [
        " line 2, column value",
        " line 3, column p_value",
        " line 4, column relation",
    ]


def test_an_item_stands_once():
    with pytest.raises(InputError, match="line 3, column item: 'a' stands in line 2 already"):
        made({"item": "a"}, {"item": "a"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such file"),
        ("", "holds no numbers"),
        ("item,group\n", "holds no numbers"),
        ("item,item\na,b\n", "column 'item' stands twice"),
        ("item,group\na,b,c\n", "line 2 has 3 cells, the header has 2"),
        ("item\na\n", "there is no column 'quantity'"),
        ('item\n"a\n', "not readable as CSV"),
    ],
)
def test_what_is_no_table_is_said(tmp_path, text, said):
    path = tmp_path / "paper.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError) as error:
        read_paper(path, SCHEMA)
    assert said in str(error.value)
