"""The steps of a run in the words of Provenance Run Crate 0.5 (https://w3id.org/ro/wfrun/provenance/0.5).

A rule is a step, its script the tool, a job an action of that tool. None has a time or an agent, as none is recorded.
"""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from recohort.provenance.steps import positions


def step_entities(record: Mapping, *, outside: Callable[[str], str]) -> dict[str, list[dict]]:
    """Return the entities of a record's steps.

    Parameters
    ----------
    record : mapping
        Of `describe`.
    outside : callable
        Returns the identifier of an input by its name.

    Returns
    -------
    dict of str to list of dict
        ``tool``, ``step``, ``action`` (a job's) and ``control`` (Snakemake's, of a step).
    """
    digests = {entry["path"]: entry["sha256"] for entry in record["code"]}
    places, entities = positions(record["steps"]), {"tool": [], "step": [], "action": [], "control": []}
    for step in record["steps"]:
        rule, script = step["rule"], f"workflow/scripts/{step['rule']}.py"
        tool = {
            "@id": f"#{script}",
            "@type": "SoftwareSourceCode",
            "name": script,
            "description": "Source code, not part of this crate.",
            "version": record["versions"]["recohort"],
            "sha256": digests[script],
        }
        planned = {
            "@id": f"#step/{rule}",
            "@type": "HowToStep",
            "name": rule,
            "workExample": ref(tool["@id"]),
            **({"position": str(places[rule])} if places else {}),
        }
        actions = [_action(rule, tool["@id"], job, outside) for job in step["jobs"]]
        control = {
            "@id": f"#control/{rule}",
            "@type": "ControlAction",
            "name": f"Jobs of the rule {rule}",
            "instrument": ref(planned["@id"]),
            "object": refs(action["@id"] for action in actions),
        }
        for kind, found in {"tool": [tool], "step": [planned], "action": actions, "control": [control]}.items():
            entities[kind] += found
    return entities


def ref(identifier: str) -> dict[str, str]:
    """Return a reference to an entity."""
    return {"@id": identifier}


def refs(identifiers: Iterable[str]) -> dict[str, str] | list[dict[str, str]]:
    """Return references to entities; to a single one the reference alone, as RO-Crate recommends."""
    found = [ref(identifier) for identifier in identifiers]
    return found[0] if len(found) == 1 else found


def _action(rule: str, tool: str, job: Mapping, outside: Callable[[str], str]) -> dict:
    made_from = [*map(outside, job["inputs"]), *map(quote, job["reads"])]
    return {
        "@id": f"#job/{quote(job['outputs'][0])}",
        "@type": "CreateAction",
        "name": job["outputs"][0],
        "description": f"Job of the rule {rule}",
        "instrument": ref(tool),
        **({"object": refs(made_from)} if made_from else {}),
        "result": refs(map(quote, job["outputs"])),
    }
