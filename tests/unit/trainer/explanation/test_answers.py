from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from shared.asking import ExplainQuestion, MethodsQuestion
from shared.errors import InvalidInput
from tests.unit.trainer.conftest import FolderLabeler
from tests.unit.trainer.explanation.conftest import SIZE, colour_head, colour_info, colour_network, planted
from trainer.explanation import METHODS, Explained, explain
from trainer.explanation.answers import Explainer, ImageGone, to_png
from trainer.explanation.models import Models, NoModel
from trainer.learner import Model
from trainer.loading import Loader
from trainer.models.backbone import NetworkSpace
from trainer.pool import Pool
from trainer.slow.spaces import save_space
from trainer.vectors import VectorFile
from trainer.versions import Version, VersionGone, VersionStore

LOG = "a-log"


def still(_share: float) -> None:
    pass


class Studio:
    """One image with a red square, a present model, an earlier version, and who answers."""

    def __init__(self, folder: FolderLabeler, data: Path, space: NetworkSpace) -> None:
        self.folder, self.data, self.pool = folder, data, Pool()
        self.row = folder.add("red.png", to_png(planted() / 255))
        self.pool.use(space, VectorFile(data / "v", 4))
        self.pool.update(folder.rows, self.pool.cursor)
        self.model = Model(7, colour_head(), 9, temperature=2.0)
        self.versions = VersionStore(data / "versions", 5)
        models = Models(self.pool, lambda: self.model, lambda: LOG, self.versions, data / "slow", None)
        self.explainer = Explainer(self.pool, Loader(folder.root, folder, 10**6), models)

    def keep(self, number: int, space: str) -> None:
        head = replace(colour_head(), weight=-colour_head().weight)
        none = np.empty(0, np.int64), np.empty((0, 3), np.float32)
        self.versions.keep(Version(Model(number, head, 5), 3, LOG, space, 0, {}, *none))

    def question(self, **changes: object) -> ExplainQuestion:
        values: dict[str, object] = {"image": self.row.number, "content": self.row.image_id, "method": "gradcam"}
        return ExplainQuestion.model_validate(values | changes)


@pytest.fixture
def studio(folder: FolderLabeler, tmp_path: Path, space: NetworkSpace) -> Iterator[Studio]:
    return Studio(folder, tmp_path / "data", space)


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)))


def test_an_answer_is_a_picture_and_what_it_is_of(studio: Studio, explained: Explained) -> None:
    facts, data = studio.explainer.explain(studio.question(), still)
    found = explain(explained, planted(), "gradcam")
    np.testing.assert_allclose(pixels_of(data) / 255, found.shown(), atol=0.003)
    assert pixels_of(data).shape == (SIZE, SIZE)
    probs = np.exp(found.logits / 2) / np.exp(found.logits / 2).sum()
    assert dict(facts["top"]) == pytest.approx(dict(zip([3, 5, 8], probs.tolist(), strict=True)))
    assert facts["top"][0][0] == 3
    assert facts["confidence"] == pytest.approx(probs[0])
    assert (facts["class_id"], facts["version"], facts["labels"], facts["layer"]) == (3, 7, 9, "0")
    assert (facts["method"], facts["title"], facts["note"]) == ("gradcam", "Grad-CAM", "")


def test_an_approximation_says_so(studio: Studio) -> None:
    facts, _ = studio.explainer.explain(studio.question(method="scorecam"), still)
    assert facts["note"] == "approximation: the 64 strongest channels"


def test_any_class_can_be_chosen(studio: Studio) -> None:
    facts, _ = studio.explainer.explain(studio.question(class_id=8), still)
    assert (facts["class_id"], facts["top"][0][0]) == (8, 3)
    with pytest.raises(InvalidInput, match="class 4 had no training label"):
        studio.explainer.explain(studio.question(class_id=4), still)


def test_an_earlier_version_by_the_present_network_and_by_one_of_its_own(studio: Studio) -> None:
    assert studio.pool.space is not None
    studio.keep(2, studio.pool.space.id)
    facts, _ = studio.explainer.explain(studio.question(version=2), still)
    assert (facts["version"], facts["labels"], facts["class_id"] != 3) == (2, 5, True)
    with pytest.raises(VersionGone, match="version 3 is not kept any more; kept are: 2"):
        studio.explainer.explain(studio.question(version=3), still)
    studio.keep(4, "gone-64-abc")
    with pytest.raises(NoModel, match="version 4 was made with a network that is not kept any more"):
        studio.explainer.explain(studio.question(version=4), still)


def test_a_version_of_a_network_that_the_slow_loop_made(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    other = colour_network()
    other[0][0].weight.data *= 2
    made = NetworkSpace(other, colour_info(), torch.device("cpu"))
    save_space(studio.data / "slow", made)
    studio.keep(5, made.id)
    monkeypatch.setattr("trainer.explanation.models.load_space", lambda path, _device: made if path.is_file() else None)
    facts, _ = studio.explainer.explain(studio.question(version=5), still)
    assert facts["version"] == 5


def test_without_a_model_there_is_nothing_to_explain(studio: Studio) -> None:
    studio.model = Model()
    with pytest.raises(NoModel, match="no model yet"):
        studio.explainer.explain(studio.question(), still)
    with pytest.raises(NoModel, match="no model yet"):
        studio.explainer.methods(MethodsQuestion(turn=0), still)


def test_an_image_that_vanished_changed_or_is_not_known(studio: Studio) -> None:
    with pytest.raises(ImageGone, match="not heard of this image"):
        studio.explainer.explain(studio.question(image=10_000), still)
    with pytest.raises(ImageGone, match="has vanished from the folder or has changed"):
        studio.explainer.explain(studio.question(content="0" * 32), still)
    (studio.folder.root / "red.png").unlink()
    with pytest.raises(ImageGone, match="has vanished from the folder or has changed"):
        studio.explainer.explain(studio.question(), still)


def test_the_methods_that_work_here(studio: Studio) -> None:
    facts, _ = studio.explainer.methods(MethodsQuestion(turn=7), still)
    assert [method["name"] for method in facts["methods"]] == list(METHODS)
    assert not any(method["why_not"] for method in facts["methods"])
    assert (facts["version"], facts["layer"], "0.1" in facts["layers"]) == (7, "0", True)


def test_shifted_images_have_the_same_logits(studio: Studio) -> None:
    plain, _ = studio.explainer.explain(studio.question(), still)
    moved, _ = studio.explainer.explain(studio.question(shifted=True), still)
    np.testing.assert_allclose(moved["logits"], plain["logits"], atol=1e-4)
    assert (plain["shift"], moved["shift"]) == (0.0, 2.0)


def test_the_network_in_use_is_not_what_is_looked_into(studio: Studio, space: NetworkSpace) -> None:
    for method in METHODS:
        studio.explainer.explain(studio.question(method=method), still)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in space.network.modules())
    assert all(parameter.requires_grad for parameter in space.network.parameters())
