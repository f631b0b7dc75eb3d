"""Joins what versions say about the hold-out with the labels as they stand now, and renders what follows as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from labeler.analysis import calibration, comparison, confusion, curves
from labeler.analysis.judged import Judged, judge
from labeler.board import Board
from labeler.image_store import ImageStore
from labeler.versions import Version, Versions
from labeler.views import image_url, show_path
from shared.errors import InvalidInput, UnknownClass
from shared.intervals import CALIBRATION_BINS as FINE
from shared.intervals import wilson

MOST_IMAGES: Final = 200
NO_IMAGE: Final = "no test image of this class has a label yet, so there is no curve"
ONLY_CLASS: Final = "every labelled test image is of this class, so there is nothing to tell it from"


class Analyst:
    """All of it on the hold-out in full; nothing of this asks the trainer."""

    def __init__(self, versions: Versions, board: Board, images: ImageStore) -> None:
        self._versions = versions
        self._board = board
        self._images = images

    def judged(self, version: Version) -> Judged:
        """A version's answers beside the labels as they stand now."""
        with self._board.lock:
            numbers = version.images.tolist()
            standing = {number: self._board.book.standing(number) for number in numbers}
            classes = len(self._board.class_names)
        labels = {n: s.class_id for n, s in standing.items() if s is not None and s.class_id is not None}
        return judge(version.images, version.probs, version.classes, labels, classes, version.said)

    def present(self) -> dict[str, Any] | None:
        """How calibrated and how certain the present version is; None where nothing has been evaluated."""
        version = self._present()
        if version is None:
            return None
        judged = self.judged(version)
        return {"version": version.number, "labels": version.labels, "n": len(judged), **_certainty(judged)}

    def tables(self, numbers: Sequence[int]) -> dict[str, Any]:
        """`GET /api/analysis`: figures, confusion and classes of these versions. Raises UnknownVersion."""
        return {"classes": self._names(), "versions": [self._table(self._find(number)) for number in numbers]}

    def curves(self, numbers: Sequence[int], names: Sequence[str]) -> dict[str, Any]:
        """`GET /api/analysis/curves`. Raises UnknownVersion, UnknownClass."""
        classes = [self._number(name) for name in names]
        judged = {number: self.judged(self._find(number)) for number in numbers}
        return {
            "curves": [
                {"version": number, "class": name, **_class_curves(judged[number], k)}
                for number in numbers
                for name, k in zip(names, classes, strict=True)
            ]
        }

    def compare(self, first: int, second: int) -> dict[str, Any]:
        """`GET /api/analysis/compare`: null where no test image was judged by both. Raises UnknownVersion."""
        paired = comparison.compare(self.judged(self._find(first)), self.judged(self._find(second)))
        return {"paired": None if paired is None else {**asdict(paired), "n": paired.n}}

    def predictions(self, number: int) -> dict[str, Any]:
        """`GET /api/analysis/predictions`: every labelled test image with all probabilities. Raises UnknownVersion."""
        judged, names = self.judged(self._find(number)), self._names()
        rows = self._images.images_by_number(judged.numbers.tolist())
        return {
            "classes": names,
            "images": [
                {
                    "image_id": rows[int(image)].image_id,
                    "label": names[int(k)],
                    "prediction": names[int(said)],
                    "probs": probs.tolist(),
                }
                for image, k, said, probs in zip(
                    judged.numbers, judged.truth, judged.predicted, judged.probs, strict=True
                )
            ],
        }

    def images(self, kind: str, numbers: Sequence[int], cell: tuple[str, str] | None) -> dict[str, Any]:
        """`GET /api/analysis/images`: those of one kind in KINDS; `cell` is (label, prediction) for kind `cell`.

        Raises InvalidInput, UnknownVersion, UnknownClass.
        """
        if kind not in KINDS:
            raise InvalidInput(f"kind is {kind[:40]!r}; expected one of {', '.join(KINDS)}", "kind")
        versions = sorted((self._find(number) for number in numbers), key=lambda version: version.number)
        judged = [self.judged(version) for version in versions]
        found = self._cell(judged[-1], cell) if kind == "cell" else KINDS[kind](judged)
        answers = dict(zip([version.number for version in versions], judged, strict=True))
        return {"images": self._show(found[:MOST_IMAGES], answers), "total": len(found)}

    def mistakes(self) -> tuple[Judged, list[int]] | None:
        """The present version's answers and its confident mistakes; None where nothing has been evaluated."""
        version = self._present()
        if version is None:
            return None
        judged = self.judged(version)
        return judged, comparison.confident_mistakes(judged).tolist()

    def _table(self, version: Version) -> dict[str, Any]:
        judged, names = self.judged(version), self._names()
        matrix, scores = confusion.confusion_matrix(judged), confusion.class_scores(judged)
        hits, n = int(matrix.trace()), len(judged)
        return {
            **version.row(),
            "n": n,
            "accuracy": _share(hits, n),
            "f1_macro": confusion.macro_f1(scores),
            "confusion": [[int(i), int(j), int(matrix[i, j])] for i, j in zip(*matrix.nonzero(), strict=True)],
            "per_class": [{"class": name, **asdict(score)} for name, score in zip(names, scores, strict=True)],
            **_certainty(judged),
        }

    def _cell(self, judged: Judged, cell: tuple[str, str] | None) -> list[int]:
        if cell is None:
            raise InvalidInput("kind `cell` needs `label` and `prediction`, two names of classes", "label")
        label, prediction = map(self._number, cell)
        inside = (judged.truth == label) & (judged.predicted == prediction)
        return [int(number) for number in judged.numbers[inside]]

    def _show(self, numbers: Iterable[int], answers: dict[int, Judged]) -> list[dict[str, Any]]:
        wanted, names = list(numbers), self._names()
        rows = self._images.images_by_number(wanted)
        said = {version: _answers(judged, wanted) for version, judged in answers.items()}
        return [
            {
                "image_id": rows[number].image_id,
                "url": image_url(rows[number].image_id),
                "filename": show_path(rows[number].path),
                "label": names[next(said[v][number][0] for v in said if number in said[v])],
                "answers": [
                    {"version": v, "label": names[said[v][number][1]], "confidence": said[v][number][2]}
                    for v in said
                    if number in said[v]
                ],
            }
            for number in wanted
        ]

    def _present(self) -> Version | None:
        numbers = self._versions.numbers()
        return self._versions.current or (self._versions.get(numbers[-1]) if numbers else None)

    def _find(self, number: int) -> Version:
        current = self._versions.current
        return current if current is not None and current.number == number else self._versions.get(number)

    def _names(self) -> list[str]:
        with self._board.lock:
            return [self._board.class_names[number] for number in sorted(self._board.class_names)]

    def _number(self, name: str) -> int:
        names = self._names()
        if name not in names:
            raise UnknownClass(f"there is no class {name[:80]!r}; the classes are {', '.join(names)[:200]}", "class")
        return names.index(name)


