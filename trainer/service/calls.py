"""The two calls: checked as far as that is quick, then work for a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from trainer.models.pixels import FIT_ON, PIXEL_SIZE, PixelSpace
from trainer.models.space import Floats, Pixels, Space
from trainer.pool import Located
from trainer.service.answers import Settings, choose, f1_answer, known_strategy, learn, likeliest
from trainer.service.backbones import PIXELS, Backbones, full_name
from trainer.service.features import FeatureStore, File, Seen, gather
from trainer.service.label_files import Labels, read_labels
from trainer.service.places import Roots, list_images
from trainer.service.refusals import BadCall
from trainer.service.requests import F1, ActiveLearning
from trainer.service.work import Advance, Answer, Work, stretch
from trainer.vectors import VectorFile

READ: Final = 0.9  # the share of the time that reading the images takes, as a rule
FITTED: Final = 0.95


@dataclass(frozen=True, slots=True)
class Calls:
    """What the calls need."""

    settings: Settings
    roots: Roots
    backbones: Backbones
    store: FeatureStore

    def active_learning(self, call: ActiveLearning) -> Work:
        """The work that answers `/active_learning`. Raises BadCall where it cannot be done."""
        strategy, backbone = known_strategy(call.method), full_name(call.backbone)
        path = self.roots.locate(call.path_to_labels, "path_to_labels")
        folder = self.roots.locate(call.path_to_img, "path_to_img")
        labels, names = read_labels(path, "path_to_labels"), list_images(folder, "path_to_img")
        require_images(labels, names, "path_to_labels")
        classes = sorted({entry.label for entry in labels.values()})
        numbered = _numbered(labels, names, classes)

        files = [File(folder, name) for name in names]

        def work(advance: Advance) -> Answer:
            with self._features(backbone, files, len(files), advance) as (space, images, seen):
                learnt = learn(space, images, numbered, self.settings.train)
                advance(FITTED)
                choosing = stretch(advance, FITTED, 1)
                chosen = choose(strategy, call.add, learnt, self.settings, call.seed, choosing)
                answer: Answer = {
                    "data": [names[number] for number in chosen.numbers],
                    "scores": chosen.scores,
                    "unreadable": _unreadable(seen, names),
                }
                if call.predictions:
                    answer["predictions"] = {
                        names[number]: {"label": classes[label], "confidence": confidence}
                        for number, label, confidence in likeliest(learnt.model, learnt.images.askable)
                    }
                return answer

        return work

    def f1(self, call: F1) -> Work:
        """The work that answers `/f1`. Raises BadCall where it cannot be done."""
        backbone = full_name(call.backbone)
        paths = [
            self.roots.locate(call.path_to_labels_train, "path_to_labels_train"),
            self.roots.locate(call.path_to_labels_val, "path_to_labels_val"),
        ]
        folders = [
            self.roots.locate(call.path_to_img_train, "path_to_img_train"),
            self.roots.locate(call.path_to_img_val, "path_to_img_val"),
        ]
        train = _labelled(paths[0], folders[0], "train")
        validation = _labelled(paths[1], folders[1], "val")
        require_known_classes(train, validation)
        classes = sorted({entry.label for entry in train.values()})
        names = [*train, *validation]
        files = [File(folders[0], name) for name in train] + [File(folders[1], name) for name in validation]
        codes = {label: code for code, label in enumerate(classes)}
        labels = {i: codes[e.label] for i, e in enumerate([*train.values(), *validation.values()])}

        def work(advance: Advance) -> Answer:
            with self._features(backbone, files, len(train), advance) as (_, images, seen):
                is_train = images.numbers < len(train)
                learnt, measured = images.part(is_train), images.part(~is_train)
                _require_some(learnt, "path_to_labels_train")
                _require_some(measured, "path_to_labels_val")
                answer = f1_answer(learnt, measured, labels, classes, self.settings.train)
                keys = {seen.hashes[number] for number in learnt.numbers.tolist()}
                return answer | {
                    "in_both": sum(seen.hashes[number] in keys for number in measured.numbers.tolist()),
                    "unreadable": _unreadable(seen, names),
                }

        return work

    @contextmanager
    def _features(
        self, backbone: str, files: list[File], fit_on: int, advance: Advance
    ) -> Iterator[tuple[Space, Located, Seen]]:
        """Features of the files, numbered by position; what has to be fitted for them is so on the first `fit_on`."""
        space = self.backbones.space(backbone)
        with self.store.scratch() as scratch:
            known = self.store.array(space)
            seen = self.store.read(known, space, files, stretch(advance, 0, READ))
            convert, dim = reduction(known, seen, fit_on) if backbone == PIXELS else (_same, space.info.dim)
            yield space, gather(known, seen, scratch, dim, convert), seen


def reduction(raw: VectorFile, seen: Seen, fit_on: int) -> tuple[Callable[[Floats], Floats], int]:
    """How raw pixels are reduced to principal components, and to how many.

    Fitted on at most FIT_ON of the files 0 … fit_on − 1, always the same ones for the same images.
    """
    keys = sorted({key for number, key in seen.hashes.items() if number < fit_on})[:FIT_ON]
    if not keys:
        return _same, raw.dim
    space = PixelSpace.fit(_pictures(raw[np.array([raw.find(key) for key in keys])]))
    return lambda block: space.embed(_pictures(block)), space.info.dim


def _pictures(block: Floats) -> Pixels:
    return block.astype(np.uint8).reshape(-1, PIXEL_SIZE, PIXEL_SIZE, 3)


def _same(block: Floats) -> Floats:
    return block


def _labelled(path: Path, folder: Path, part: str) -> Labels:
    labels = read_labels(path, f"path_to_labels_{part}")
    if not labels:
        raise BadCall("no_labels", f"path_to_labels_{part}", f"path_to_labels_{part} holds no label; expected some")
    require_images(labels, list_images(folder, f"path_to_img_{part}"), f"path_to_labels_{part}")
    return labels


def require_images(labels: Labels, names: Iterable[str], field: str) -> None:
    """Raise BadCall where a label names no image of the folder."""
    known = set(names)
    missing = [name for name in labels if name not in known]
    if missing:
        entry = labels[missing[0]]
        more = f", and so do {len(missing) - 1:,} more lines" if missing[1:] else ""
        raise BadCall(
            "missing_image",
            field,
            f"{entry.file}, line {entry.line} labels {missing[0]!r}, which is no image of the folder{more}; expected "
            "the path below it, like cat_1.jpg or cats/1.jpg",
        )


def require_known_classes(train: Labels, validation: Labels) -> None:
    """Raise BadCall where a class is only in the validation part: nothing can have been learnt of it."""
    known = {entry.label for entry in train.values()}
    unseen = sorted({entry.label for entry in validation.values()} - known)
    if unseen:
        named = ", ".join(repr(label) for label in unseen[:10])
        raise BadCall(
            "unseen_class",
            "path_to_labels_val",
            f"{len(unseen)} classes are only in the validation labels: {named}; give each some training labels",
        )


def _require_some(images: Located, field: str) -> None:
    if not len(images):
        raise BadCall("no_labels", field, f"{field}: none of the labelled images can be read; nothing can be computed")


def _numbered(labels: Labels, names: list[str], classes: list[str]) -> dict[int, int]:
    """Class number by image number."""
    codes = {label: code for code, label in enumerate(classes)}
    return {number: codes[labels[name].label] for number, name in enumerate(names) if name in labels}


def _unreadable(seen: Seen, names: list[str]) -> list[dict[str, str]]:
    return [{"file": names[number], "reason": why} for number, why in sorted(seen.unreadable.items())]
