"""What the model looks at: asks the trainer for maps, and keeps those away that would sway a measurement."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from PIL import Image

from labeler.board import Board
from labeler.classes import Classes
from labeler.desk import TrainerView
from labeler.image_store import ImageRow, ImageStore
from labeler.questions import Questions
from labeler.queue import Status
from labeler.views import image_url, show_path
from shared.asking import ExplainQuestion, MethodsQuestion
from shared.errors import Conflict, UnknownImage

WAIT_S: Final = 2.0
MOST_WAITING: Final = 8  # requests; each holds a thread that labels must not lack
MOST_PX: Final = 2048  # of a map's longer side: as large as pages show an image


@dataclass(frozen=True, slots=True)
class Wish:
    """Which map: see `GET /api/explanations/<image_id>`. label, version and layer: None for the usual one."""

    method: str
    label: str | None = None
    version: int | None = None
    layer: str | None = None
    shifted: bool = False


class Explanations:
    """Thread-safe. view: what the trainer does now."""

    def __init__(
        self,
        board: Board,
        images: ImageStore,
        classes: Classes,
        questions: Questions,
        view: Callable[[], TrainerView],
    ) -> None:
        self._board = board
        self._images = images
        self._classes = classes
        self._questions = questions
        self._view = view
        self._room = threading.BoundedSemaphore(MOST_WAITING)

    def map(self, image_id: str, wish: Wish, size: int | None = None) -> tuple[bytes, dict[str, Any]]:
        """A grey PNG as large as the image is shown, longest side at most `size`, and what it is of.

        Raises UnknownImage, UnknownClass, Conflict on a hold-out image that is still asked, NoAnswerYet,
        QuestionRefused.
        """
        row = self._image(image_id)
        question = ExplainQuestion(
            image=row.number,
            content=row.image_id,
            method=wish.method[:40],
            class_id=None if wish.label is None else self._number(wish.label),
            version=wish.version,
            layer=None if wish.layer is None else wish.layer[:200],
            shifted=wish.shifted,
            turn=self._view().model_version if wish.version is None else 0,
        )
        facts, data = self._ask(question)
        return resized(data, shown_size(row.width, row.height, size)), self._named(facts)

    def methods(self) -> dict[str, Any]:
        """Every method, whether the present model allows it, and why not; the layers. Raises NoAnswerYet."""
        facts, _ = self._ask(MethodsQuestion(turn=self._view().model_version))
        rows = [{**method, "allowed": not method["why_not"]} for method in facts["methods"]]
        return {**facts, "methods": rows}

    def image(self, image_id: str) -> dict[str, Any]:
        """What a page needs to show beside a map. Raises UnknownImage, Conflict."""
        row = self._image(image_id)
        with self._board.lock:
            standing = self._board.book.standing(row.number)
            names = self._board.class_names
            label = None if standing is None or standing.class_id is None else names[standing.class_id]
        return {
            "image_id": image_id,
            "url": image_url(image_id),
            "filename": show_path(row.path),
            "width": row.width,
            "height": row.height,
            "label": label,
            "test": row.lane == "test",
        }

    def _ask(self, question: ExplainQuestion | MethodsQuestion) -> Any:
        """Waits a moment, but not where many wait already."""
        may_wait = self._room.acquire(blocking=False)
        try:
            return self._questions.ask(question, WAIT_S if may_wait else 0.0)
        finally:
            if may_wait:
                self._room.release()

    def _image(self, image_id: str) -> ImageRow:
        row = self._images.find_images([image_id]).get(image_id)
        if row is None:
            raise UnknownImage(f"there is no image {image_id[:80]!r}; it may have been changed or removed", "image_id")
        with self._board.lock:
            queue = self._board.queue
            asked = queue.status(row.number) is not Status.LABELLED or queue.find_lease(row.number) is not None
            if queue.is_test(row.number) and asked:
                raise Conflict(
                    "this image belongs to the hold-out and is still to be labelled; the model's view of it stays "
                    "hidden until then, so that it does not sway the answer that measures the model",
                    "image_id",
                )
        return row

    def _number(self, label: str) -> int:
        with self._board.lock:
            return self._classes.number(label)

    def _named(self, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts with classes by name instead of number."""
        with self._board.lock:
            names = dict(self._board.class_names)
        top = [{"label": names.get(number, "?"), "confidence": share} for number, share in facts["top"]]
        kept = {key: value for key, value in facts.items() if key not in ("class_id", "top")}
        classes = [names.get(number, "?") for number in facts["classes"]]
        return {**kept, "class": names.get(facts["class_id"], "?"), "classes": classes, "top": top}


def shown_size(width: int, height: int, size: int | None) -> tuple[int, int]:
    """How large an image of these pixels is shown where its longest side may be `size`."""
    scale = min(1.0, min(size or MOST_PX, MOST_PX) / max(width, height, 1))
    return max(1, round(width * scale)), max(1, round(height * scale))


def resized(png: bytes, size: tuple[int, int]) -> bytes:
    """A grey PNG stretched to `size`, (width, height): the whole image was squeezed when it was explained."""
    target = BytesIO()
    with Image.open(BytesIO(png)) as image:
        image.convert("L").resize(size, Image.Resampling.BILINEAR).save(target, "PNG", compress_level=1)
    return target.getvalue()
