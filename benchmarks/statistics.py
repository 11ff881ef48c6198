"""Seconds and memory of the statistics against R, one task and size at a time: `make benchmarks` writes statistics.md.

Both sides read the same table, do the task several times in one process of their own, and report the fastest; the peak of memory is
that of the whole process, the interpreter and the table included. Nothing else is timed: not the start, not the reading.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
SIZES = (1_000, 10_000, 100_000)
TASKS = {
    "matching": "propensity score and 1:1 matching, caliper 0.2 SD",
    "cox": "Cox, Efron, 9 covariates",
    "ph_test": "test of proportional hazards",
    "kaplan_meier": "Kaplan-Meier of two groups with intervals",
    "auc": "AUC with DeLong's interval",
    "auc_bootstrap": "2,000 stratified bootstraps of the AUC",
    "cox_bootstrap": "200 Cox refits of resamples",
}
REPETITIONS = {"auc_bootstrap": (1, 1, 1), "cox_bootstrap": (1, 1, 1), "matching": (3, 1, 1)}
COVARIATES = [f"x{number}" for number in range(1, 10)]


def table(n):
    """Nine covariates, a treatment that depends on four of them, tied survival times, a score of the treatment."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(20230901)
    x = rng.normal(size=(n, 9))
    x[:, 6:] = (x[:, 6:] > 0.3) * 1.0
    treated = rng.random(n) < 1 / (1 + np.exp(1.6 - x[:, :4] @ [0.5, -0.4, 0.3, 0.2]))
    hazard = np.exp(x @ np.linspace(-0.4, 0.4, 9) + 0.3 * treated)
    event_time, censored = rng.exponential(40 / hazard), rng.uniform(5, 60, n)
    frame = pd.DataFrame(x, columns=COVARIATES)
    return frame.assign(
        treated=treated * 1,
        time=np.ceil(np.minimum(event_time, censored) * 10) / 10,
        event=(event_time <= censored) * 1,
        score=rng.normal(treated * 0.8),
    )


def task(name, frame):
    """Return what is timed."""
    import numpy as np

    from recohort.core.seeds import generator

    columns = {column: {"type": "number"} for column in frame}
    time_, event = frame["time"].to_numpy(float), frame["event"].to_numpy(float)
    x, none = frame[COVARIATES].to_numpy(float), np.zeros(len(frame), dtype=int)
    treated, score = frame["treated"].to_numpy(float), frame["score"].to_numpy(float)
    if name == "matching":
        from recohort.cohort.matching import match
        from recohort.core.schema import load_schema, with_defaults

        entry = {"target": "exposure", "treatment": "treated", "covariates": COVARIATES}
        settings = with_defaults(entry, load_schema("cohort")["properties"]["matching"])
        settings.pop("balance")
        return lambda: match(frame, seed=1, columns=columns, **settings)
    if name in ("cox", "ph_test", "cox_bootstrap"):
        from recohort.models.survival.coxph import fit_cox
        from recohort.models.survival.ph_test import ph_test

        def fit(weights=None):
            return fit_cox(time_, event, x, strata=none, ties="efron", names=COVARIATES, weights=weights)

        if name == "cox":
            return fit
        if name == "ph_test":
            from recohort.models.design import design

            fitted, (_, terms, _) = fit(), design(frame, COVARIATES, columns=columns)
            return lambda: ph_test(fitted, terms, time_, event, transform="km")
        return lambda: refits(200, fit_cox, generator(1, "benchmark"), time_, event, x)
    if name == "kaplan_meier":
        from recohort.models.survival.product_limit import interval, product_limit

        def curves():
            for level in (0, 1):
                part = treated == level
                steps = product_limit(time_[part], event[part], np.ones(int(part.sum())))
                interval(steps.survival, steps.std_error, confidence="log_log", level=0.95)

        return curves
    from recohort.models.accuracy.delong import auc
    from recohort.models.accuracy.roc_sampling import bootstrap_areas

    if name == "auc":
        return lambda: auc(score, treated)
    return lambda: bootstrap_areas(score[None], treated, bootstrap=2000, generator=generator(1, "benchmark"))


def refits(count, fit_cox, generator, *columns):
    """Fit the Cox model to so many samples with replacement."""
    import numpy as np

    for _ in range(count):
        drawn = generator.integers(0, len(columns[0]), len(columns[0]))
        time_, event, x = (column[drawn] for column in columns)
        fit_cox(time_, event, x, strata=np.zeros(len(x), dtype=int), ties="efron", names=COVARIATES)


def measure(name, path, repetitions):
    """Print the seconds of the fastest repetition; run in a process of its own."""
    import pandas as pd

    once = task(name, pd.read_csv(path))
    best = float("inf")
    for _ in range(repetitions):
        start = time.perf_counter()
        once()
        best = min(best, time.perf_counter() - start)
    print(best)


def run(command):
    """Return what a process printed as a number, and its peak of memory in MB."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **single})
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(map(str, command))} failed")
    return float(out.split()[-1]), usage.ru_maxrss / 1024


def main():
    """Run everything and write the page."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for size, n in enumerate(SIZES):
            path = Path(folder) / f"{n}.csv"
            table(n).to_csv(path, index=False)
            for name, words in TASKS.items():
                count = REPETITIONS.get(name, (10, 5, 3))[size]
                ours = run([sys.executable, __file__, "--one", name, path, str(count)])
                theirs = run(["Rscript", HERE / "statistics.R", name, path, str(count)])
                ratio = theirs[0] / ours[0]
                lines.append(
                    f"| {words} | {n:,} | {ours[0]:.3g} | {theirs[0]:.3g} | {ratio:.1f} | {ours[1]:.0f} | {theirs[1]:.0f} |"
                )
                print(lines[-1], flush=True)
    (HERE / "statistics.md").write_text(PAGE + "\n".join(lines) + "\n", encoding="utf-8")


PAGE = """\
# Statistics against R

Made by `make benchmarks` ([`statistics.py`](statistics.py), [`statistics.R`](statistics.R)): R 4.2.2 with survival, pROC and MatchIt of Debian 12, one BLAS
thread each. Seconds are of the fastest repetition, both sides in one run; memory is the peak of the whole process, the interpreter
(about 150 MB here, 100 MB there) and the table included. R's clock ticks in milliseconds. MatchIt 4.5.1 matches with a correct caliper only through
`mahvars` (up to 10,000 here); at 100,000 its caliper-free path is timed, ours keeps the caliper. The propensity fit is included on both sides.

| task | n | recohort, s | R, s | R / recohort | recohort, MB | R, MB |
|---|---|---|---|---|---|---|
"""


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    elif shutil.which("Rscript") is None:
        raise SystemExit("benchmarks/statistics.py needs R: make parity installs it")
    else:
        main()
