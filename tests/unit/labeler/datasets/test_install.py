"""Each known set from archives of its real format: every image with its own label, under neutral names."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labeler.board import Board
from labeler.database import Database
from labeler.datasets.__main__ import install, main
from labeler.datasets.archives import DatasetError
from labeler.datasets.table import DATASETS, Dataset
from labeler.lock import held
from shared.config import Config, load_config
from shared.errors import StorageFull
from shared.messages import SessionState

from .small import jpeg, pixels, small

NOWHERE = "http://127.0.0.1:9"


def truth(name: str) -> dict[bytes, str]:
    """Content → class name: pixels for what is kept as PNG, the file itself for what is kept as JPEG."""
    cifar = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    fashion = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    birds = ["Black footed Albatross", "Laysan Albatross", "Sooty Albatross"]
    match name:
        case "cifar-10":
            return {pixels(i).tobytes(): cifar[i % 10] for i in range(40)}
        case "cifar-100":
            return {pixels(i).tobytes(): f"kind_{i}" for i in range(40)}
        case "fashion-mnist":
            return {pixels(i, (28, 28)).tobytes(): fashion[i % 10] for i in range(30)}
        case "flowers-102":  # names by label 8, 15, 22, 29 and 85 of the published list, counted by hand
            named = {1: "bird of paradise", 2: "yellow iris", 3: "pincushion flower", 4: "artichoke", 12: "desert-rose"}
            return {jpeg(i): label for i, label in named.items()}
        case "eurosat":
            return {jpeg(i): ("AnnualCrop", "Forest", "SeaLake")[i % 3] for i in range(12)}
        case _:
            return {jpeg(i): birds[i % 3] for i in range(12)}


def content(path: Path) -> bytes:
    return np.asarray(Image.open(path)).tobytes() if path.suffix == ".png" else path.read_bytes()


def rows_of(images: Path, name: str) -> list[dict[str, str]]:
    with (images / name / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(environ={}, flags={"paths.images": tmp_path / "images", "paths.data": tmp_path / "data"})


@pytest.fixture
def put(config: Config, tmp_path: Path) -> Callable[..., list[str]]:
    def put(dataset: Dataset, limit: int | None = None) -> list[str]:
        said: list[str] = []
        install(dataset, config, tmp_path / "archives", limit, NOWHERE, said.append)
        return said

    return put


@pytest.mark.parametrize("name", DATASETS)
def test_every_image_has_its_own_label_and_a_name_that_tells_nothing(
    name: str, config: Config, put: Callable[..., list[str]], tmp_path: Path
) -> None:
    put(small(name, tmp_path / "archives"))
    images, expected = config.paths.images, truth(name)
    found = {content(images / row["filename"]): row["label"] for row in rows_of(images, name)}
    assert {key: found[key] for key in expected} == expected
    files = [path for path in images.rglob("*") if path.is_file()]
    assert len(files) == len(rows_of(images, name)) + 1
    assert all(
        re.fullmatch(rf"({name}/)((train|val|test)/)?\d{{5}}\.(png|jpg)", r["filename"]) for r in rows_of(images, name)
    )
    assert [path.name for path in (config.paths.data / "datasets").iterdir()] == []


@pytest.mark.parametrize("name", ["cifar-10", "eurosat"])
def test_the_labels_are_in_the_log_and_the_session_trains(
    name: str, config: Config, put: Callable[..., list[str]], tmp_path: Path
) -> None:
    put(small(name, tmp_path / "archives"))
    expected = Counter(truth(name).values())
    for _ in range(2):  # after a restart too
        board = Board(Database(config.paths.data / "labelstream.db"), 60)
        counts = {board.class_names[number]: count for number, count in board.label_counts.items()}
        assert counts == expected
        assert board.session.state is SessionState.LABELLING
    assert list(board.class_names.values()) == list(dict.fromkeys(truth(name).values()))


def test_the_official_parts_are_kept(config: Config, put: Callable[..., list[str]], tmp_path: Path) -> None:
    put(small("flowers-102", tmp_path / "archives"))
    rows = rows_of(config.paths.images, "flowers-102")
    assert Counter(row["split"] for row in rows) == {"train": 6, "test": 6}
    assert Counter(row["filename"].split("/")[1] for row in rows) == {"train": 3, "val": 3, "test": 6}
    assert {row["source"] for row in rows} == {f"image_{i:05d}.jpg" for i in range(1, 13)}


def test_a_limit_draws_the_same_images_each_time(config: Config, put: Callable[..., list[str]], tmp_path: Path) -> None:
    dataset = small("cifar-10", tmp_path / "archives")
    put(dataset, 7)
    few = rows_of(config.paths.images, "cifar-10")
    assert len(few) == 7
    (config.paths.images / "cifar-10").rename(tmp_path / "first")
    put(dataset, 7)
    assert rows_of(config.paths.images, "cifar-10") == few


def test_a_set_that_is_in_place_is_only_imported_again(
    config: Config, put: Callable[..., list[str]], tmp_path: Path
) -> None:
    put(small("eurosat", tmp_path / "archives"))
    (tmp_path / "archives" / "EuroSAT.zip").unlink()
    config.paths.data.rename(tmp_path / "elsewhere")
    assert any("in place already" in line for line in put(DATASETS["eurosat"]))
    assert Board(Database(config.paths.data / "labelstream.db"), 60).label_counts.total() == 12


def test_images_that_were_deleted_since_are_said(config: Config, put: Callable[..., list[str]], tmp_path: Path) -> None:
    put(small("eurosat", tmp_path / "archives"))
    (config.paths.images / rows_of(config.paths.images, "eurosat")[0]["filename"]).unlink()
    config.paths.data.rename(tmp_path / "elsewhere")
    assert any(line.startswith("1 images of") for line in put(DATASETS["eurosat"]))


def test_a_folder_with_other_files_is_left_alone(config: Config, put: Callable[..., list[str]], tmp_path: Path) -> None:
    mine = config.paths.images / "eurosat" / "mine.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"my own")
    with pytest.raises(DatasetError, match="holds other files already; move them away"):
        put(small("eurosat", tmp_path / "archives"))
    assert [path for path in config.paths.images.rglob("*") if path.is_file()] == [mine]


def test_a_damaged_archive_is_named_with_both_sums(put: Callable[..., list[str]], tmp_path: Path) -> None:
    dataset = small("eurosat", tmp_path / "archives")
    with (tmp_path / "archives" / "EuroSAT.zip").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DatasetError, match=rf"EuroSAT.zip has the MD5 \w+, expected {dataset.archives[0].md5}"):
        put(dataset)


class Failing(Image.Image):
    """A picture that cannot be saved."""

    error: BaseException

    def save(self, *_args: object, **_options: object) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(28, "No space left on device"), StorageFull), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_what_cannot_be_written_to_its_end_leaves_nothing(
    error: BaseException, raised: type[BaseException], config: Config, put: Callable[..., list[str]], tmp_path: Path
) -> None:
    dataset, picture = small("cifar-10", tmp_path / "archives"), Failing()
    picture.error = error

    def read(root: Path) -> object:
        whole = dataset.read(root)
        return replace(whole, parts={"train": [*(whole.parts["train"][i] for i in range(3)), (picture, 0)]})

    config.paths.images.mkdir()
    (config.paths.images / ".cifar-10-dead").mkdir()
    with pytest.raises(raised):
        put(replace(dataset, read=read))
    assert list(config.paths.images.iterdir()) == []
    assert list((config.paths.data / "datasets").iterdir()) == []
    put(dataset)
    assert len(rows_of(config.paths.images, "cifar-10")) == 40


def test_an_unknown_name_is_answered_with_the_list(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["cifar-11", "--data", str(tmp_path), "--images", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "no data set is known as 'cifar-11'" in error and "cub-200-2011" in error and "Did you mean cifar-1" in error


def test_two_commands_at_once_do_not_get_in_each_others_way(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with held(tmp_path / "data" / "datasets", "datasets.lock", "held by the test"):
        assert main(["cifar-10", "--data", "data", "--images", "images", "--archives", "archives"]) == 1
    assert "another command puts a data set into data/datasets; wait until it is done" in capsys.readouterr().err
    assert not (tmp_path / "images").exists()
