"""Subjects travel in batches of stable membership: one added or removed moves none outside its own batch."""

import hashlib
from collections.abc import Callable

from recohort.core.errors import Findings, InputError


def divide(participants: list[str], batch_size: int) -> dict[str, list[str]]:
    """Divide participants into batches of at most `batch_size`.

    A participant's place follows from the bits of a hash of its identifier: a batch that grows past `batch_size`
    splits in two by the next bit, and no other batch notices. With `batch_size` 1 each participant is a batch of
    its own name.

    Parameters
    ----------
    participants : list of str
        Identifiers, ``sub-001``.
    batch_size : int
        Largest number of participants in a batch.

    Returns
    -------
    dict of str to list of str
        Batch name to its members in the order given, batches sorted by name.
    """
    if batch_size == 1:
        return {participant: [participant] for participant in sorted(participants)}
    bits = {participant: _bits(participant) for participant in participants}
    batches, open_batches = {}, [("", participants)]
    while open_batches:
        prefix, members = open_batches.pop()
        if len(members) <= batch_size:
            if members:
                batches[f"b{prefix}"] = members
            continue
        for bit in "01":
            branch = prefix + bit
            open_batches.append((branch, [member for member in members if bits[member].startswith(branch)]))
    return dict(sorted(batches.items()))


def each_subject(members: list[str], process: Callable[[str], dict], *, on_invalid_subject: str) -> list[dict]:
    """Process a batch's members and return their status rows.

    Parameters
    ----------
    members : list of str
        Participants of the batch.
    process : callable
        Takes a participant, returns its status row, raises `InputError` where its data is bad.
    on_invalid_subject : {"exclude", "stop"}
        What a bad subject is: a row with status ``excluded`` and the reason, or the end of the run.

    Raises
    ------
    InputError
        With ``stop``: one sentence per bad subject, all of the batch at once.
    """
    rows, findings = [], Findings()
    for participant in members:
        try:
            row = process(participant)
        except InputError as error:
            reason = " ".join(str(error).split())
            findings.add(f"{participant}: {reason}")
            row = {"status": "excluded", "reason": reason}
        rows.append({"participant_id": participant, **row})
    if on_invalid_subject == "stop":
        findings.raise_if_any()
    return rows


def _bits(participant: str) -> str:
    digest = hashlib.sha256(participant.encode()).digest()
    return "".join(f"{byte:08b}" for byte in digest)
