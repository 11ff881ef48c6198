"""False alarms and catches of the audit, on simulated papers: writes docs/validation/audit.md.

Every paper is drawn with its data, analysed by scipy and statsmodels, and printed with correct rounding (audit_papers.py).
Unharmed it shows the false alarms. Then one error is planted in it, as a typist or an author makes it (audit_errors.py), and
it shows whether the audit objects to the number that was harmed. Nothing here is shared with the checks.
"""

import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parent))

from audit_errors import ERRORS
from audit_papers import OTHERWISE, SCHEMA, Made, simulate

from recohort.audit.checks import audit
from recohort.audit.finding import INCONSISTENT
from recohort.audit.paper import paper
from recohort.core.errors import InputError
from recohort.core.seeds import generator

SEED = 20251101
PAPERS = 1000
PAGE = Path(__file__).parent / "audit.md"


def read(rows):
    return paper(enumerate(rows.values(), start=2), SCHEMA, where="simulated")


def objections(rows):
    """Return the checks that call something inconsistent, with the items they judge; a file that is refused objects to all."""
    try:
        return [(f.check, f.items.split()) for f in audit(read(rows)) if f.verdict == INCONSISTENT]
    except InputError:
        return [("reading", list(rows))]


def one(number):
    """Return the false alarms of a paper, and for each error what was harmed and which checks object to it."""
    made = simulate(generator(SEED, "paper", number))
    alarms = [(check, made.sort[items[0]]) for check, items in objections(made.rows)]
    harmed = []
    for name, plant in ERRORS.items():
        found = plant(made, generator(SEED, "error", name, number))
        if found is None:
            continue
        item, cells, cell = found
        rows = made.rows | {item: made.rows[item] | cells}
        caught = sorted({check for check, items in objections(rows) if item in items})
        harmed.append((name, made.sort[item], cell, caught))
    return alarms, harmed, len(made.rows)


def otherwise(name):
    """Return the share of right numbers by another method that each check objects to."""
    by = Counter()
    for number in range(PAPERS):
        made = Made(generator(SEED, "otherwise", name, number))
        OTHERWISE[name](made)
        found = {check for check, _ in objections(made.rows)}
        by.update(found or [])
        by["any"] += bool(found)
    return by


def run(papers, workers):
    with ProcessPoolExecutor(workers) as pool:
        results = list(pool.map(one, range(papers), chunksize=10))
        return results, dict(zip(OTHERWISE, pool.map(otherwise, OTHERWISE), strict=True))


def page(results, others):
    """Return the page, from what `one` returned of every paper and `otherwise` of every other method."""
    papers = len(results)
    alarmed = sum(bool(alarms) for alarms, _, _ in results)
    numbers = np.mean([n for _, _, n in results])
    kinds = Counter(f"{check}, {sort}" for alarms, _, _ in results for check, sort in alarms)
    lines = [
        "# Validation of the audit",
        "",
        f"Made by [`audit.py`](audit.py): {papers} simulated papers of {numbers:.0f} numbers on average, with data, analysed by scipy and",
        "statsmodels and rounded correctly. A share's interval is by a method drawn from Wald, Wilson, Clopper-Pearson, Agresti-Coull and",
        "Jeffreys; t tests are Student's or Welch's; adjusted p-values Bonferroni's, Holm's or Benjamini and Hochberg's.",
        "",
        "## False alarms",
        "",
        f"{alarmed} of {papers} papers ({100 * alarmed / papers:.1f} %) have a number that is called inconsistent and is not.",
        *([""] + [f"- {what}: {count}" for what, count in kinds.most_common()] if kinds else []),
        "",
        "The audit supposes Wald's interval and p-value, one of seven intervals of a share, and the t test that is declared. Right numbers",
        f"by another method are objected to as often as this ({PAPERS} each); a finding there asks which method it was:",
        "",
        "| printed | objected to | by |",
        "|---|---|---|",
        *(f"| {name} | {100 * by['any'] / PAPERS:.0f} % | {_by(by, PAPERS)} |" for name, by in others.items()),
        "",
        "## Catches",
        "",
        "One error is planted in each paper. It is caught where a check that names the harmed number calls it inconsistent, or the file is",
        "refused (*reading*: limits in the wrong order, a p-value above 1).",
        "",
        "| error | planted | caught |",
        "|---|---|---|",
    ]
    everything = [found for _, harmed, _ in results for found in harmed]
    for name in ERRORS:
        caught = [checks for error, _, _, checks in everything if error == name]
        lines.append(f"| {name} | {len(caught)} | {_share(caught)} |")
    lines += [
        "",
        "## By what was harmed, and by check",
        "",
        "| error | number | cell | planted | caught | by |",
        "|---|---|---|---|---|---|",
    ]
    groups = defaultdict(list)
    for error, sort, cell, checks in everything:
        groups[error, sort, cell].append(checks)
    order = list(ERRORS)
    for (error, sort, cell), caught in sorted(groups.items(), key=lambda pair: (order.index(pair[0][0]), pair[0][1:])):
        by = Counter(check for checks in caught for check in checks)
        names = ", ".join(
            f"{check} {100 * count / len(caught):.0f} %"
            for check, count in sorted(by.items(), key=lambda c: (-c[1], c[0]))
        )
        lines.append(f"| {error} | {sort} | {cell} | {len(caught)} | {_share(caught)} | {names} |")
    lines += [
        "",
        "What is not caught is mostly an error that leaves the printed numbers possible: a last digit within rounding, a number that nothing",
        "else in the paper repeats, an n so large that every percentage exists.",
        "",
    ]
    return "\n".join(lines)


def _by(by, of):
    named = sorted(
        ((check, count) for check, count in by.items() if check != "any"), key=lambda pair: (-pair[1], pair[0])
    )
    return ", ".join(f"{check} {100 * count / of:.0f} %" for check, count in named)


def _share(caught):
    return f"{100 * sum(map(bool, caught)) / len(caught):.0f} %"


def main():
    PAGE.write_text(page(*run(PAPERS, int(sys.argv[1]) if len(sys.argv) > 1 else 1)), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
