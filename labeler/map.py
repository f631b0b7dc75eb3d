"""The map of the embeddings: what the trainer knows of every image, joined with what the labeler knows."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from labeler.board import Board
from labeler.desk import TrainerView
from labeler.image_store import ImageStore
from labeler.questions import NoAnswerYet, Questions
from labeler.queue import Status
from labeler.store import AnnotationStore
from labeler.views import image_url, show_path
from shared.asking import Answer, MapQuestion, QuestionRefused
from shared.errors import InvalidInput, ProtocolError
from shared.mapping import NO_CLASS, PLACES, Column, Layout, pack, unpack

log = logging.getLogger(__name__)

Seen = tuple[int, int, int]

PROJECTIONS: Final = ("pca", "tsne")
FOLDER: Final = "maps"
FIRST_WAIT_S: Final = 8.0
NO_LABEL: Final = -1
TEST_BIT: Final = 8
MOST_CHANGES: Final = 10_000

SHOWN: Final[Layout] = {
    "numbers": PLACES["numbers"],
    "x": PLACES["x"],
    "y": PLACES["y"],
    "predicted": PLACES["predicted"],
    "label": np.dtype("<i2"),
    "confidence": PLACES["confidence"],
    "state": np.dtype("u1"),
}
"""What a page gets: PLACES, the class that is the label or NO_LABEL, and a Status, plus TEST_BIT for the hold-out."""


@dataclass(frozen=True, slots=True)
class Known:
    """The newest answer of the trainer. seen: what was known of the trainer when it was asked for."""

    facts: dict[str, Any]
    columns: dict[str, Column]
    seen: Seen


class Maps:
    """What the map page asks. Thread-safe."""

    def __init__(
        self,
        board: Board,
        images: ImageStore,
        annotations: AnnotationStore,
        questions: Questions,
        view: Callable[[], TrainerView],
        data: Path,
        clock: Callable[[], float],
    ) -> None:
        """view: what the trainer does now; data: the last maps are kept below it; clock: seconds since the epoch."""
        self._board = board
        self._images = images
        self._annotations = annotations
        self._questions = questions
        self._view = view
        self._folder = data / FOLDER
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Known] = {}
        self._asked: dict[str, tuple[int, Seen]] = {}

    def points(self, projection: str) -> tuple[str, bytes]:
        """An ETag and the body of `GET /api/map`: length of the head (uint32), head (JSON), columns of SHOWN.

        While the trainer is busy or away, what it said last; `stale` in the head says so. Raises InvalidInput,
        NoAnswerYet, QuestionRefused.
        """
        if projection not in PROJECTIONS:
            raise InvalidInput(
                f"projection is {projection[:40]!r}; expected one of {', '.join(PROJECTIONS)}", "projection"
            )
        known, progress = self._newest(projection)
        columns, last_seq = self._joined(known.columns)
        head = {
            **known.facts,
            "projection": projection,
            "count": len(columns["numbers"]),
            "last_seq": last_seq,
            "stale": known.seen != self._seen(),
            "progress": progress,
        }
        data = pack(SHOWN, columns)
        text = json.dumps(head).encode()
        text += b" " * (-len(text) % 4)
        body = len(text).to_bytes(4, "little") + text + data
        return hashlib.blake2b(body, digest_size=12).hexdigest(), body

    def last(self) -> tuple[str, dict[str, Column]] | None:
        """The projection and the columns of SHOWN of the newest map there is; nothing is asked for."""
        with self._lock:
            maps = [(name, self._known.get(name) or self._read(name)) for name in reversed(PROJECTIONS)]
        return next(((name, self._joined(known.columns)[0]) for name, known in maps if known is not None), None)

    def changes(self, after: int) -> dict[str, Any]:
        """`GET /api/map/changes`: [number, label, state] of the images whose standing may have changed after a seq."""
        rows = self._annotations.log(after, MOST_CHANGES)
        numbers = sorted({row.image for row in rows})
        with self._board.lock:
            found = [[number, self._label(number), self._state(number)] for number in numbers]
        return {"last_seq": rows[-1].seq if rows else after, "changes": found}

    def images(self, numbers: Sequence[int]) -> dict[str, Any]:
        """`POST /api/map/images`: how images are called and what stands on them; unknown numbers are left out."""
        rows = self._images.images_by_number(set(numbers))
        with self._board.lock:
            found = [
                {
                    "number": number,
                    "image_id": rows[number].image_id,
                    "url": image_url(rows[number].image_id),
                    "filename": show_path(rows[number].path),
                    "label": self._label(number),
                    "state": self._state(number),
                }
                for number in numbers
                if number in rows
            ]
        return {"images": found}

    def _seen(self) -> Seen:
        view = self._view()
        return view.epoch if view.connected else 0, view.model_version, view.embedded

    def _newest(self, projection: str) -> tuple[Known, float | None]:
        """What is known, asked for anew where the trainer has moved on; and how far the next one is."""
        with self._lock:
            known = self._known.get(projection) or self._read(projection)
            seen = self._seen()
            if known is not None and known.seen == seen:
                return known, None
            turn, asked_at = self._asked.setdefault(projection, (int(self._clock() * 1000), seen))
        try:
            answer = self._questions.ask(MapQuestion(projection=projection, turn=turn), 0.0 if known else FIRST_WAIT_S)
        except (NoAnswerYet, QuestionRefused) as error:
            if known is None:
                raise
            return known, getattr(error, "progress", None)
        with self._lock:
            self._asked.pop(projection, None)
            return self._take(projection, answer, asked_at, known)

    def _take(self, projection: str, answer: Answer, seen: Seen, known: Known | None) -> tuple[Known, float | None]:
        progress = answer.facts.get("progress")
        if progress is not None:
            if known is None:
                raise NoAnswerYet("the map is being drawn; it comes by itself", progress)
            return known, progress
        self._known[projection] = Known(answer.facts, unpack(PLACES, answer.data), seen)
        self._write(projection, answer)
        return self._known[projection], None

    def _joined(self, columns: dict[str, Column]) -> tuple[dict[str, Column], int]:
        """The columns of SHOWN. What the model says of hold-out images without a label stays hidden."""
        numbers = columns["numbers"].astype(np.int64)
        with self._board.lock:
            status, is_test = (np.frombuffer(column, np.uint8) for column in self._board.queue.columns())
            labels = self._board.book.labels()
            last_seq = self._board.book.applied_seq
        columns = {name: column[numbers < len(status)] for name, column in columns.items()}
        numbers = numbers[numbers < len(status)]
        by_number = np.full(len(status), NO_LABEL, np.int16)
        by_number[np.fromiter(labels.keys(), np.int64, len(labels))] = np.fromiter(
            labels.values(), np.int64, len(labels)
        )
        label, test = by_number[numbers], is_test[numbers] > 0
        hidden = test & (label == NO_LABEL)
        joined = {
            **columns,
            "predicted": np.where(hidden, NO_CLASS, columns["predicted"]),
            "confidence": np.where(hidden, 0, columns["confidence"]),
            "label": label,
            "state": status[numbers] + TEST_BIT * test,
        }
        kept = status[numbers] != Status.GONE
        return {name: joined[name][kept] for name in SHOWN}, last_seq

    def _label(self, number: int) -> int:
        standing = self._board.book.standing(number)
        return NO_LABEL if standing is None or standing.class_id is None else standing.class_id

    def _state(self, number: int) -> int:
        queue = self._board.queue
        return int(queue.status(number)) + TEST_BIT * queue.is_test(number)

    def _write(self, projection: str, answer: Answer) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = self._folder / f"{projection}.part"
            draft.write_bytes(json.dumps(answer.facts).encode() + b"\n" + answer.data)
            draft.replace(self._folder / f"{projection}.map")
        except OSError as error:
            log.warning("the map could not be kept: %s", error)

    def _read(self, projection: str) -> Known | None:
        """The last map of an earlier run."""
        try:
            facts, _, data = (self._folder / f"{projection}.map").read_bytes().partition(b"\n")
            return Known(json.loads(facts), unpack(PLACES, data), (0, 0, 0))
        except (OSError, ValueError, ProtocolError):
            return None
