"""The maps of the embedding space in use: in memory and on disk, drawn anew when the pool has outgrown them."""

from __future__ import annotations

import logging
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.errors import LabelstreamError
from trainer.pool import Located
from trainer.projection import PROJECTIONS
from trainer.projection.near import Report
from trainer.projection.process import DrawingProcess, Order, Process
from trainer.projection.sheet import Sheet, begin, read_sheet

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]

SAMPLE: Final = 4_096  # images that the principal axes come from
FOLDER: Final = "projections"


class DrawingFailed(LabelstreamError):
    """A map cannot be drawn."""

    code = "drawing_failed"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map that a process is drawing: the sheet it will be, the space it is of, and the process."""

    space: str
    name: str
    sheet: Sheet
    process: Process
    order: Order


class Atlas:
    """For one thread. What is quick is drawn here, what is slow by one process at a time."""

    def __init__(self, data: Path, start: Callable[[Order], Process] = DrawingProcess) -> None:
        """data: the folder that everything is written below; start: begins to draw a map."""
        self._folder = data / FOLDER
        self._start = start
        self._sheets: dict[str, Sheet] = {}
        self._space = ""
        self._failed: set[str] = set()
        self._drawing: Drawing | None = None

    def places(self, name: str, space: str, images: Located, report: Report) -> Floats | float:
        """Where the images of the space `space` lie, (n, 2); while there is no such map yet, the share done of it.

        Raises DrawingFailed.
        """
        if space != self._space:
            self._turn_to(space)
        self._look_after_drawing()
        sheet = self._sheets.get(name) or read_sheet(self._path(name))
        if sheet is None or sheet.outgrown(len(images)):
            sheet = self._draw(name, images, report) or sheet
        if sheet is None and name in self._failed:
            raise DrawingFailed(f"the map {name} could not be drawn; the trainer's terminal says why. Choose another")
        if sheet is None:
            return self._drawing.process.progress() if self._drawing and self._drawing.name == name else 0.0
        self._sheets[name] = sheet.extended(images, report)
        return self._sheets[name].of(images.rows)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._drawing is not None:
            self._drawing.process.close()
            self._drawing = None

    def _turn_to(self, space: str) -> None:
        """The embeddings are others now; maps of those before are of no use any more."""
        self._sheets, self._failed, self._space = {}, set(), space
        for old in self._folder.glob("*"):
            if old.name != space:
                shutil.rmtree(old, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self._folder / self._space / f"{name}.npz"

    def _draw(self, name: str, images: Located, report: Report) -> Sheet | None:
        """A sheet at once, or None: a process has begun to draw it, or draws another."""
        projection = PROJECTIONS[name]
        if projection.fit is not None and (self._drawing is not None or name in self._failed):
            return None
        sheet = begin(images, projection.components, SAMPLE, np.random.default_rng(0))
        if projection.fit is None:
            return sheet
        codes = sheet.codes(images.vectors, images.rows, report)
        order = Order(name, self._path(name).with_suffix(".codes.npy"), self._path(name).with_suffix(".drawn.npz"))
        try:
            order.codes.parent.mkdir(parents=True, exist_ok=True)
            np.save(order.codes, codes, allow_pickle=False)
        except OSError as error:
            raise DrawingFailed(f"the map {name} cannot be drawn: {error}; is the disk full?") from error
        sheet = replace(sheet, rows=images.rows, anchors=codes)
        self._drawing = Drawing(self._space, name, sheet, self._start(order), order)
        return None

    def _look_after_drawing(self) -> None:
        """Take over what the process has drawn; what belongs to another space is dropped."""
        drawing = self._drawing
        if drawing is None or (drawing.space == self._space and drawing.process.ended is None):
            return
        self.close()
        if drawing.space == self._space:
            self._take_over(drawing)
        for path in (drawing.order.codes, drawing.order.target):
            path.unlink(missing_ok=True)

    def _take_over(self, drawing: Drawing) -> None:
        try:
            with np.load(drawing.order.target, allow_pickle=False) as file:
                landmarks, places = file["landmarks"], file["places"].astype(np.float32)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            log.error("the map %s could not be drawn: %s", drawing.name, error)
            self._failed.add(drawing.name)
            return
        anchors = drawing.sheet.anchors[landmarks]
        sheet = replace(drawing.sheet, anchors=anchors, anchor_places=places[landmarks], places=places)
        self._sheets[drawing.name] = sheet
        try:
            sheet.save(self._path(drawing.name))
        except OSError as error:
            log.error("the map %s could not be kept: %s; is the disk full?", drawing.name, error)
