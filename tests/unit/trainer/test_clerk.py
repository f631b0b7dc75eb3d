"""The clerk: newest first, bounded, never ended by one question."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from shared.asking import Answer, AnswerHead, AnswerState, Ask, GridQuestion, MapQuestion, unpack_answer
from shared.errors import InvalidInput
from tests.waiting import wait_for
from trainer import clerk as module
from trainer.clerk import Clerk, Handler, Report
from trainer.labeler_http import LabelerUnreachable


@dataclass
class Post:
    """What was handed over, by id."""

    heads: list[tuple[str, AnswerHead, bytes]] = field(default_factory=list)
    away: bool = False

    def __call__(self, id: str, body: bytes) -> None:  # noqa: A002 - the question's id
        if self.away:
            raise LabelerUnreachable("no connection")
        self.heads.append((id, *unpack_answer(body)))

    def ended(self) -> list[str]:
        return [name for name, head, _ in self.heads if head.state is not AnswerState.WORKING]


def ask(turn: int) -> Ask:
    return Ask.of(1, f"{turn:032x}", MapQuestion(projection="pca", turn=turn))


Make = Callable[[Handler], Clerk]


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def make(post: Post) -> Iterator[Make]:
    made: list[Clerk] = []

    def start(handler: Handler) -> Clerk:
        made.append(Clerk({MapQuestion: handler}, post, lambda: None))
        made[-1].start()
        return made[-1]

    yield start
    for clerk in made:
        clerk.close()


def test_an_answer_is_handed_over(make: Make, post: Post) -> None:
    make(lambda question, _: Answer({"turn": question.turn}, b"map")).take(ask(7))
    wait_for(post.ended, "the answer")
    (_, head, data) = post.heads[0]
    assert (head.state, head.facts, data) == (AnswerState.DONE, {"turn": 7}, b"map")


def test_the_newest_question_is_answered_first_and_too_many_are_dropped(make: Make, post: Post) -> None:
    go, busy = threading.Event(), threading.Event()

    def slow(question: MapQuestion, _: Report) -> Answer:
        busy.set()
        go.wait(30)
        return Answer({})

    clerk = make(slow)
    clerk.take(ask(0))
    busy.wait(30)
    count = module.WAITING + 3
    for turn in range(1, count + 1):
        clerk.take(ask(turn))
    clerk.take(ask(count))  # already waits
    go.set()
    wait_for(lambda: len(post.ended()) == count + 1, "all answers")
    states = {int(name, 16): head.state for name, head, _ in post.heads}
    assert [turn for turn in states if states[turn] is AnswerState.DROPPED] == [1, 2, 3]
    answered = [int(name, 16) for name, head, _ in post.heads if head.state is AnswerState.DONE]
    assert answered == [0, *range(count, 3, -1)]


def test_a_refusal_carries_its_sentence_and_a_surprise_does_not_end_the_thread(make: Make, post: Post) -> None:
    def fail(question: MapQuestion, _: Report) -> Answer:
        raise InvalidInput("no such thing") if question.turn == 0 else ZeroDivisionError

    clerk = make(fail)
    for turn in (0, 1):
        clerk.take(ask(turn))
        wait_for(lambda: len(post.ended()) == turn + 1, "the refusal")  # noqa: B023 - evaluated at once
    assert [head.state for _, head, _ in post.heads] == [AnswerState.REFUSED] * 2
    assert post.heads[0][1].sentence == "no such thing"
    assert "ZeroDivision" not in post.heads[1][1].sentence


def test_a_question_that_nobody_answers_here_is_refused(make: Make, post: Post) -> None:
    make(lambda *_: Answer({})).take(Ask.of(1, "0" * 32, GridQuestion(class_id=1, limit=3, turn=1)))
    wait_for(post.ended, "the refusal")
    assert post.heads[0][1].state is AnswerState.REFUSED


def test_progress_is_told_between_slices(make: Make, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAY_EVERY_S", 0.0)

    def work(_: MapQuestion, report: Report) -> Answer:
        for share in (0.25, 7.0):
            report(share)
        return Answer({})

    make(work).take(ask(0))
    wait_for(post.ended, "the answer")
    assert [head.progress for _, head, _ in post.heads] == [0.25, 1.0, 1.0]


def test_a_labeler_that_is_away_does_not_end_the_thread(make: Make, post: Post) -> None:
    tried = threading.Event()

    def work(_: MapQuestion, __: Report) -> Answer:
        tried.set()
        return Answer({})

    clerk = make(work)
    post.away = True
    clerk.take(ask(0))
    tried.wait(30)
    post.away = False
    clerk.take(ask(1))
    wait_for(lambda: f"{1:032x}" in post.ended(), "the answer to the second question")


def test_closing_ends_the_work_at_hand(post: Post) -> None:
    begun, reports = threading.Event(), []

    def endless(_: MapQuestion, report: Report) -> Answer:
        while True:
            begun.set()
            reports.append(report(0.5))

    clerk = Clerk({MapQuestion: endless}, post, lambda: None)
    clerk.start()
    clerk.take(ask(0))
    begun.wait(30)
    clerk.close()
    wait_for(lambda: not any(thread.name == "clerk" for thread in threading.enumerate()), "the thread to end")
