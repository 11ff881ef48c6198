"""Which job made which result, and from what.

The rules are asked, not the graph of the run at hand, which may hold a part of the jobs: so the answer is the same for
a whole run, for a partial one and where nothing is to be done.
"""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake.rules import Rule

RECORDING = "record_provenance"


def jobs_behind(study: str, *, rules: Sequence["Rule"], dataset: str | None) -> list[dict]:
    """Return the jobs that make what is recorded of a study.

    Parameters
    ----------
    study : str
        Its name.
    rules : sequence of Rule
        The workflow's, in the order in which they are declared; of several for one file, ``ruleorder`` chooses. The
        inputs of ``record_provenance`` are what is recorded: results (``made``, ``raw``) and inputs (``given``,
        ``table``).
    dataset : str or None
        Folder of a real dataset, ``data/<study>/``. Its files are one input: the folder.

    Returns
    -------
    list of dict
        ``rule``, ``reads`` (results it is made from) and ``outputs`` (as declared), both relative to
        ``results/<study>``, and ``inputs``; other files, such as source code, are left out. By rule as declared, then
        by output.
    """
    root = f"results/{study}/"
    known = next(rule for rule in rules if rule.name == RECORDING).expand_input({"study": study})[0]
    recorded, waiting = {*map(str, [*known.given, *known.table])}, [*map(str, [*known.made, *known.raw])]
    found, seen = [], set()
    while waiting:
        path = waiting.pop()
        makers = [] if path in seen else [rule for rule in rules if rule.is_producer(path)]
        if not makers:
            continue
        rule = max(makers)
        wildcards = rule.get_wildcards(path)
        outputs = [str(output) for output in rule.expand_output(wildcards)[0]]
        needs = {str(need) for need in rule.expand_input(wildcards)[0]}
        reads = {need for need in needs if need.startswith(root)}
        inputs = needs & recorded
        if dataset and any(need.startswith(dataset) for need in needs - recorded):
            inputs.add(dataset)
        below = {"reads": sorted(reads), "outputs": outputs}
        named = {key: [path.removeprefix(root) for path in paths] for key, paths in below.items()}
        found.append((rules.index(rule), {"rule": rule.name, "inputs": sorted(inputs), **named}))
        seen.update(outputs)
        waiting += reads
    return [job for _, job in sorted(found, key=lambda entry: (entry[0], entry[1]["outputs"]))]


def steps(jobs: Iterable[Mapping], rules: Mapping[str, str], names: Mapping[str, str]) -> list[dict]:
    """Return what was done, rule by rule, as it is recorded.

    Parameters
    ----------
    jobs : iterable of mapping
        Of `jobs_behind`.
    rules : mapping of str to str
        Every recorded result, and the rule that made it. Of those that no job makes, which somebody asked for beside
        the study, it is not said what they were made from.
    names : mapping of str to str
        Input to the name under which it is recorded.

    Returns
    -------
    list of dict
        ``rule`` and its ``jobs``, each with ``inputs``, ``reads`` and ``outputs``.
    """
    made: dict[str, list[dict]] = {}
    for job in jobs:
        kept = {key: [path for path in job[key] if path in rules] for key in ("reads", "outputs")}
        inputs = sorted(names.get(path, path) for path in job["inputs"])
        made.setdefault(job["rule"], []).append({"inputs": inputs, **kept})
    told = {output for of_rule in made.values() for job in of_rule for output in job["outputs"]}
    alone: dict[str, list[str]] = {}
    for output in sorted(set(rules) - told):
        alone.setdefault(rules[output], []).append(output)
    for rule, outputs in alone.items():
        made.setdefault(rule, []).append({"inputs": [], "reads": [], "outputs": outputs})
    return [{"rule": rule, "jobs": of_rule} for rule, of_rule in made.items()]


def positions(recorded: Sequence[Mapping]) -> dict[str, int]:
    """Return the steps' places in an order in which each comes after those whose results it reads.

    Parameters
    ----------
    recorded : sequence of mapping
        Of `steps`.

    Returns
    -------
    dict of str to int
        Rule to place, from 1; empty where no order of the rules does, as two read each other's results.
    """
    maker = {output: step["rule"] for step in recorded for job in step["jobs"] for output in job["outputs"]}
    before = {
        step["rule"]: sorted({maker[name] for job in step["jobs"] for name in job["reads"]} - {step["rule"]})
        for step in recorded
    }
    try:
        return {rule: place for place, rule in enumerate(TopologicalSorter(before).static_order(), start=1)}
    except CycleError:
        return {}
