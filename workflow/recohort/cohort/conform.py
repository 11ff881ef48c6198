"""A table as it came, made to the declared columns."""

import pandas as pd

from recohort.core.errors import Findings


def conform(table: pd.DataFrame, *, columns: dict[str, dict], identifier: str | None) -> pd.DataFrame:
    """Return the declared columns of a table, renamed and recoded, with a `participant_id`.

    Parameters
    ----------
    table : DataFrame, shape (n, any)
        The table as it was read.
    columns : dict
        Declared columns; `from` is a column's name in `table`, `recode` maps its cells.
    identifier : str or None
        Column of identifiers; None numbers the rows ``sub-001``, ``sub-002`` ... in their order.

    Returns
    -------
    DataFrame, shape (n, 1 + len(columns))
        `participant_id` and the declared columns, in the order of declaration.

    Raises
    ------
    InputError
        One sentence per declared column that the table lacks, and per cell that a recoding does not name.
    """
    findings = Findings()
    sources = {name: column.get("from", name) for name, column in columns.items()}
    wanted = [*sources.values(), *([identifier] if identifier else [])]
    findings.extend(
        f"column '{name}' is not in the table, which has {', '.join(map(str, table.columns))}"
        for name in wanted
        if name not in table.columns
    )
    findings.raise_if_any()
    names = _labels(table[identifier]) if identifier else _numbers(len(table))
    conformed = {"participant_id": names}
    for name, column in columns.items():
        cells = table[sources[name]]
        if "recode" in column:
            cells = _recoded(cells, column["recode"], sources[name], findings)
        conformed[name] = cells.to_numpy()
    findings.raise_if_any()
    return pd.DataFrame(conformed)


def _recoded(cells: pd.Series, recode: dict[str, str], name: str, findings: Findings) -> pd.Series:
    text = cells.map(lambda cell: cell if pd.isna(cell) else str(cell))
    unknown = sorted(set(text.dropna()) - set(recode))
    if unknown:
        findings.add(f"column '{name}': found {', '.join(map(repr, unknown))}, which its recode does not name")
    return text.map(recode)


def _labels(identifiers: pd.Series) -> list[str]:
    return [text if text.startswith("sub-") else f"sub-{text}" for text in identifiers.astype(str)]


def _numbers(count: int) -> list[str]:
    width = max(3, len(str(count)))
    return [f"sub-{number:0{width}d}" for number in range(1, count + 1)]
