"""One timer at a time in the scheduler of the locked Snakemake."""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler

from recohort.core.scheduling import one_timer


class Waiting:
    """What the scheduler's method touches: the semaphore that lets it look again."""

    def __init__(self):
        self._open_jobs = threading.Semaphore(0)


def test_many_looks_leave_one_timer_and_each_ring_one_look(monkeypatch):
    original = JobScheduler._schedule_reevalutation
    monkeypatch.setattr(JobScheduler, "_schedule_reevalutation", original)
    one_timer()
    assert JobScheduler._schedule_reevalutation is not original, "the locked Snakemake has this method"
    waiting, before = Waiting(), threading.active_count()
    for _ in range(50):
        JobScheduler._schedule_reevalutation(waiting, 0.2)
    assert threading.active_count() == before + 1
    assert waiting._open_jobs.acquire(timeout=10)
    assert not waiting._open_jobs.acquire(timeout=0.5)
    JobScheduler._schedule_reevalutation(waiting, 0.01)
    assert waiting._open_jobs.acquire(timeout=10), "after it rang another may wait"
