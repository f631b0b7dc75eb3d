"""Asking the trainer: waiting, keeping, refusing, losing."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Thread

import pytest

from labeler import questions as module
from labeler.questions import NoAnswerYet, Questions, TrainerAway
from shared.asking import Answer, AnswerHead, AnswerState, Ask, MapQuestion, Question, QuestionRefused


def question(turn: int = 0) -> Question:
    return MapQuestion(projection="pca", turn=turn)


@dataclass
class Wire:
    """What was sent, to whom, and when."""

    epoch: int = 1
    now: float = 0.0
    sent: list[Ask] = field(default_factory=list)

    def questions(self) -> Questions:
        return Questions(self.sent.append, lambda: self.epoch, lambda: self.now)


def done(facts: dict[str, object] | None = None) -> AnswerHead:
    return AnswerHead(state=AnswerState.DONE, progress=1.0, facts=facts or {})


def test_an_answer_is_kept_and_not_asked_for_again() -> None:
    wire = Wire()
    asked = wire.questions()
    with pytest.raises(NoAnswerYet):
        asked.ask(question(), 0)
    assert asked.take(wire.sent[0].id, done({"a": 1}), b"bytes")
    assert asked.ask(question(), 0) == asked.ask(question(), 0) == Answer({"a": 1}, b"bytes")
    assert len(wire.sent) == 1


def test_who_waits_is_woken_by_the_answer() -> None:
    wire = Wire()
    asked = Questions(lambda ask: Thread(target=lambda: asked.take(ask.id, done(), b"x")).start(), lambda: wire.epoch)
    assert asked.ask(question(), 30).data == b"x"


def test_the_same_question_is_on_its_way_once_and_tells_its_progress() -> None:
    wire = Wire()
    asked = wire.questions()
    with pytest.raises(NoAnswerYet) as first:
        asked.ask(question(), 0)
    asked.take(wire.sent[0].id, AnswerHead(state=AnswerState.WORKING, progress=0.4), b"")
    with pytest.raises(NoAnswerYet) as second:
        asked.ask(question(), 0)
    assert (first.value.progress, second.value.progress, len(wire.sent)) == (None, 0.4, 1)


def test_a_refusal_is_told_and_may_be_asked_again() -> None:
    wire = Wire()
    asked = wire.questions()
    for attempt in (1, 2):
        with pytest.raises(NoAnswerYet):
            asked.ask(question(), 0)
        asked.take(wire.sent[-1].id, AnswerHead(state=AnswerState.REFUSED, sentence="no such method"), b"")
        with pytest.raises(QuestionRefused, match="no such method"):
            asked.ask(question(), 0)
        assert len(wire.sent) == attempt


def test_what_was_dropped_for_newer_questions_is_asked_again() -> None:
    wire = Wire()
    asked = wire.questions()
    with pytest.raises(NoAnswerYet):
        asked.ask(question(), 0)
    asked.take(wire.sent[0].id, AnswerHead(state=AnswerState.DROPPED), b"")
    for _ in range(2):
        with pytest.raises(NoAnswerYet):
            asked.ask(question(), 0)
    assert len(wire.sent) == 2


def test_without_a_trainer_nothing_is_sent() -> None:
    wire = Wire(epoch=0)
    with pytest.raises(TrainerAway):
        wire.questions().ask(question(), 0)
    assert not wire.sent


@pytest.mark.parametrize(("epoch", "later_s"), [(2, 0.0), (1, module.PATIENCE_S + 1)])
def test_a_question_that_was_lost_is_asked_anew_and_its_late_answer_is_not_taken(epoch: int, later_s: float) -> None:
    wire = Wire()
    asked = wire.questions()
    with pytest.raises(NoAnswerYet):
        asked.ask(question(), 0)
    wire.epoch, wire.now = epoch, later_s
    with pytest.raises(NoAnswerYet):
        asked.ask(question(), 0)
    assert [ask.epoch for ask in wire.sent] == [1, epoch]
    assert not asked.take(wire.sent[0].id, done(), b"old")
    assert asked.take(wire.sent[1].id, done(), b"new")
    assert asked.ask(question(), 0).data == b"new"


def test_the_least_recently_used_answers_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 3 * module.SMALLEST)
    wire = Wire()
    asked = wire.questions()
    for turn in range(4):
        with pytest.raises(NoAnswerYet):
            asked.ask(question(turn), 0)
        asked.take(wire.sent[-1].id, done(), b"")
        asked.ask(question(0), 0)  # used again each time
    asked.ask(question(3), 0)
    with pytest.raises(NoAnswerYet):
        asked.ask(question(1), 0)


def test_a_flood_of_questions_leaves_a_bounded_number_on_their_way() -> None:
    wire = Wire()
    asked = wire.questions()
    for turn in range(module.MOST_PENDING + 5):
        with pytest.raises(NoAnswerYet):
            asked.ask(question(turn), 0)
    assert not asked.take(wire.sent[0].id, done(), b"")
    assert asked.take(wire.sent[-1].id, done(), b"")
