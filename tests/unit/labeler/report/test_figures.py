from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from labeler.report.curves import MOST_POINTS, Mark, Run, curve, pace
from labeler.report.figures import Cloud, Figure, amounts, class_curves, confusion, place_map, reliability, uncertainty
from labeler.report.page import marks


def row(labels: int, accuracy: float | None, loss: float | None = 0.5, time: float = 0.0) -> dict[str, Any]:
    metrics = {}
    if accuracy is not None:
        metrics = {"accuracy": {"value": accuracy, "low": accuracy - 0.1, "high": min(accuracy + 0.1, 1.0), "n": 50}}
    return {"labels": labels, "test_labels": 0, "time": time or 100.0 * labels, "train_loss": loss, "metrics": metrics}


def run(*rows: dict[str, Any], marks: tuple[Mark, ...] = ()) -> Run:
    return Run(rows, {"accuracy": {"at_least": 0.95}}, marks)


def drawn(figure: Figure | None) -> ET.Element:
    assert figure is not None
    return ET.fromstring(figure.svg)


def of_class(svg: ET.Element, css: str) -> list[ET.Element]:
    return [each for each in svg.iter() if css in (each.get("class") or "").split()]


def texts(svg: ET.Element) -> list[str]:
    return [each.text or "" for each in svg.iter("text")]


def test_a_curve_has_its_interval_its_goal_titles_and_a_legend() -> None:
    figure = curve(run(*(row(n, 0.5 + n / 100) for n in range(1, 40))), {"accuracy": "k-accent"}, by_time=False)
    svg = drawn(figure)
    assert len(of_class(svg, "band")) == 1 and len(of_class(svg, "k-stop")) == 1
    assert {"Labels, training and test", "Accuracy, %"} <= set(texts(svg))
    assert [key.words for key in figure.legend] == ["Accuracy", "95 % interval", "goal, 95.0\u00a0%"]


def test_of_several_evaluations_at_one_number_of_labels_the_newest_counts() -> None:
    figure = curve(run(row(10, 0.2, time=1), row(20, 0.5, time=2), row(10, 0.9, time=3)), {"accuracy": "k"}, False)
    path = next(each for each in of_class(drawn(figure), "line") if "k" in each.get("class", "").split())
    y = [float(value) for value in re.findall(r"[\d.]+", path.get("d", ""))[1::2]]
    assert len(y) == 2 and y[0] < y[1]  # 90 % lies above 50 %


def test_time_has_a_unit_and_changes_of_settings_are_marked() -> None:
    marks = (Mark(1, 20, 2000.0), Mark(2, 900, 90_000.0))
    figure = curve(run(row(10, 0.2), row(30, 0.5), marks=marks), {"accuracy": "k"}, by_time=True)
    svg = drawn(figure)
    assert "Time since the first evaluation, min" in texts(svg)
    assert [each.text for each in of_class(svg, "mark-word")] == ["1"]  # the other came after the last evaluation
    assert any("settings changed" in key.words for key in figure.legend)


def test_long_runs_are_thinned_and_keep_their_end() -> None:
    figure = curve(run(*(row(n, 0.5) for n in range(1, 5000))), {"accuracy": "k"}, by_time=False)
    path = next(each for each in of_class(drawn(figure), "line") if "k" in each.get("class", "").split())
    assert len(re.findall("[ML]", path.get("d", ""))) <= MOST_POINTS


def test_what_was_never_measured_is_not_drawn() -> None:
    assert curve(run(), {"accuracy": "k"}, False) is None
    assert curve(run(row(3, None)), {"accuracy": "k"}, True) is None
    losses = curve(run(row(3, None, 0.7)), {"train_loss": "k-1", "loss": "k"}, False)
    assert losses is not None and [key.words for key in losses.legend] == ["Training loss"]
    assert (pace([], [], 60), reliability([]), uncertainty([0], [0], None)) == (None, None, None)
    assert confusion([[0]], ["a"]) is None and amounts("t", "u", [("a", 0, "k")]) is None
    assert place_map(Cloud([], [], [], 0, "PCA"), []) is None


