"""Whether the sign of a cohort's susceptibility is plausible."""

import pandas as pd


def polarity_warnings(metrics: pd.DataFrame, *, metric: str) -> pd.DataFrame:
    """Say aloud when most lesions are diamagnetic: blood products are not, so the phase's sign is likely reversed.

    Scanners differ in the sign of the phase they store (`images.phase.polarity`); a wrong one turns every map over.

    Parameters
    ----------
    metrics : DataFrame
        Columns `metric, value`, a row per subject and metric.
    metric : str
        The susceptibility metric that is looked at, in ppm.

    Returns
    -------
    DataFrame
        Columns `code, message`: one row, or none.
    """
    values = metrics.loc[metrics["metric"] == metric, "value"].dropna()
    negative = int((values < 0).sum())
    said = []
    if negative > len(values) / 2:
        message = (
            f"{negative} of {len(values)} lesions have a negative {metric}: blood products are paramagnetic, so the "
            "sign of the phase is probably reversed (images.phase.polarity)."
        )
        said.append({"code": "polarity_doubtful", "message": message})
    return pd.DataFrame(said, columns=["code", "message"])
