"""The work of one round: read images, train, test against the present space, embed the pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np
from safetensors.torch import load_file

from shared.errors import ConfigError, ImageRejected
from shared.messages import SlowState
from trainer.counterfactuals import Flags
from trainer.loading import ImageSource, Loader
from trainer.masks import MaskSource, changes, region_of
from trainer.models.backbone import NetworkSpace
from trainer.models.choose import BATCH_SIZES, DEFAULT_SIZE, choose_device, choose_space
from trainer.models.head import Floats, Integers
from trainer.models.small_cnn import IMAGE_SIZE
from trainer.models.space import Pixels
from trainer.pool import ImageRef
from trainer.slow.exam import Exam, with_copies
from trainer.slow.messages import Job, Outcome, Step
from trainer.slow.pretraining import pretrain
from trainer.slow.schedule import FEWEST_IMAGES, Kind
from trainer.slow.spaces import FOLDER, load_space, save_space
from trainer.slow.supervised import train_on_labels
from trainer.slow.verdict import ENOUGH, Verdict, compare, fold_of, right_in_folds, right_on
from trainer.vectors import VectorFile

PRETRAINING: Final = "training on your images, without labels"
TRAINING: Final = "training on {} labels"
EMBEDDING: Final = "looking at all images with the new weights"
UNTESTED: Final = "accepted without a test: {} labels are too few for one"
DIVERGED: Final = "refused: the new weights give features that are not finite; is slow.learning_rate too high?"
LOADED: Final = 256  # images read at a time while the pool is embedded

Say = Callable[[Step], None]


class Source(ImageSource, MaskSource, Protocol):
    """The labeler, as a round asks it."""


class TooLittle(ConfigError):
    """There are not enough readable images for a round."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Training labels of images that could be read. y: (n,). old: their embeddings in the present space, (n, D)."""

    refs: Sequence[ImageRef]
    y: Integers
    old: Floats

    def part(self, rows: Integers) -> Labelled:
        """Some of them."""
        return Labelled([self.refs[i] for i in rows], self.y[rows], self.old[rows])


