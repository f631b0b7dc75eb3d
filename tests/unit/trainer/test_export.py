from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from shared.errors import ConfigError
from shared.messages import MetricValue
from tests.unit.trainer.conftest import png
from trainer.export import ModelCard, Predicted, class_names, export_model, likeliest, read_model, write_predictions
from trainer.models.head import Head, fit_head
from trainer.models.pixels import PixelSpace
from trainer.predict import predict_folder

CLASSES = ["corner", "bottom", "<b>right</b>"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model exported from pixel features of three kinds of images."""
    from shared.images import decode_rgb  # noqa: PLC0415
    from trainer.models.space import prepare  # noqa: PLC0415

    pixels = np.stack([prepare(decode_rgb(png(i, i), 10**6), 32) for i in range(30)])
    space = PixelSpace.fit(pixels)
    head = fit_head(space.embed(pixels), np.arange(30) % 3, 30.0)
    card = ModelCard(
        format=1,
        program="0",
        model_version=4,
        applied_seq=30,
        log_id="log-1",
        classes=CLASSES,
        preprocessing=space.info,
        labels=30,
        metrics={"accuracy": MetricValue(value=0.5, low=0.1, high=0.9, n=4)},
        temperature=0.5,
    )
    export_model(tmp_path / "model-4", card, head, space)
    return tmp_path / "model-4"


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def test_a_model_is_read_again_as_it_was(model: Path) -> None:
    card, head, weights = read_model(model)
    assert card.classes == CLASSES
    assert card.metrics["accuracy"].n == 4
    assert head.weight.shape == (3, card.preprocessing.dim)
    assert set(weights) == {"mean", "scale", "components", "fitted_on"}
    assert sorted(path.name for path in model.iterdir()) == ["model.json", "model.safetensors"]


def test_a_folder_is_labelled_by_a_saved_model(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    (folder / "sub").mkdir(parents=True)
    for i in range(40, 49):
        (folder / "sub" / f"{i}.png").write_bytes(png(i, i))
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("no image either")
    assert predict_folder(model, folder, tmp_path / "out.csv", 10**6) == 9
    for row in read_csv(tmp_path / "out.csv"):
        number = int(Path(row["filename"]).stem)
        assert row["label"] == CLASSES[number % 3]
        assert 1 / 3 < float(row["confidence"]) <= 1


def test_an_empty_folder_gives_an_empty_table(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert predict_folder(model, tmp_path / "empty", tmp_path / "out.csv", 10**6) == 0
    assert read_csv(tmp_path / "out.csv") == []


def test_confidence_follows_the_temperature(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "0.png").write_bytes(png(40, 40))
    card, head, weights = read_model(model)
    odds = []
    for temperature in (1.0, 0.5):
        export_model(
            model, card.model_copy(update={"temperature": temperature}), head, PixelSpace.from_state(weights, 32)
        )
        predict_folder(model, folder, tmp_path / "out.csv", 10**6)
        [row] = read_csv(tmp_path / "out.csv")
        odds.append(float(row["confidence"]))
    assert odds[0] < odds[1]


def test_a_model_without_a_temperature_has_one_of_1(model: Path) -> None:
    card = json.loads((model / "model.json").read_text())
    assert card.pop("temperature") == 0.5
    (model / "model.json").write_text(json.dumps(card))
    assert read_model(model)[0].temperature == 1.0


def test_a_folder_that_is_none_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--images"):
        predict_folder(model, tmp_path / "nowhere", tmp_path / "out.csv", 10**6)


@pytest.mark.parametrize("damage", ["no folder", "no weights", "cut weights", "no json", "other json"])
def test_a_damaged_model_is_refused(model: Path, damage: str) -> None:
    weights, card = model / "model.safetensors", model / "model.json"
    if damage == "no weights":
        weights.unlink()
    elif damage == "cut weights":
        weights.write_bytes(weights.read_bytes()[:100])
    elif damage == "no json":
        card.write_text("{")
    elif damage == "other json":
        card.write_text(json.dumps({"classes": []}))
    with pytest.raises(ConfigError, match="cannot be read as a model"):
        read_model(model if damage != "no folder" else model / "none")


def test_an_older_model_of_the_same_name_is_replaced(model: Path) -> None:
    (model / "left over").write_text("x")
    card, head, weights = read_model(model)
    space = PixelSpace.from_state(weights, 32)
    export_model(model, card, head, space)
    assert not (model / "left over").exists()


def test_any_file_name_survives_the_table(tmp_path: Path) -> None:
    names = [
        "a,b.png",
        'quote".png',
        "line\nbreak.png",
        "\u202egnp.png",
        b"caf\xe9.png".decode("utf-8", "surrogateescape"),
    ]
    path = tmp_path / "p.csv"
    assert write_predictions(path, [Predicted("id", name, "x", 0.5) for name in names]) == 5
    assert [row["filename"] for row in read_csv(path)] == names


def test_the_likeliest_class_by_name() -> None:
    probs = np.array([[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]], np.float32)
    assert likeliest(probs, CLASSES) == [("bottom", pytest.approx(0.5)), ("corner", pytest.approx(0.9))]


def test_a_class_without_a_name_keeps_its_number() -> None:
    head = Head(np.array([0, 7]), np.zeros((2, 3), np.float32), np.zeros(2, np.float32), 0.0)
    assert class_names(head, {0: "a"}) == ["a", "7"]