def test_the_matrix_has_labels_as_rows_and_predictions_as_columns() -> None:
    figure = confusion([[3, 1], [0, 5]], ["cat", "<dog>"])
    svg = drawn(figure)
    titles = [each.text for each in svg.iter("title")]
    assert "cat taken for <dog>: 1 of 4" in titles and "<dog> taken for <dog>: 5 of 5" in titles
    cells = of_class(svg, "cell")
    places = [(float(each.get("x", 0)), float(each.get("y", 0))) for each in cells]
    assert places[0][1] == places[1][1] and places[0][0] < places[1][0]  # one row: 3 and 1
    assert [float(each.get("fill-opacity", 0)) for each in cells] == pytest.approx([0.78, 0.34, 1.0])
    assert {"Label", "Prediction"} <= set(texts(svg))


def test_many_classes_stay_small() -> None:
    rng = np.random.default_rng(0)
    matrix = np.zeros((200, 200), int)
    np.add.at(matrix, (rng.integers(0, 200, 500), rng.integers(0, 200, 500)), 1)
    figure = confusion(matrix.tolist(), [f"class {i}" for i in range(200)])
    assert figure is not None and len(figure.svg) < 200_000
    bars = amounts("t", "u", [(f"class {i}", i, "k") for i in range(200)])
    assert bars is not None and "175 more" in bars.note and len(of_class(drawn(bars), "bar")) == 24


def test_bars_are_as_long_as_their_amounts() -> None:
    widths = [
        float(each.get("width", 0))
        for each in of_class(drawn(amounts("t", "u", [("a", 10, "k"), ("b", 40, "k")])), "bar")
    ]
    assert widths[1] / widths[0] == pytest.approx(0.25, abs=0.01)


def test_right_and_wrong_stand_one_upon_the_other() -> None:
    svg = drawn(uncertainty([4, 0], [2, 1], 0.75))
    good, bad = of_class(svg, "k-good")[0], of_class(svg, "k-bad")[0]
    assert float(bad.get("y", 0)) + float(bad.get("height", 0)) == pytest.approx(float(good.get("y", 0)), abs=0.2)
    assert float(good.get("height", 0)) == pytest.approx(2 * float(bad.get("height", 0)), rel=0.02)


def test_the_map_has_one_scale_and_says_how_many_it_shows() -> None:
    figure = place_map(Cloud([0, 1000, 0, 1000], [0, 0, 100, 100], [0, 1, -1, 1], 4000, "t-SNE"), ["a", "b"])
    svg = drawn(figure)
    assert figure is not None and figure.note == "4 of 4,000 images, drawn at random."
    assert [key.words for key in figure.legend] == ["a", "b", "without a label"]
    spots = np.array([
        [float(n) for n in re.findall(r"M([\d.]+) ([\d.]+)h0", each.get("d", ""))[0]] for each in of_class(svg, "cloud")
    ])  # fmt: skip
    unlabelled, first, second = spots
    assert (second[0] - first[0]) / (first[1] - unlabelled[1]) == pytest.approx(10, rel=0.02)


def test_a_change_is_marked_at_the_labels_of_the_evaluation_before_it() -> None:
    history = [row(10, 0.2) | {"test_labels": 5}, row(20, 0.5) | {"test_labels": 8}, row(30, 0.5)]
    changes = [{"revision": 1, "time": 50.0}, {"revision": 2, "time": 2500.0}, {"revision": 2, "time": 2500.0}]
    assert marks(changes, history) == [Mark(1, 0, 50.0), Mark(2, 28, 2500.0)]


def test_each_class_with_a_curve_has_its_line_and_its_area() -> None:
    curve_of = {"x": [0.0, 0.5, 1.0], "y": [0.0, 1.0, 1.0], "area": 0.75}
    curves = [{"class": "b", "roc": curve_of}, {"class": "a", "roc": None}]
    figure = class_curves("roc", curves, ["a", "b"])
    assert [tuple(key) for key in figure.legend] == [("line", "k-1", "b, area 0.750")]
    assert {"False positive rate, %", "True positive rate, %"} <= set(texts(drawn(figure)))
    assert class_curves("roc", curves, [str(i) for i in range(9)] + ["a", "b"]) is None
