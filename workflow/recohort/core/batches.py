"""Subjects travel in batches of stable membership: one added or removed moves none outside its own batch."""

import hashlib


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


def _bits(participant: str) -> str:
    digest = hashlib.sha256(participant.encode()).digest()
    return "".join(f"{byte:08b}" for byte in digest)