class Round:
    """One round. source: the labeler's directory and masks. say: told how far it is."""

    def __init__(self, job: Job, source: Source, say: Say) -> None:
        self._job = job
        self._source = source
        self._say = say
        self._config = job.config
        self._loader = Loader(job.config.paths.images, source, job.config.images.max_pixels)
        self._folder = job.config.paths.data / FOLDER
        self._device = choose_device(job.config.train.device)
        self._refs, self._test = directory(source)

    def run(self) -> Outcome:
        """Train, decide, and embed the pool where the new weights are accepted. Raises LabelstreamError."""
        made = self._pretrain() if self._job.kind is Kind.PRETRAIN else self._train()
        space, accepted, sentence = made
        name = save_space(self._folder, space)
        if accepted:
            self._embed_pool(space)
        return Outcome(space=name, accepted=accepted, sentence=sentence)

    def _pretrain(self) -> tuple[NetworkSpace, bool, str]:
        slow = self._config.slow
        refs = [ref for number, ref in self._refs.items() if number not in self._test]
        refs.sort(key=lambda ref: ref.content_hash)  # folders are often sorted by class; this is a random order
        _, images = self._read(refs[: slow.pretrain_images], self._config.model.image_size or IMAGE_SIZE)
        if len(images) < FEWEST_IMAGES // 2:
            raise TooLittle(f"only {len(images)} images could be read; expected at least {FEWEST_IMAGES // 2}")
        report = self._reporter(SlowState.TRAINING, PRETRAINING)
        space = pretrain(images, slow.pretrain_steps, slow.flips, self._job.seed, report)
        labelled = self._labelled()
        if len(labelled.y) < ENOUGH:
            return space, True, UNTESTED.format(len(labelled.y))
        rows, images = self._read(labelled.refs, space.info.image_size)
        return space, *self._in_folds(labelled.part(rows), _embed(space, images))

    def _train(self) -> tuple[NetworkSpace, bool, str]:
        labelled = self._labelled()
        begin = self._network()
        rows, images = self._read(labelled.refs, begin.info.image_size)
        labelled = labelled.part(rows)
        held_out = np.array([fold_of(ref.content_hash) == 0 for ref in labelled.refs], np.bool_)
        train, validation = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        if len(np.unique(labelled.y[train])) < 2 or not len(validation):
            raise TooLittle(f"{len(labelled.y)} labels leave nothing to train on or to test with")
        report = self._reporter(SlowState.TRAINING, TRAINING.format(len(train)))
        regions = self._regions(labelled.refs, begin.info.image_size)
        space = train_on_labels(
            begin,
            images[train],
            labelled.y[train],
            self._config.slow,
            self._job.seed,
            report,
            weigh=self._job.class_weights,
            ignore={place: regions[row] for place, row in enumerate(train.tolist()) if row in regions},
        )
        exam = Exam(images, labelled.y, labelled.old, train, validation)
        return space, *self._on_validation(with_copies(exam, regions, partial(_embed, begin)), space)

    def _regions(self, refs: Sequence[ImageRef], size: int) -> dict[int, Flags]:
        """Row in `refs` → where the network shall not look, (size, size), for images that are painted."""
        if self._config.slow.reasons == "off":
            return {}
        row_of = {ref.number: row for row, ref in enumerate(refs)}
        painted = [mask for mask in changes(self._source, 0) if mask.number in row_of]
        found = {row_of[mask.number]: region_of(self._source, mask, size) for mask in painted}
        return {row: region for row, region in found.items() if region is not None}

    def _in_folds(self, labelled: Labelled, new: Floats) -> tuple[bool, str]:
        """The test of weights that have seen no label: every label can be asked about."""
        if not np.isfinite(new).all():
            return False, DIVERGED
        c, balanced = self._config.train.C, self._config.train.class_balanced
        folds = np.array([fold_of(ref.content_hash) for ref in labelled.refs], np.int64)
        before, after = (right_in_folds(x, labelled.y, folds, c, balanced) for x in (labelled.old, new))
        return _answer(compare(before, after))

    def _on_validation(self, exam: Exam, space: NetworkSpace) -> tuple[bool, str]:
        """The test of weights that have seen the labels of exam.train: only exam.validation can be asked about."""
        new = _embed(space, exam.pixels)
        if not np.isfinite(new).all():
            return False, DIVERGED
        c, balanced, y = self._config.train.C, self._config.train.class_balanced, exam.y
        train, validation = exam.train, exam.validation
        before, after = (
            right_on(x[train], y[train], x[validation], y[validation], c, balanced) for x in (exam.old, new)
        )
        return _answer(compare(before, after))

    def _network(self) -> NetworkSpace:
        if self._job.network is not None:
            return load_space(self._folder / self._job.network, self._device)
        space = choose_space(self._config.model, self._device)
        if space is None:
            raise TooLittle("there is no network to train; the training without labels has to come first")
        return space

    def _labelled(self) -> Labelled:
        """The labels of the job whose images the labeler still lists, never of the hold-out."""
        if self._job.labels is None:
            return Labelled([], np.empty(0, np.int64), np.empty((0, 1), np.float32))
        tensors = load_file(self._folder / self._job.labels)
        numbers, y = tensors["numbers"].tolist(), tensors["classes"].numpy()
        rows = [i for i, number in enumerate(numbers) if number in self._refs and number not in self._test]
        return Labelled(
            [self._refs[numbers[i]] for i in rows], y[rows], tensors["old"].numpy()[rows].astype(np.float32)
        )

    def _read(self, refs: Sequence[ImageRef], size: int) -> tuple[Integers, Pixels]:
        """The images that can be read, and their rows in `refs`."""
        rows, images = [], []
        for row, ref in enumerate(refs):
            try:
                pixels = self._loader.load(ref, size)
            except ImageRejected:
                continue
            if pixels is not None:
                rows.append(row)
                images.append(pixels)
        stacked = np.stack(images) if images else np.empty((0, size, size, 3), np.uint8)
        return np.array(rows, np.int64), stacked

    def _embed_pool(self, space: NetworkSpace) -> None:
        """Give every image a vector; what cannot be read is left to the trainer, which says why."""
        report = self._reporter(SlowState.EMBEDDING, EMBEDDING)
        vectors = VectorFile(self._config.paths.data / "embeddings" / space.id, space.info.dim)
        refs = sorted(self._refs.values(), key=lambda ref: ref.content_hash)
        for start in range(0, len(refs), LOADED):
            part = [ref for ref in refs[start : start + LOADED] if vectors.find(ref.content_hash) < 0]
            rows, images = self._read(part, space.info.image_size)
            new = _embed(space, images)
            finite = np.flatnonzero(np.isfinite(new).all(axis=1))
            vectors.append([part[rows[i]].content_hash for i in finite], new[finite])
            report(min(1.0, (start + LOADED) / len(refs)))

    def _reporter(self, state: SlowState, sentence: str) -> Callable[[float], None]:
        """Says each whole per cent once."""
        said = -1

        def report(share: float) -> None:
            nonlocal said
            if int(100 * share) > said:
                said = int(100 * share)
                self._say(Step(state=state, progress=share, sentence=sentence))

        report(0.0)
        return report


def directory(source: ImageSource) -> tuple[dict[int, ImageRef], set[int]]:
    """All images the labeler lists, by number, and the numbers of those in the hold-out."""
    refs: dict[int, ImageRef] = {}
    test, last = set(), 0
    while page := source.pool(last).images:
        for row in page:
            refs.pop(row.number, None)
            if not row.removed:
                refs[row.number] = ImageRef(row.number, row.image_id, row.path, bytes.fromhex(row.content_hash))
            if row.lane == "test":
                test.add(row.number)
        last = max(row.change for row in page)
    return refs, test


def _answer(verdict: Verdict) -> tuple[bool, str]:
    return verdict.accepted, verdict.sentence


def _embed(space: NetworkSpace, images: Pixels) -> Floats:
    """Vectors in the precision they are kept in, (N, dim); NaN throughout where one is not finite."""
    smaller = max(1, DEFAULT_SIZE // space.info.image_size)
    size = BATCH_SIZES.get(space.device.type, 32) * smaller**2
    parts = [space.embed(images[i : i + size]) for i in range(0, len(images), size)]
    parts.append(np.empty((0, space.info.dim), np.float32))
    return np.concatenate(parts).astype(np.float16).astype(np.float32)
