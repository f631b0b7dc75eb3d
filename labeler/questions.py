"""Asks the trainer what only it knows; waits a little, keeps what it has answered."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from shared.asking import Answer, AnswerHead, AnswerState, Ask, Question, QuestionRefused
from shared.errors import LabelstreamError

KEPT_BYTES: Final = 64 * 1024 * 1024
SMALLEST: Final = 1_000  # bytes that an answer counts at least
MOST_PENDING: Final = 64
PATIENCE_S: Final = 60.0  # without news of a pending question, until it is asked anew


class NoAnswerYet(LabelstreamError):
    """The trainer has not answered in time; ask again. progress: the share done, None where it is not known."""

    code = "busy"

    def __init__(self, message: str, progress: float | None = None) -> None:
        super().__init__(message)
        self.progress = progress


class TrainerAway(NoAnswerYet):
    """There is no trainer to be asked."""

    code = "trainer_away"


@dataclass(slots=True)
class _Pending:
    """A question on its way. refusal: kept until it has been told once."""

    ask: Ask
    heard_at: float
    progress: float | None = None
    refusal: str = ""
    dropped: bool = False
    news: threading.Event = field(default_factory=threading.Event)


class Questions:
    """Thread-safe. send: hands an Ask to the trainer of the epoch; epoch: that trainer's, 0 where none is there.

    Answers are kept up to KEPT_BYTES, the least recently used go first; equal questions have equal answers.
    """

    def __init__(
        self, send: Callable[[Ask], None], epoch: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """clock: seconds that never go back."""
        self._send = send
        self._epoch = epoch
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: OrderedDict[Question, _Pending] = OrderedDict()
        self._by_id: dict[str, Question] = {}
        self._kept: OrderedDict[Question, Answer] = OrderedDict()
        self._kept_bytes = 0

    def ask(self, question: Question, wait_s: float) -> Answer:
        """The answer, if it is there within `wait_s` seconds; the work goes on after that.

        Raises TrainerAway, NoAnswerYet, QuestionRefused.
        """
        answer = self._find(question)
        if answer is not None:
            return answer
        pending = self._begin(question)
        pending.news.wait(wait_s)
        answer = self._find(question)
        if answer is not None:
            return answer
        with self._lock:
            if pending.refusal:
                self._forget(question)
                raise QuestionRefused(pending.refusal)
            if pending.dropped:
                self._forget(question)
                raise NoAnswerYet("the trainer had newer questions to answer; ask again")
        if self._epoch() == 0:
            raise TrainerAway("the trainer is away; it is asked again when it is back")
        raise NoAnswerYet("the trainer is working on it; ask again", pending.progress)

    def take(self, id: str, head: AnswerHead, data: bytes) -> bool:  # noqa: A002 - the question's id
        """Take in what the trainer says to a question. Returns False where nobody waits for it."""
        with self._lock:
            question = self._by_id.get(id)
            pending = None if question is None else self._pending.get(question)
            if question is None or pending is None or pending.ask.id != id:
                return False
            pending.heard_at = self._clock()
            pending.progress = head.progress
            if head.state is AnswerState.WORKING:
                return True
            if head.state is AnswerState.DONE:
                self._forget(question)
                self._keep(question, Answer(head.facts, data))
            pending.refusal = head.sentence if head.state is AnswerState.REFUSED else ""
            pending.dropped = head.state is AnswerState.DROPPED
            pending.news.set()
            return True

    def _find(self, question: Question) -> Answer | None:
        with self._lock:
            answer = self._kept.get(question)
            if answer is not None:
                self._kept.move_to_end(question)
            return answer

    def _begin(self, question: Question) -> _Pending:
        """The question on its way: the one that is already, unless it was lost with an earlier trainer."""
        epoch = self._epoch()
        if epoch == 0:
            raise TrainerAway("the trainer is away; it is asked again when it is back")
        with self._lock:
            pending = self._pending.get(question)
            if pending is not None and not self._is_lost(pending, epoch):
                return pending
            if pending is not None:
                self._forget(question)
            while len(self._pending) >= MOST_PENDING:
                self._forget(next(iter(self._pending)))
            pending = _Pending(Ask.of(epoch, uuid.uuid4().hex, question), self._clock())
            self._pending[question] = pending
            self._by_id[pending.ask.id] = question
        self._send(pending.ask)
        return pending

    def _is_lost(self, pending: _Pending, epoch: int) -> bool:
        silent = self._clock() - pending.heard_at > PATIENCE_S
        return not pending.news.is_set() and (pending.ask.epoch != epoch or silent)

    def _forget(self, question: Question) -> None:
        pending = self._pending.pop(question, None)
        if pending is not None:
            self._by_id.pop(pending.ask.id, None)

    def _keep(self, question: Question, answer: Answer) -> None:
        self._kept[question] = answer
        self._kept_bytes += _size(answer)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._kept_bytes -= _size(gone)


def _size(answer: Answer) -> int:
    return SMALLEST + len(answer.data)
