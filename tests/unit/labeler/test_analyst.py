from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from labeler.analyst import NO_IMAGE
from shared.versions import VersionReport, pack_probs
from trainer.evaluation import expected_calibration_error

from .conftest import World
from .test_desk import hello

CLASSES = ["cat", "dog", "owl"]


@pytest.fixture
def zoo(make_world: Callable[..., World]) -> World:
    """Ninety images, thirty of them test images, which are labelled cat and dog in turn."""
    world = make_world(classes=CLASSES)
    world.find(90)
    for i, image in enumerate(tests(world)):
        assert world.annotate(image["image_id"], CLASSES[i % 2])[0] == 201
    hello(world.labeler.desk)
    return world


def tests(world: World) -> list[Any]:
    return [row for row in world.get("/api/pool")["images"] if row["lane"] == "test"]


tests.__test__ = False  # type: ignore[attr-defined]


def say(
    world: World, version: int, kept: bool = True, seed: int = 0, classes: int = 2, said: list[int] | None = None
) -> None:
    """A version that is often right reports what it says of the hold-out."""
    rows = tests(world)
    rng = np.random.default_rng((version, seed))
    logits = 3 * rng.normal(size=(len(rows), classes)) + np.eye(classes)[np.arange(len(rows)) % 2]
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    world.labeler.desk.version(
        VersionReport(
            epoch=world.labeler.desk.view.epoch,
            version=version,
            based_on_seq=version,
            labels=10 * version,
            space="s",
            kept=kept,
            metrics={},
            images=[row["number"] for row in rows],
            classes=list(range(classes)),
            probs=pack_probs(probs.astype(np.float32)),
            said=said or [],
        )
    )


