"""What every stage has to say aloud, in one table."""

from collections.abc import Mapping

import pandas as pd

COLUMNS = ["source", "code", "message"]


def gather(results: Mapping[str, object]) -> pd.DataFrame:
    """Return every warning with the result it stands beside.

    Parameters
    ----------
    results : mapping
        Name -> frame; those whose name ends in ``.warnings`` have columns `code` and `message`.
    """
    spoken = [
        frame.assign(source=name.removesuffix(".warnings"))
        for name, frame in results.items()
        if name.endswith(".warnings") and len(frame)
    ]
    return pd.concat(spoken, ignore_index=True)[COLUMNS] if spoken else pd.DataFrame(columns=COLUMNS)
