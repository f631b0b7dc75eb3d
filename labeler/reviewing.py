"""Which labels people should look at again: those that the model doubts, the hold-out's without saying which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from labeler.analyst import Analyst
from labeler.board import Board
from labeler.image_store import ImageRow, ImageStore
from labeler.questions import Questions
from labeler.store import AnnotationStore
from labeler.views import image_url, show_path
from shared.asking import LabelIssuesQuestion
from shared.log import Standing
from shared.messages import Kind, Lane

WAIT_S: Final = 2.0
MOST: Final = 200


class Reviewing:
    """Lists of images to answer again in the lane `review`; what was answered there is not asked once more."""

    def __init__(
        self, analyst: Analyst, questions: Questions, board: Board, annotations: AnnotationStore, images: ImageStore
    ) -> None:
        self._analyst = analyst
        self._questions = questions
        self._board = board
        self._annotations = annotations
        self._images = images

    def holdout(self) -> dict[str, Any]:
        """Test images to be asked again blind, in random order.

        Confident mistakes of the present version, and as many images on which model and label agree: were only the
        mistakes asked again, each error found would speak for the model, and the measurement would be bent towards it.
        """
        found = self._analyst.mistakes()
        if found is None:
            return {"tasks": [], "examined": 0}
        judged, mistakes = found
        unseen = self._unreviewed(judged.numbers.tolist())
        rows = self._images.images_by_number(unseen)
        doubted = [number for number in mistakes if number in unseen]
        agreed = [number for number in judged.numbers[judged.right].tolist() if number in unseen]
        mixed = doubted + sorted(agreed, key=lambda number: _shuffled(rows[number]))[: len(doubted)]
        mixed.sort(key=lambda number: _shuffled(rows[number]))
        return {"tasks": [_blind(rows[number]) for number in mixed[:MOST]], "examined": len(judged)}

    def training(self, turn: int) -> dict[str, Any]:
        """Training images whose label is probably wrong, worst first; equal turns have one answer.

        Raises TrainerAway, NoAnswerYet, QuestionRefused.
        """
        facts = self._questions.ask(LabelIssuesQuestion(turn=turn), WAIT_S).facts
        unseen = self._unreviewed([issue[0] for issue in facts["issues"]])
        rows, names = self._images.images_by_number(unseen), self._board.class_names
        tasks = [
            {
                **_shown(rows[image]),
                "blind": False,
                "label": names[label],
                "suggestion": names[said],
                "confidence": most,
                "label_confidence": least,
            }
            for image, label, said, least, most in facts["issues"]
            if image in rows and unseen[image].class_id == label
        ]
        return {"tasks": tasks[:MOST], "examined": facts["examined"]}

    def _unreviewed(self, numbers: Iterable[int]) -> dict[int, Standing]:
        """Of these images, the label that stands on each and did not come from a review."""
        with self._board.lock:
            found = {number: self._board.book.standing(number) for number in numbers}
        standing = {number: s for number, s in found.items() if s is not None and s.kind is Kind.LABEL}
        rows = self._annotations.rows_at([s.seq for s in standing.values()])
        return {number: s for number, s in standing.items() if rows[s.seq].lane is not Lane.REVIEW}


def _shuffled(row: ImageRow) -> str:
    """A random key that stays the same: the end of a hash."""
    return row.image_id[::-1]


def _blind(row: ImageRow) -> dict[str, Any]:
    return {**_shown(row), "blind": True}


def _shown(row: ImageRow) -> dict[str, str]:
    return {"image_id": row.image_id, "url": image_url(row.image_id), "filename": show_path(row.path)}
