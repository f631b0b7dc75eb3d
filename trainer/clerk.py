"""Answers what pages ask, in a thread of lower priority beside the loop."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.asking import Answer, AnswerHead, AnswerState, Ask, Question, pack_answer
from shared.errors import LabelstreamError
from trainer.priority import ANSWERING, lower_priority

log = logging.getLogger(__name__)

WAITING: Final = 16  # questions
SAY_EVERY_S: Final = 0.25

Report = Callable[[float], None]
Handler = Callable[[Any, Report], Answer]
Post = Callable[[str, bytes], None]


class Clerk:
    """One question at a time, the newest first; what too many newer ones have pushed out is said to be dropped.

    handlers: type of question → what answers it; a handler calls its Report with the share done, 0..1, between slices
    of its work, and raises LabelstreamError where there is no answer. post: sends the body for an id to the labeler.
    breathe: returns once the loop does not need the processor.
    """

    def __init__(self, handlers: Mapping[type[Question], Handler], post: Post, breathe: Callable[[], None]) -> None:
        self._handlers = handlers
        self._post = post
        self._breathe = breathe
        self._news = threading.Condition()
        self._waiting: deque[Ask] = deque()
        self._dropped: deque[Ask] = deque()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="clerk", daemon=True)

    def start(self) -> None:
        """Begin, in the background."""
        self._thread.start()

    def close(self) -> None:
        """End after the slice at hand."""
        with self._news:
            self._closing = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def take(self, ask: Ask) -> None:
        """Take in a question, from any thread, at once; one that waits already is not answered twice."""
        with self._news:
            if any(waiting.id == ask.id for waiting in self._waiting):
                return
            self._waiting.append(ask)
            while len(self._waiting) > WAITING:
                self._dropped.append(self._waiting.popleft())
            self._news.notify()

    def _run(self) -> None:
        lower_priority(ANSWERING)
        while (found := self._next()) is not None:
            ask, dropped = found
            try:
                self._say(ask, AnswerHead(state=AnswerState.DROPPED)) if dropped else self._answer(ask)
            except LabelstreamError as error:
                log.info("an answer could not be handed over: %s", error)
            except _Closing:
                return

    def _next(self) -> tuple[Ask, bool] | None:
        """The question to see to, and whether it was dropped; None at the end."""
        with self._news:
            self._news.wait_for(lambda: self._closing or self._waiting or self._dropped)
            if self._closing:
                return None
            return (self._dropped.popleft(), True) if self._dropped else (self._waiting.pop(), False)

    def _answer(self, ask: Ask) -> None:
        try:
            question = ask.read()
            answer = self._handlers[type(question)](question, self._reporter(ask))
        except LabelstreamError as error:
            self._say(ask, AnswerHead(state=AnswerState.REFUSED, sentence=str(error)))
        except _Closing:
            raise
        except Exception:  # one question must not end the answering of all others
            log.exception("the question %s %s could not be answered", ask.kind, ask.question)
            sentence = "something went wrong in the trainer; its terminal says what. Ask again, or something else"
            self._say(ask, AnswerHead(state=AnswerState.REFUSED, sentence=sentence))
        else:
            self._say(ask, AnswerHead(state=AnswerState.DONE, progress=1.0, facts=answer.facts), answer.data)

    def _reporter(self, ask: Ask) -> Report:
        said_at = time.monotonic()

        def report(share: float) -> None:
            nonlocal said_at
            self._breathe()
            if self._closing:
                raise _Closing
            if time.monotonic() - said_at >= SAY_EVERY_S:
                said_at = time.monotonic()
                self._say(ask, AnswerHead(state=AnswerState.WORKING, progress=min(max(share, 0.0), 1.0)))

        return report

    def _say(self, ask: Ask, head: AnswerHead, data: bytes = b"") -> None:
        self._post(ask.id, pack_answer(head, data))


class _Closing(Exception):
    """The trainer ends."""
