"""A link in memory, a labeler made of files in a folder, and batches to feed them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shared.config import load_config
from shared.images import content_hash, path_hash
from shared.masks import encode_mask
from shared.messages import AnnotationBatch, ClassInfo, Kind, LogRow, SessionNews, SessionState, Welcome
from trainer.labeler_http import MaskPage, MaskRow, PoolPage, PoolRow
from trainer.link import Incoming, Outgoing


class MemoryLink:
    """TrainerLink without a network: what is put in is received, what is sent is kept."""

    def __init__(self) -> None:
        self.incoming: list[Incoming] = []
        self.sent: list[Outgoing] = []
        self.connected = True

    def receive(self, timeout_s: float) -> list[Incoming]:
        taken, self.incoming = self.incoming, []
        return taken

    def send(self, message: Outgoing) -> bool:
        if self.connected:
            self.sent.append(message)
        return self.connected

    def of(self, kind: type) -> list[object]:
        """The messages of one type that were sent, in order."""
        return [message for message in self.sent if isinstance(message, kind)]


@dataclass
class FolderLabeler:
    """The labeler's directory, images and masks, as an ImageSource and a MaskSource."""

    root: Path
    rows: list[PoolRow] = field(default_factory=list)
    served: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    painted: dict[str, bytes] = field(default_factory=dict)
    mask_rows: list[MaskRow] = field(default_factory=list)

    def masks(self, after: int) -> MaskPage:
        page = [row for row in self.mask_rows if row.change > after][:50]
        return MaskPage(masks=page, last=self.mask_rows[-1].change if self.mask_rows else 0)

    def mask(self, image_id: str) -> bytes | None:
        return self.painted.get(image_id)

    def paint(self, number: int, levels: np.ndarray) -> None:
        """Paint a mask on an image, or take it away where `levels` are all 0."""
        image_id = next(row.image_id for row in self.rows if row.number == number)
        change, (height, width) = 1 + max((row.change for row in self.mask_rows), default=0), levels.shape
        self.mask_rows = [row for row in self.mask_rows if row.number != number]
        self.painted[image_id] = encode_mask(levels)
        row = MaskRow(
            number=number, image_id=image_id, width=width, height=height, change=change, painted=bool(levels.any())
        )
        self.mask_rows.append(row)

    def pool(self, after: int) -> PoolPage:
        page = [row for row in self.rows if row.change > after][:50]
        return PoolPage(images=page, last=self.rows[-1].change if self.rows else 0)

    def image(self, image_id: str) -> bytes | None:
        self.asked.append(image_id)
        return self.served.get(image_id)

    def add(self, name: str, data: bytes, lane: str = "train", **changes: object) -> PoolRow:
        """Write a file and list it."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return self.list(name, data, lane, **changes)

    def list(self, name: str, data: bytes, lane: str = "train", **changes: object) -> PoolRow:
        """List a file as the labeler would, whether it exists or not."""
        values = {
            "number": sum(1 for _ in {row.number for row in self.rows}),
            "image_id": path_hash(name.encode()),
            "content_hash": content_hash(data),
            "lane": lane,
            "path": name,
            "change": len(self.rows) + 1,
        }
        row = PoolRow.model_validate(values | changes)
        self.rows.append(row)
        return row


def png(seed: int, kind: int = 0, size: int = 24) -> bytes:
    """A noisy image of one of a few kinds that are easy to tell apart."""
    from io import BytesIO  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 60, (size, size, 3))
    half = size // 2
    corners = [
        (slice(0, half), slice(0, half)),
        (slice(half, size), slice(0, half)),
        (slice(0, half), slice(half, size)),
    ]
    pixels[corners[kind % 3]] += 150
    buffer = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def label_row(seq: int, image: int = 0, class_id: int = 0) -> LogRow:
    return LogRow(seq=seq, annotation_id=f"a{seq}", image=image, kind=Kind.LABEL, class_id=class_id)


def batch_of(rows: Iterable[LogRow], log_id: str = "log-1", epoch: int = 1, classes: int = 3) -> AnnotationBatch:
    listed = list(rows)
    return AnnotationBatch(
        log_id=log_id,
        epoch=epoch,
        seq_from=listed[0].seq,
        seq_to=listed[-1].seq,
        rows=listed,
        classes=class_infos(classes),
    )


def class_infos(count: int) -> list[ClassInfo]:
    return [ClassInfo(id=i, name=f"class {i}") for i in range(count)]


def welcome_to(
    log_id: str = "log-1",
    epoch: int = 1,
    start_after: int = 0,
    last_seq: int = 0,
    state: SessionState = SessionState.LABELLING,
    ranking_version: int = 0,
) -> Welcome:
    return Welcome(
        log_id=log_id,
        epoch=epoch,
        start_after=start_after,
        last_seq=last_seq,
        ranking_version=ranking_version,
        classes=class_infos(3),
        session=SessionNews(state=state),
    )


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink()


@pytest.fixture
def folder(tmp_path: Path) -> FolderLabeler:
    root = tmp_path / "images"
    root.mkdir()
    return FolderLabeler(root)


@pytest.fixture
def clock() -> Callable[[], float]:
    """A clock that goes on by a second each time it is read."""
    now = [0.0]

    def tick() -> float:
        now[0] += 1.0
        return now[0]

    return tick


@pytest.fixture
def make(
    folder: FolderLabeler, tmp_path: Path, clock: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Makes benches on one folder of three kinds of images; closes their embedders.

    These work at the tests' own priority: at a low one they would wait for ever on a crowded machine.
    """
    monkeypatch.setattr("trainer.embedder.lower_priority", lambda *_: None)
    from tests.unit.trainer.bench import IMAGES, TEST, Bench  # noqa: PLC0415 - it imports this module

    for i in range(IMAGES):
        folder.add(f"{i}.png", png(i, i % 3), lane="test" if i in TEST else "train")
    benches = []

    def build(**flags: object) -> Bench:
        dotted = {key.replace("__", "."): value for key, value in flags.items()}
        config = load_config(environ={}, flags={"paths.data": str(tmp_path / "data"), **dotted})
        benches.append(Bench(config, folder, MemoryLink(), clock))
        return benches[-1]

    yield build
    for bench in benches:
        bench.embedder.close()