def _never_right(versions: Sequence[Judged]) -> list[int]:
    return [int(number) for number in comparison.never_right(versions)]


def _flipped(versions: Sequence[Judged]) -> list[int]:
    turns = comparison.flipped(versions)
    return sorted(turns, key=lambda number: (-turns[number], number))


def _mistakes(versions: Sequence[Judged]) -> list[int]:
    return [int(number) for number in comparison.confident_mistakes(versions[-1])]


def _right(versions: Sequence[Judged]) -> list[int]:
    return [int(number) for number in versions[-1].numbers[versions[-1].right]]


def _wrong(versions: Sequence[Judged]) -> list[int]:
    return [int(number) for number in versions[-1].numbers[~versions[-1].right]]


def _nothing(_versions: Sequence[Judged]) -> list[int]:
    return []


KINDS: Final[dict[str, Callable[[Sequence[Judged]], list[int]]]] = {
    "cell": _nothing,
    "right": _right,
    "wrong": _wrong,
    "never_right": _never_right,
    "flipped": _flipped,
    "mistakes": _mistakes,
}


def _answers(judged: Judged, numbers: Iterable[int]) -> dict[int, tuple[int, int, float]]:
    """Image number → (label, prediction, confidence), for those images that were judged."""
    said = zip(
        judged.numbers.tolist(),
        judged.truth.tolist(),
        judged.predicted.tolist(),
        judged.confidence.tolist(),
        strict=True,
    )
    wanted = set(numbers)
    return {number: (label, prediction, sure) for number, label, prediction, sure in said if number in wanted}


def _share(hits: int, n: int) -> dict[str, float | int | None]:
    low, high = wilson(hits, n) if n else (None, None)
    return {"value": hits / n if n else None, "low": low, "high": high, "n": n}


def _certainty(judged: Judged) -> dict[str, Any]:
    came_true = judged.likeliest == judged.truth
    drawn, fine = (calibration.reliability(judged.confidence, came_true, n) for n in (calibration.BINS, FINE))
    doubt = calibration.uncertainty(judged)
    return {
        "reliability": [asdict(b) for b in drawn],
        "ece": calibration.calibration_error(fine),
        "uncertainty": {
            "right": doubt.right.tolist(),
            "wrong": doubt.wrong.tolist(),
            "separation": doubt.separation,
        },
    }


def _class_curves(judged: Judged, number: int) -> dict[str, Any]:
    scores, is_class = judged.probs[:, number], judged.truth == number
    roc, recall = curves.roc_curve(scores, is_class), curves.precision_recall_curve(scores, is_class)
    bins = calibration.of_class(judged, number)
    return {
        "images": int(is_class.sum()),
        "sentence": NO_IMAGE if not is_class.any() else ONLY_CLASS if is_class.all() else "",
        "roc": _points(roc),
        "precision_recall": _points(recall),
        "calibration": [asdict(b) for b in bins],
        "ece": calibration.calibration_error(bins),
    }


def _points(curve: curves.Curve | None) -> dict[str, Any] | None:
    if curve is None:
        return None
    few = curves.thinned(curve)
    return {"x": few.x.tolist(), "y": few.y.tolist(), "area": few.area}
