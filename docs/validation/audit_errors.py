"""Errors planted in a simulated paper, as a typist or an author makes them.

Each takes a paper and a generator; gives the item that is harmed, its new cells and what of it they are; None where it cannot be.
"""

CELLS = ("value", "conf_low", "conf_high", "sd", "p_value")


def digit(made, rng):
    return _in_cell(made, rng, _other_digit)


def transposed(made, rng):
    return _in_cell(made, rng, _swapped_digits)


def _in_cell(made, rng, harm):
    places = [(item, cell) for item, row in made.rows.items() for cell in CELLS if row.get(cell)]
    for place in rng.permutation(len(places)):
        item, cell = places[place]
        text = harm(made.rows[item][cell], rng)
        if text is not None and float(text) != float(made.rows[item][cell]):
            return item, {cell: text}, cell
    return None


def _other_digit(text, rng):
    place = rng.choice([i for i, c in enumerate(text) if c.isdigit()])
    new = str(rng.choice([c for c in "0123456789" if c != text[place]]))
    return text[:place] + new + text[place + 1 :]


def _swapped_digits(text, rng):
    pairs = [i for i in range(len(text) - 1) if text[i].isdigit() and text[i + 1].isdigit() and text[i] != text[i + 1]]
    if not pairs:
        return None
    i = int(rng.choice(pairs))
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def complement(made, rng):
    item = f"proportion_{rng.integers(3)}"
    row = made.rows[item]
    decimals = len(row["conf_low"].partition(".")[2])
    low, high = (f"{100 - float(row[limit]):.{decimals}f}" for limit in ("conf_high", "conf_low"))
    return None if low == row["conf_low"] else (item, {"conf_low": low, "conf_high": high}, "interval")


def wrong_n(made, rng):
    items = [
        item for item, row in made.rows.items() if row["n"] and made.sort[item] not in ("slope", "point of a curve")
    ]
    item = str(rng.choice(items))
    n = int(made.rows[item]["n"])
    new = n + int(rng.choice([-10, -5, -2, -1, 1, 2, 5, 10]))
    return item, {"n": str(max(2, new))}, "n"


def sign(made, rng):
    items = [
        item
        for item, row in made.rows.items()
        if made.sort[item] in ("slope", "coefficient with z", "coefficient of a ratio")
        and row["value"].startswith("-")
        and float(row["value"])
    ]
    if not items:
        return None
    item = str(rng.choice(items))
    return item, {"value": made.rows[item]["value"][1:]}, "value"


def p_of_another(made, rng):
    items = [
        item
        for item, row in made.rows.items()
        if made.sort[item] in ("ratio", "slope", "mean with t test", "paired means") and row["p_value"]
    ]
    one, other = (str(item) for item in rng.choice(items, 2, replace=False))
    cells = {key: made.rows[other][key] for key in ("p_value", "p_operator")}
    return None if all(made.rows[one][key] == cells[key] for key in cells) else (one, cells, "p_value")


ERRORS = {
    "one digit is another": digit,
    "two digits are transposed": transposed,
    "the interval is of the complement": complement,
    "n is another": wrong_n,
    "a minus sign is lost": sign,
    "p is that of another row": p_of_another,
}
