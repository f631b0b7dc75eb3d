"""Brings the labels of a placed data set into the log: directly, or through the labeler that is at work on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import requests

from labeler.board import Board
from labeler.catalog import Catalog
from labeler.classes import Classes
from labeler.database import Database
from labeler.datasets.archives import DatasetError, Say
from labeler.exchange import Exchange
from labeler.formats import FORMATS
from labeler.image_store import ImageStore
from labeler.lock import folder_lock
from labeler.scanner import Scanner
from labeler.service import LabelingService
from labeler.store import AnnotationStore
from shared.config import Config
from shared.errors import StartRefused

PATIENCE: Final = 20  # answers in a row without a further image, until the labeler is given up
PAUSE_S: Final = 2.0
TIMEOUT_S: Final = 120.0


def import_labels(config: Config, labels: Path, labeler_url: str, say: Say) -> int:
    """Import the file of labels, whoever holds the data folder. Returns how many of its images were not found.

    Raises DatasetError, StorageFull, InvalidInput for a file that is no list of labels.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(folder_lock(config.paths.data))
        except StartRefused:
            say(f"a labeler is at work on {config.paths.data}: it imports the labels")
            return import_through(labeler_url, config, labels)
        return import_directly(config, labels)


def import_directly(config: Config, labels: Path) -> int:
    """Index the image folder and import, while no labeler is at work. Returns how many images were not found."""
    with closing(Database(config.paths.data / "labelstream.db")) as database, labels.open("rb") as file:
        board = Board(database, config.leases.seconds)
        annotations, images = AnnotationStore(database), ImageStore(database)
        classes = Classes(board, annotations)
        classes.add_missing(config.classes)
        catalog = Catalog(images, board, lambda: config, time.sleep)
        Scanner(config.paths.images, catalog, config.images.scan_every_s, config.images.max_pixels).look()
        service = LabelingService(board, annotations, images, classes)
        return Exchange(board, images, annotations, classes, service).load(FORMATS["csv"].parse(file)).unknown_count


def import_through(
    url: str, config: Config, labels: Path, wait: Callable[[float], object] = time.sleep, patience: int = PATIENCE
) -> int:
    """Import through the labeler at `url`, again and again until it has found all images.

    Returns how many images it has not found although it was given time. Raises DatasetError.
    """
    headers = {"Authorization": f"Bearer {config.server.token}"} if config.server.token else {}
    data, missing, idle = labels.read_bytes(), -1, 0
    while missing and idle < patience:
        began = time.monotonic()
        found = _post(f"{url.rstrip('/')}/api/import?format=csv", data, headers)
        idle = idle + 1 if found == missing else 0
        missing = found
        if missing:
            wait(max(PAUSE_S, time.monotonic() - began))
    return missing


def _post(url: str, data: bytes, headers: dict[str, str]) -> int:
    """How many of the images the labeler has not found yet."""
    try:
        answer = requests.post(url, data=data, headers=headers, timeout=TIMEOUT_S)
        body = answer.json()
        if not answer.ok:
            raise DatasetError(f"the labeler at {url} refuses the labels: {body['error']['message']}")
        return int(body["unknown_count"])
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"the labeler that is at work does not answer at {url}; name its address by --labeler, or stop it, and "
            "run the same command again: the images are in place"
        ) from error
