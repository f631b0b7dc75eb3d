"""Both services as processes, on the handwritten digits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labeler.sample import fill_if_empty, sample_labels
from tests.processes import LabelerProcess, Service, labeler_process, trainer_process


class Pair:
    """A labeler and a trainer that share a data folder."""

    def __init__(self, folder: Path, images: Path, **settings: str) -> None:
        self.images = images
        self.data = folder / "data"
        settings = {"model__weights": "none", "images__scan_every_s": "0.5"} | settings
        self.labeler: LabelerProcess = labeler_process(folder, images, self.data, **settings)
        self.trainer: Service = trainer_process(folder, images, self.data, self.labeler.url, **settings)

    def start(self) -> Pair:
        self.labeler.start()
        self.trainer.start()
        self.labeler.ready()
        return self

    def end(self) -> None:
        for service in (self.labeler, self.trainer):
            if service.alive:
                service.end()

    @property
    def logs(self) -> str:
        return self.labeler.output + self.trainer.output


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder of the digits, and file name → digit."""
    images = tmp_path_factory.mktemp("digits")
    assert fill_if_empty(images) == 1797
    return images, dict(sample_labels())


@pytest.fixture
def pair(tmp_path: Path, digits: tuple[Path, dict[str, str]]) -> Iterator[Pair]:
    made = Pair(tmp_path, digits[0], classes=str([str(i) for i in range(10)]).replace("'", '"'))
    yield made
    made.end()