def predictions(world: World, version: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities, as exported."""
    answer = world.get(f"/api/analysis/predictions?version={version}")
    truth = np.array([answer["classes"].index(row["label"]) for row in answer["images"]])
    return truth, np.array([row["probs"] for row in answer["images"]])


def test_the_tables_agree_with_scikit_learn_on_the_exported_predictions(zoo: World) -> None:
    say(zoo, 1)
    say(zoo, 2)
    answer = zoo.get("/api/analysis?version=1&version=2")
    assert answer["classes"] == CLASSES
    for table in answer["versions"]:
        truth, probs = predictions(zoo, table["version"])
        said = probs.argmax(axis=1)
        matrix = np.zeros((3, 3), int)
        for i, j, count in table["confusion"]:
            matrix[i, j] = count
        assert np.array_equal(matrix, metrics.confusion_matrix(truth, said, labels=[0, 1, 2]))
        assert table["n"] == len(truth) == 30
        assert table["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(truth, said))
        assert table["f1_macro"] == pytest.approx(metrics.f1_score(truth, said, average="macro"))
        for k in range(2):
            row = table["per_class"][k]
            assert row["auc"] == pytest.approx(metrics.roc_auc_score(truth == k, probs[:, k]))
            assert row["f1"] == pytest.approx(metrics.f1_score(truth, said, labels=[k], average=None)[0])
        assert (table["per_class"][2]["recall"], table["per_class"][2]["auc"]) == (None, None)


def test_where_costs_decide_the_tables_judge_what_was_said(zoo: World) -> None:
    said = [0, 1, 1] * 10
    say(zoo, 1, said=said)
    truth, probs = predictions(zoo, 1)
    (table,) = zoo.get("/api/analysis?version=1")["versions"]
    assert table["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(truth, said))
    assert table["accuracy"]["value"] != pytest.approx(metrics.accuracy_score(truth, probs.argmax(axis=1)))
    assert table["ece"] == pytest.approx(expected_calibration_error(probs, truth), abs=1e-6)
    exported = zoo.get("/api/analysis/predictions?version=1")["images"]
    assert [CLASSES.index(row["prediction"]) for row in exported] == said


def test_curves_and_a_sentence_where_there_can_be_none(zoo: World) -> None:
    say(zoo, 1)
    truth, probs = predictions(zoo, 1)
    dog, owl = zoo.get("/api/analysis/curves?version=1&class=dog&class=owl")["curves"]
    assert dog["roc"]["area"] == pytest.approx(metrics.roc_auc_score(truth == 1, probs[:, 1]))
    assert dog["precision_recall"]["area"] == pytest.approx(metrics.average_precision_score(truth == 1, probs[:, 1]))
    assert (dog["images"], dog["sentence"], len(dog["calibration"]) > 0) == (15, "", True)
    assert (owl["roc"], owl["precision_recall"], owl["calibration"], owl["sentence"]) == (None, None, [], NO_IMAGE)


def test_the_truth_is_that_of_today(zoo: World) -> None:
    say(zoo, 1)
    before = zoo.get("/api/analysis?version=1")["versions"][0]
    (wrong,) = [row for row in before["confusion"] if row[:2] == [0, 1]]
    cell = zoo.get("/api/analysis/images?kind=cell&version=1&label=cat&prediction=dog")
    assert cell["total"] == wrong[2] == len(cell["images"])
    image = cell["images"][0]
    assert (image["label"], image["answers"][0]["label"]) == ("cat", "dog")
    assert zoo.annotate(image["image_id"], "dog")[0] == 201
    after = zoo.get("/api/analysis?version=1")["versions"][0]
    assert after["accuracy"]["value"] == pytest.approx(before["accuracy"]["value"] + 1 / 30)
    assert zoo.annotate(image["image_id"], None, "skip")[0] == 201
    assert zoo.get("/api/analysis?version=1")["versions"][0]["n"] == 29


def test_images_over_versions(zoo: World) -> None:
    for version in (1, 2, 3):
        say(zoo, version)
    right = {v: (p := predictions(zoo, v))[1].argmax(axis=1) == p[0] for v in (1, 2, 3)}
    ever = right[1] | right[2] | right[3]
    query = "version=1&version=2&version=3"
    never = zoo.get(f"/api/analysis/images?kind=never_right&{query}")
    assert never["total"] == (~ever).sum() > 0
    assert [answer["version"] for answer in never["images"][0]["answers"]] == [1, 2, 3]
    flipped = zoo.get(f"/api/analysis/images?kind=flipped&{query}")
    assert flipped["total"] == ((right[1] != right[2]) | (right[2] != right[3])).sum()
    paired = zoo.get("/api/analysis/compare?first=1&second=3")["paired"]
    assert (paired["first"], paired["second"]) == ((right[1] & ~right[3]).sum(), (~right[1] & right[3]).sum())
    assert paired["n"] == 30
    assert zoo.get("/api/analysis/images?kind=mistakes&version=1")["total"] <= (~right[1]).sum()


def test_what_does_not_exist_is_refused_with_a_sentence(zoo: World) -> None:
    say(zoo, 1)
    for path, status, word in (
        ("/api/analysis", 400, "0 versions"),
        ("/api/analysis?version=x", 400, "version is"),
        ("/api/analysis?version=99", 404, "no version 99"),
        ("/api/analysis/curves?version=1&class=cow", 422, "no class 'cow'"),
        ("/api/analysis/images?version=1&kind=all", 400, "never_right"),
        ("/api/analysis/images?version=1&kind=cell&label=cat", 400, "two names"),
    ):
        answer = zoo.client.get(path)
        assert answer.status_code == status, path
        assert word in answer.get_json()["error"]["message"]


def test_without_any_evaluation_there_is_nothing(world: World) -> None:
    assert world.get("/api/dashboard")["present"] is None
    assert world.get("/api/versions")["versions"] == []


def test_the_calibration_error_is_the_one_that_the_trainer_reports(zoo: World) -> None:
    say(zoo, 1, kept=False)
    judged = zoo.labeler.desk.versions.current
    assert judged is not None
    book = zoo.labeler.board.book.labels()
    truth = np.array([book[int(image)] for image in judged.images])
    wide = np.zeros((len(truth), int(max(truth.max(), judged.classes.max())) + 1), np.float32)
    wide[:, judged.classes] = judged.probs
    assert zoo.get("/api/dashboard")["present"]["ece"] == pytest.approx(expected_calibration_error(wide, truth))


def test_the_present_version_is_there_after_a_restart_if_it_was_kept(zoo: World) -> None:
    say(zoo, 1, kept=True)
    say(zoo, 2, kept=False)
    present = zoo.get("/api/dashboard")["present"]
    assert (present["version"], present["n"]) == (2, 30)
    assert sum(present["uncertainty"]["right"]) + sum(present["uncertainty"]["wrong"]) == 30
    assert sum(b["n"] for b in present["reliability"]) == 30
    zoo.restart()
    assert zoo.get("/api/dashboard")["present"]["version"] == 1
