"""`recohort audit FILE.csv`: check the numbers of a paper against each other, without its data."""

import argparse
import csv
import io
import json
import sys
import textwrap
from pathlib import Path

from recohort.audit.checks import audit
from recohort.audit.finding import COLUMNS, CONSISTENT, INCONSISTENT, UNCHECKED, Finding
from recohort.audit.paper import Paper, read_paper
from recohort.core.errors import InputError
from recohort.core.schema import load_schema

WIDTH = 110


def main(argv: list[str]) -> int:
    """Run the command; 0, or with --strict 1 where something is inconsistent, 2 where the file is wrong."""
    parser = argparse.ArgumentParser(prog="recohort audit", description=__doc__)
    parser.add_argument("file", help="CSV of printed numbers, see docs/audit.md")
    parser.add_argument("--csv", metavar="OUT", help="write every finding as a table")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--all", action="store_true", help="print what is consistent or cannot be checked in full, too")
    parser.add_argument("--strict", action="store_true", help="end with 1 where something is inconsistent")
    asked = parser.parse_args(argv)
    try:
        paper = read_paper(asked.file, load_schema("published"))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    findings = audit(paper)
    if asked.csv:
        Path(asked.csv).write_text(as_csv(findings), encoding="utf-8")
    if asked.json:
        print(json.dumps([record(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        print(as_text(Path(asked.file).name, paper, findings, everything=asked.all), end="")
    return int(asked.strict and any(finding.verdict == INCONSISTENT for finding in findings))


def record(finding: Finding) -> dict[str, str]:
    """Return a finding by its columns."""
    return {column: getattr(finding, column) for column in COLUMNS}


def as_csv(findings: list[Finding]) -> str:
    """Return the findings as the table `audit.csv`."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(record(finding).values() for finding in findings)
    return stream.getvalue()


def as_text(name: str, paper: Paper, findings: list[Finding], *, everything: bool) -> str:
    """Return the findings for the screen: what is inconsistent first, then what matters, then counts."""
    counts = ", ".join(
        f"{sum(f.verdict == verdict for f in findings)} {verdict}" for verdict in (INCONSISTENT, CONSISTENT, UNCHECKED)
    )
    lines = [f"{name}: {len(paper.rows)} numbers, {len(findings)} checks: {counts}", ""]
    wrong = [f for f in findings if f.verdict == INCONSISTENT]
    matters = [f for f in findings if f.verdict != INCONSISTENT and f.remark]
    for title, chosen in (("INCONSISTENT", wrong), ("NO CONTRADICTION, BUT READ", matters)):
        if chosen:
            lines += [title, "", *(line for finding in chosen for line in [*_paragraph(finding), ""])]
    for verdict in (CONSISTENT, UNCHECKED):
        rest = [f for f in findings if f.verdict == verdict and not f.remark]
        if rest:
            lines.append(f"{verdict.upper()} ({len(rest)})")
            lines += (
                [f"  {f.check:<22} {f.items.split()[0]}: {f.finding}" for f in rest] if everything else _counted(rest)
            )
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _paragraph(finding: Finding) -> list[str]:
    lines = [f"  {finding.check}: {finding.items}"]
    for text in (finding.finding, finding.remark, finding.arithmetic):
        lines += textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return lines


def _counted(findings: list[Finding]) -> list[str]:
    checks = sorted({finding.check for finding in findings})
    counts = [f"{check} {sum(finding.check == check for finding in findings)}" for check in checks]
    return textwrap.wrap(", ".join(counts), WIDTH, initial_indent="  ", subsequent_indent="  ")
