"""Jobs: calls that take long, one after the other in a thread of low priority."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from shared.errors import LabelstreamError
from trainer.priority import lower_priority
from trainer.service.refusals import Busy, Cancelled, UnknownJob
from trainer.service.work import Answer, Work

log = logging.getLogger(__name__)

WAITING: Final = 8  # jobs
KEPT: Final = 32  # ended jobs whose result may still be asked for
KEPT_S: Final = 3600.0
RETRY_AFTER_S: Final = 10
END_S: Final = 5.0


class State(StrEnum):
    """Of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


NEXT: Final[dict[State, frozenset[State]]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset({State.DONE, State.FAILED, State.CANCELLED}),
    State.DONE: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}


class Job:
    """One call under way. Safe to read from any thread."""

    def __init__(self, work: Work, breathe: Callable[[], None]) -> None:
        self.id = secrets.token_urlsafe(12)
        self.progress = 0.0
        self.result: Answer | None = None
        self.error: Exception | None = None
        self.ended_at = 0.0
        self.ended = threading.Event()
        self._work = work
        self._breathe = breathe
        self._state = State.QUEUED
        self._lock = threading.Lock()

    @property
    def state(self) -> State:
        """Where it is."""
        return self._state

    def advance(self, progress: float) -> None:
        """The work calls this between its parts: waits for the fast loop. Raises Cancelled. progress: 0 to 1."""
        self._breathe()
        if self._state is State.CANCELLED:
            raise Cancelled("the job was cancelled; send the call again to have its answer")
        self.progress = max(self.progress, min(1.0, progress))

    def answer(self) -> Answer:
        """Wait for the end. Returns the result, or raises what went wrong."""
        self.ended.wait()
        if self.error is not None:
            raise self.error
        return self.result or {}

    def run(self, clock: Callable[[], float]) -> None:
        """Do the work, unless it was cancelled before."""
        with self._lock:
            if State.RUNNING not in NEXT[self._state]:
                return
            self._state = State.RUNNING
        try:
            result = self._work(self.advance)
            self.end(State.DONE, clock(), result=result)
        except Exception as error:
            if not isinstance(error, LabelstreamError):
                log.exception("a job failed")
            self.end(State.FAILED, clock(), error=error.with_traceback(None))  # which would keep what was computed

    def end(self, state: State, now: float, *, result: Answer | None = None, error: Exception | None = None) -> bool:
        """Enter a last state, unless it is in one. Returns whether it did."""
        with self._lock:  # who sees the state sees the result
            if state not in NEXT[self._state]:
                return False
            self.progress = 1.0 if state is State.DONE else self.progress
            self.result, self.error, self.ended_at = result, error, now
            self._state = state
        self.ended.set()
        return True


class Jobs:
    """At most `waiting` queued, one running, the newest `kept` ended for `kept_s` seconds.

    clock: seconds that never go back. breathe: returns when the processor is free.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        breathe: Callable[[], None] = lambda: None,
        waiting: int = WAITING,
        kept: int = KEPT,
        kept_s: float = KEPT_S,
    ) -> None:
        self._clock = clock
        self._breathe = breathe
        self._waiting, self._kept, self._kept_s = waiting, kept, kept_s
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._news = threading.Condition()
        self._closing = False
        self._ended: Counter[State] = Counter()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin to work, in the background."""
        self._thread.start()

    def close(self) -> None:
        """Cancel everything, and wait a little for the part at hand."""
        with self._news:
            self._closing = True
            self._news.notify_all()
        for job in list(self._jobs.values()):
            self._cancel(job)
        if self._thread.is_alive():
            self._thread.join(timeout=END_S)

    def submit(self, work: Work) -> Job:
        """Queue a job. Raises Busy where too many are waiting."""
        job = Job(work, self._breathe)
        with self._news:
            if self._closing:
                raise Busy("the trainer is ending; ask again when it runs", RETRY_AFTER_S)
            if len(self._queue) >= self._waiting:
                raise Busy(f"{len(self._queue)} jobs are waiting; ask again in {RETRY_AFTER_S} s", RETRY_AFTER_S)
            self._forget_old()
            self._jobs[job.id] = job
            self._queue.append(job)
            self._news.notify_all()
        return job

    def find(self, job_id: str) -> Job:
        """The job. Raises UnknownJob."""
        with self._news:
            self._forget_old()
            if job_id in self._jobs:
                return self._jobs[job_id]
        raise UnknownJob(
            f"there is no job {job_id[:40]!r}; results are kept for {self._kept_s / 60:g} minutes, the last "
            f"{self._kept} of them, until the trainer ends. Send the call again",
            "job",
        )

    def cancel(self, job_id: str) -> Job:
        """End a job that has not ended; one that has stays as it is. Raises UnknownJob."""
        job = self.find(job_id)
        self._cancel(job)
        return job

    def counts(self) -> dict[State, int]:
        """Jobs queued and running now, and ended so far, by state."""
        with self._news:
            now = Counter(job.state for job in self._jobs.values())
            return {state: self._ended[state] if not NEXT[state] else now[state] for state in State}

    def _cancel(self, job: Job) -> None:
        error = Cancelled("the job was cancelled; send the call again to have its answer")
        if job.end(State.CANCELLED, self._clock(), error=error):
            with self._news:
                self._ended[State.CANCELLED] += 1
                if job in self._queue:
                    self._queue.remove(job)

    def _forget_old(self) -> None:
        ended = sorted((job for job in self._jobs.values() if job.ended.is_set()), key=lambda job: job.ended_at)
        excess = len(ended) - self._kept
        for i, job in enumerate(ended):
            if i < excess or self._clock() - job.ended_at > self._kept_s:
                del self._jobs[job.id]

    def _run(self) -> None:
        lower_priority()
        while (job := self._next()) is not None:
            job.run(self._clock)
            if job.state is not State.CANCELLED:
                with self._news:
                    self._ended[job.state] += 1

    def _next(self) -> Job | None:
        with self._news:
            self._news.wait_for(lambda: self._queue or self._closing)
            return None if self._closing else self._queue.popleft()
