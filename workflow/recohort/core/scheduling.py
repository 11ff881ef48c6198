"""Snakemake's look for further jobs, kept from multiplying."""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler


def one_timer() -> None:
    """Let the scheduler wait for one timer at a time.

    Snakemake 9.27 starts a timer of a second each time it looks for jobs that can start, and looks again when it rings:
    every finished job leaves one such chain behind, and after some hundred jobs it looks hundreds of times a second
    (https://github.com/snakemake/snakemake/issues/2967). One timer serves all.
    """
    JobScheduler._schedule_reevalutation = _wait_for_one


def _wait_for_one(scheduler: JobScheduler, delay: float) -> None:
    if getattr(scheduler, "_timer", None) is None:
        scheduler._timer = threading.Timer(delay, _ring, [scheduler])
        scheduler._timer.daemon = True
        scheduler._timer.start()


def _ring(scheduler: JobScheduler) -> None:
    scheduler._timer = None
    scheduler._open_jobs.release()
