"""What a person sees while a study runs: the stage, how many of how many, the time left."""

import logging
import sys
import time
from collections import Counter

from snakemake_interface_logger_plugins.common import LogEvent

UNSEEN_JOB_SECONDS = 3.0


class Progress(logging.Handler):
    """Write a line when a job ends: the stage's count, the whole count, the time left.

    The time left takes each waiting job to last as long as the finished ones of its rule did; a rule of which none
    has finished counts `UNSEEN_JOB_SECONDS`, what a job costs that only imports and writes.

    Parameters
    ----------
    stages : dict of str to str
        Rule to stage; a rule that is not named is not counted.
    cores : int
        Jobs that run side by side.
    """

    def __init__(self, stages: dict[str, str], cores: int):
        super().__init__()
        self.stages, self.cores = stages, cores
        self.planned: Counter = Counter()
        self.done: Counter = Counter()
        self.seconds: Counter = Counter()
        self.running: dict[int, tuple[str, float]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take one of Snakemake's events."""
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self.planned.update({rule: int(n) for rule, n in record.stats.items() if rule in self.stages})
        elif event == LogEvent.JOB_INFO:
            self.running[record.jobid] = (record.rule_name, time.monotonic())
        elif event == LogEvent.JOB_FINISHED and record.job_id in self.running:
            self._finish(*self.running.pop(record.job_id))
        elif event == LogEvent.JOB_ERROR:
            _say(f"FAILED    {record.rule_name}: see {', '.join(record.log) or 'above'}")
        elif record.getMessage().startswith("Nothing to be done"):
            _say("nothing to do: every result is up to date")

    def _finish(self, rule: str, started: float) -> None:
        if rule not in self.stages:
            return
        self.done[rule] += 1
        self.seconds[rule] += time.monotonic() - started
        stage = self.stages[rule]
        of_stage = [name for name in self.planned if self.stages[name] == stage]
        done, planned = (sum(counts[name] for name in of_stage) for counts in (self.done, self.planned))
        all_done, all_planned = self.done.total(), self.planned.total()
        left = f"about {_clock(self._seconds_left())} left" if all_done < all_planned else "done"
        width = len(str(all_planned))
        _say(f"{stage:<11} {done:>{width}} of {planned:<{width}}   all {all_done:>{width}} of {all_planned}   {left}")

    def _seconds_left(self) -> float:
        def mean(rule: str) -> float:
            return self.seconds[rule] / self.done[rule] if self.done[rule] else UNSEEN_JOB_SECONDS

        return sum((self.planned[rule] - self.done[rule]) * mean(rule) for rule in self.planned) / self.cores


def only_problems(record: logging.LogRecord) -> bool:
    """Pass Snakemake's own words on a problem, unless a script has already put it in a sentence."""
    event = getattr(record, "event", None)
    told = event == LogEvent.JOB_ERROR or getattr(record, "exception", "") == "RuleException"
    return record.levelno >= logging.WARNING and not told


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
