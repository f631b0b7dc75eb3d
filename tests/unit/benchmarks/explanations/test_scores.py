"""The figures by which maps are judged, on models and maps whose figures are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from benchmarks.explanations.controls import CONTROLS
from benchmarks.explanations.faithfulness import SHARES, area, blurred, curves, mixed, ranks
from benchmarks.explanations.localisation import hits, read_boxes, share_inside
from benchmarks.explanations.measure import Figures, Subject, measure, randomise
from benchmarks.explanations.sanity import STAGES, randomised, similarity
from benchmarks.explanations.tables import (
    against_rows,
    as_json,
    cell,
    draw,
    faithfulness_rows,
    interval,
    localisation_rows,
    sanity_rows,
    signed_cell,
    speed_rows,
)
from tests.unit.trainer.explanation.conftest import colour_head, colour_info, colour_network, planted
from trainer.explanation import Explained
from trainer.models.backbone import NetworkSpace

SIZE = 64


@pytest.fixture(scope="module")
def explained() -> Explained:
    return Explained.of(NetworkSpace(colour_network(), colour_info(), torch.device("cpu")), colour_head())


def redness(pixels: np.ndarray) -> np.ndarray:
    """(N, S, S, 3) → (N, 2): how much of the planted square, in the end, is red, and the rest."""
    red = (pixels[..., 0].astype(float) - pixels[..., 1] > 100).mean((1, 2)) / (16 / 64) ** 2
    return np.stack([np.clip(red, 0, 1), 1 - np.clip(red, 0, 1)], axis=1).astype(np.float32)


def square(left: int = 36, top: int = 8, side: int = 16) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_the_order_is_that_of_the_map_and_ties_are_no_pattern() -> None:
    values = np.array([[0.1, 0.9], [0.5, 0.3]], np.float32)
    np.testing.assert_array_equal(ranks(values), [[3, 0], [1, 2]])
    even = ranks(np.zeros((32, 32), np.float32))
    assert sorted(even.ravel().tolist()) == list(range(1024))
    assert abs(spearmanr(even.ravel(), np.arange(1024)).statistic) < 0.1


@pytest.mark.parametrize("share", SHARES)
def test_a_share_of_the_pixels_is_taken(share: float) -> None:
    first, rest = np.full((SIZE, SIZE, 3), 200, np.uint8), np.zeros((SIZE, SIZE, 3), np.uint8)
    taken = mixed(first, rest, ranks(np.random.default_rng(0).random((SIZE, SIZE), np.float32)), share)
    assert (taken == 200).mean() == pytest.approx(share, abs=1e-3)


def test_a_map_of_what_matters_is_faithful_and_its_opposite_is_not() -> None:
    right = curves(redness, planted(), square(), 0, 0)
    wrong = curves(redness, planted(), 1 - square(), 0, 0)
    assert (right.areas[0] < 0.1, wrong.areas[0] > 0.8) == (True, True)
    assert (right.areas[1] > 0.8, wrong.areas[1] < 0.3) == (True, True)
    assert right.right[SHARES.index(0.15)] == 1
    assert (right.deletion[0], right.insertion[-1]) == (1, 1)
    assert right.entropy.min() >= 0 and right.entropy.max() <= 1


def test_the_area_is_that_of_the_trapezia() -> None:
    assert area(np.ones(len(SHARES), np.float32)) == pytest.approx(1)
    assert area(np.array(SHARES, np.float32)) == pytest.approx(0.5)


def test_a_blurred_image_keeps_its_colour_and_loses_its_edges() -> None:
    image = planted()
    assert blurred(image).mean() == pytest.approx(image.mean(), abs=1.5)
    assert (
        np.abs(np.diff(blurred(image).astype(int), axis=0)).max() < np.abs(np.diff(image.astype(int), axis=0)).max() / 4
    )


def test_boxes_are_read_and_scaled(tmp_path: Path) -> None:
    images = [{"id": 7, "file_name": "images/a.jpg", "width": 200, "height": 100}]
    boxes = [{"image_id": 7, "bbox": [100, 50, 50, 25]}, {"image_id": 7, "bbox": [0, 0, 20, 10]}]
    file = tmp_path / "boxes.json"
    file.write_text(json.dumps({"images": images, "annotations": boxes}))
    (mask,) = read_boxes(file, 20).values()
    expected = np.zeros((20, 20), bool)
    expected[10:15, 10:15] = expected[0:2, 0:2] = True
    np.testing.assert_array_equal(mask, expected)


def test_shares_inside_and_hits() -> None:
    inside = square() > 0
    assert share_inside(square(), inside) == 1
    assert share_inside(1 - square(), inside) == 0
    assert share_inside(np.ones((SIZE, SIZE), np.float32), inside) == pytest.approx(inside.mean())
    assert share_inside(np.zeros((SIZE, SIZE), np.float32), inside) == pytest.approx(inside.mean())
    assert (hits(square(), inside), hits(1 - square(), inside)) == (True, False)


def test_forgetting_changes_weights_from_the_head_on_down(explained: Explained) -> None:
    before = {name: tensor.clone() for name, tensor in explained.state_dict().items()}
    changed = {}
    for stage, share in STAGES.items():
        after = randomised(explained, share, 0).state_dict()
        changed[stage] = {
            name for name in before if name.endswith("weight") and not torch.equal(before[name], after[name])
        }
    assert changed["head"] == {"head.weight"}
    assert changed["head"] < changed["top half"] < changed["everything"]
    assert len(changed["everything"]) == 4
    assert all(torch.equal(before[name], tensor) for name, tensor in explained.state_dict().items())


def test_what_is_forgotten_is_forgotten_by_the_faster_copy_too(explained: Explained) -> None:
    explained.quick()
    forgetful, x = randomised(explained, 0.5, 0), explained.standardised(planted())
    torch.testing.assert_close(forgetful.quick()(x), forgetful(x))
    assert float((forgetful(x) - explained(x)).abs().max()) > 1e-3


def test_similarity_is_a_rank_correlation() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((SIZE, SIZE), np.float32)
    assert similarity(values, values**3) > 0.9
    assert similarity(values, -values) == pytest.approx(-1)
    assert abs(similarity(values, rng.random((SIZE, SIZE), np.float32))) < 0.4
    assert similarity(values, np.zeros((SIZE, SIZE), np.float32)) == 0


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_are_maps(control: str) -> None:
    found = CONTROLS[control](SIZE, np.random.default_rng(0))
    assert (found.shape, found.dtype, bool(found.min() >= 0), bool(found.max() > 0)) == (
        (SIZE, SIZE),
        np.float32,
        True,
        True,
    )


def test_all_of_it_on_a_model_that_looks_at_red(explained: Explained, tmp_path: Path) -> None:
    def predict(pixels: np.ndarray) -> np.ndarray:
        x = torch.cat([explained.standardised(image) for image in pixels])
        with torch.no_grad():
            return torch.softmax(explained(x), 1).numpy()

    chosen = [
        Subject("red.png", planted(36, 8), 0, square() > 0),
        Subject("low.png", planted(8, 40), 0, square(8, 40) > 0),
    ]
    figures = measure(explained, predict, chosen, ["gradcam", "occlusion"], 0)
    randomise(explained, chosen[:1], figures, 0)
    assert list(figures) == ["gradcam", "occlusion", *CONTROLS]
    for name in ("gradcam", "occlusion"):
        found = figures[name]
        assert found.hits == [True, True]
        assert min(found.inside) > max(figures["random pixels"].inside)
        assert np.mean([c.areas[0] for c in found.curves]) < np.mean(
            [c.areas[0] for c in figures["random cells"].curves]
        )
        assert all(len(values) == 1 for values in found.stages.values())
    assert len(faithfulness_rows(figures)) == 5 == len(localisation_rows(figures))
    assert len(sanity_rows(figures)) == 2 == len(speed_rows(figures))
    against = against_rows(figures)[0]
    assert against["inside − random pixels"].startswith("+")
    assert against["deletion − random cells"].startswith("-")
    assert json.loads(json.dumps(as_json(figures, {})))["methods"]["gradcam"]["hits"] == [True, True]
    draw(figures, tmp_path / "curves.png", "red")
    assert (tmp_path / "curves.png").stat().st_size > 10_000


def test_differences_carry_their_sign() -> None:
    assert signed_cell([0.5, 0.5]) == "+.50 (+.50 to +.50)"
    assert signed_cell([-0.25]) == "-.25 (-.25 to -.25)"


def test_cells() -> None:
    assert cell([]) == "–"
    assert cell([0.5, 0.5]) == ".50 (.50–.50)"
    mean, low, high = interval([0.0, 1.0] * 50)
    assert low == pytest.approx(0.4, abs=0.02) and high == pytest.approx(0.6, abs=0.02) and mean == 0.5
    assert localisation_rows({"gradcam": Figures()}) == []
