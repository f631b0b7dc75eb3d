from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from shared.errors import InvalidInput
from tests.waiting import wait_for
from trainer.service.jobs import Job, Jobs, State
from trainer.service.refusals import Busy, Cancelled, UnknownJob
from trainer.service.work import Advance, Answer, stretch

Make = Callable[..., Jobs]


class Gate:
    """Work that says it has begun, and goes on when it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let = threading.Event()
        self.advanced = 0

    def __call__(self, advance: Advance) -> Answer:
        self.begun.set()
        self.let.wait(20)
        advance(0.5)
        self.advanced += 1
        return {"data": [1]}


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Jobs] = []

    def start(**options: object) -> Jobs:
        jobs = Jobs(options.pop("clock", lambda: 0.0), **options)  # type: ignore[arg-type]
        jobs.start()
        made.append(jobs)
        return jobs

    yield start
    for jobs in made:
        jobs.close()


def done(advance: Advance) -> Answer:
    return {"fine": True}


def failing(error: Exception) -> Callable[[Advance], Answer]:
    def work(advance: Advance) -> Answer:
        raise error

    return work


def test_a_job_goes_from_queued_to_done(make: Make) -> None:
    jobs, gate = make(), Gate()
    first, second = jobs.submit(gate), jobs.submit(done)
    assert gate.begun.wait(20)
    assert (first.state, second.state) == (State.RUNNING, State.QUEUED)
    gate.let.set()
    assert first.answer() == {"data": [1]}
    assert second.answer() == {"fine": True}
    assert (first.progress, jobs.find(first.id)) == (1.0, first)


def test_what_goes_wrong_is_raised_for_who_waits(make: Make) -> None:
    jobs = make()
    job = jobs.submit(failing(InvalidInput("no such thing")))
    with pytest.raises(InvalidInput, match="no such thing"):
        job.answer()
    assert job.state is State.FAILED
    with pytest.raises(ZeroDivisionError):
        jobs.submit(failing(ZeroDivisionError())).answer()
    assert jobs.submit(done).answer() == {"fine": True}


def test_a_queued_job_that_is_cancelled_never_begins(make: Make) -> None:
    jobs, gate, other = make(waiting=1), Gate(), Gate()
    jobs.submit(gate)
    assert gate.begun.wait(20)
    job = jobs.submit(other)
    assert jobs.cancel(job.id).state is State.CANCELLED
    last = jobs.submit(done)  # its place is free again
    gate.let.set()
    last.answer()
    assert not other.begun.is_set()
    with pytest.raises(Cancelled):
        job.answer()


def test_a_running_job_that_is_cancelled_ends_at_its_next_part(make: Make) -> None:
    jobs, gate = make(), Gate()
    job = jobs.submit(gate)
    assert gate.begun.wait(20)
    jobs.cancel(job.id)
    gate.let.set()
    assert jobs.submit(done).answer() == {"fine": True}
    assert (job.state, gate.advanced, job.result) == (State.CANCELLED, 0, None)


def test_cancelling_what_has_ended_changes_nothing(make: Make) -> None:
    jobs = make()
    job = jobs.submit(done)
    job.answer()
    assert jobs.cancel(job.id).state is State.DONE
    assert job.answer() == {"fine": True}


def test_a_full_queue_refuses_and_says_when_to_ask_again(make: Make) -> None:
    jobs, gate = make(waiting=2), Gate()
    jobs.submit(gate)
    assert gate.begun.wait(20)
    jobs.submit(done)
    jobs.submit(done)
    with pytest.raises(Busy, match="2 jobs are waiting") as caught:
        jobs.submit(done)
    assert caught.value.retry_after_s > 0
    gate.let.set()


def test_old_results_are_forgotten_by_number_and_by_age(make: Make) -> None:
    now = [0.0]
    jobs = make(clock=lambda: now[0], kept=2, kept_s=60.0)
    made: list[Job] = []
    for _ in range(3):
        made.append(jobs.submit(done))
        made[-1].answer()
        now[0] += 1
    with pytest.raises(UnknownJob):
        jobs.find(made[0].id)
    assert jobs.find(made[2].id) is made[2]
    now[0] += 60
    with pytest.raises(UnknownJob, match="Send the call again"):
        jobs.find(made[2].id)


def test_between_its_parts_a_job_waits_for_the_fast_loop(make: Make) -> None:
    free = threading.Event()
    asked = threading.Event()

    def breathe() -> None:
        asked.set()
        free.wait(20)

    jobs = make(breathe=breathe)
    gate = Gate()
    gate.let.set()
    job = jobs.submit(gate)
    assert asked.wait(20)
    assert gate.advanced == 0
    free.set()
    job.answer()
    assert gate.advanced == 1


def test_progress_never_goes_back() -> None:
    seen = []

    def work(advance: Advance) -> Answer:
        for share in (0.2, 0.6, 0.4, 7.0):
            advance(share)
            seen.append(job.progress)
        return {}

    job = Job(work, lambda: None)
    job.run(lambda: 0.0)
    assert seen == [0.2, 0.6, 0.6, 1.0]


def test_a_part_of_the_work_has_its_share_of_the_progress() -> None:
    seen: list[float] = []
    stretch(seen.append, 0.5, 0.9)(0.25)
    assert seen == [pytest.approx(0.6)]


def test_counts_and_the_end(make: Make) -> None:
    jobs, gate = make(), Gate()
    jobs.submit(done).answer()
    job = jobs.submit(gate)
    assert gate.begun.wait(20)
    wait_for(lambda: jobs.counts()[State.DONE] == 1, "the count")
    assert jobs.counts()[State.RUNNING] == 1
    gate.let.set()
    jobs.close()
    assert job.ended.is_set()
    with pytest.raises(Busy, match="is ending"):
        jobs.submit(done)


def test_ids_cannot_be_guessed_from_one_another() -> None:
    ids = {Job(done, lambda: None).id for _ in range(100)}
    assert len(ids) == 100
    assert min(map(len, ids)) >= 16
