"""One batch: each subject in turn, a bad one reported or the end of the run, as the study declares."""

from collections.abc import Callable

from recohort.core.errors import Findings, InputError


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
