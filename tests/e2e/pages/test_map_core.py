"""The pure parts of the map and the grid: bytes, view, lasso, colours, pixels, pages."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Outline

from labeler.map import SHOWN, TEST_BIT
from shared.mapping import pack

from .conftest import Modules

pytestmark = pytest.mark.browser

SIZE = {"width": 800, "height": 600}
CLASSES = [{"id": i, "name": f"class {i}", "color": i, "key": "", "count": 0} for i in range(3)]


def body_of(columns: dict[str, Any], **head: Any) -> list[int]:
    count = len(columns["numbers"])
    full = {name: columns.get(name, np.zeros(count)) for name in SHOWN}
    text = json.dumps({"count": count, **head}).encode()
    text += b" " * (-len(text) % 4)
    return list(len(text).to_bytes(4, "little") + text + pack(SHOWN, full))


READ = """(m, bytes) => {
  const { head, points } = m.readMap(Uint8Array.from(bytes).buffer);
  const plain = Object.fromEntries(Object.entries(points).map(([k, v]) => [k, typeof v === "number" ? v : [...v]]));
  return { head, points: plain };
}"""


@settings(max_examples=20, deadline=None)
@given(count=st.integers(0, 40), seed=st.integers(0, 99))
def test_a_map_is_read_as_it_was_packed_in_another_order(modules: Modules, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {"numbers": rng.choice(1000, count, replace=False)}
    columns |= {"x": rng.integers(0, 65536, count), "label": rng.integers(-1, 9, count)}
    columns["state"] = rng.integers(0, 12, count)
    found = modules.run("core/map_points.js", READ, body_of(columns, last_seq=7))
    points = found["points"]
    assert (found["head"]["last_seq"], points["count"]) == (7, count)
    by_number = {n: i for i, n in enumerate(points["numbers"])}
    assert sorted(by_number) == sorted(columns["numbers"].tolist())
    for name in ("x", "label", "state"):
        assert [points[name][by_number[n]] for n in columns["numbers"]] == columns[name].tolist()
    assert [points["at"][n] for n in columns["numbers"]] == [by_number[n] for n in columns["numbers"]]


def test_changes_are_taken_over_and_unknown_images_ignored(modules: Modules) -> None:
    script = """(m, bytes) => {
      const { points } = m.readMap(Uint8Array.from(bytes).buffer);
      m.applyChanges(points, [[5, 2, 1], [900, 0, 1], [6, 0, 1]]);
      return [points.label[points.at[5]], points.state[points.at[5]], points.label[points.at[3]]];
    }"""
    assert modules.run("core/map_points.js", script, body_of({"numbers": np.array([3, 5])})) == [2, 1, 0]


@settings(max_examples=40, deadline=None)
@given(corners=st.integers(3, 40), seed=st.integers(0, 999))
def test_the_lasso_holds_what_matplotlibs_outline_holds(modules: Modules, corners: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    line = 500 + rng.uniform(100, 500, (corners, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    places = rng.integers(0, 1001, (100, 2))
    expected = Outline([*line, line[0]], closed=True).contains_points(places)
    points = {"x": places[:, 0].tolist(), "y": places[:, 1].tolist(), "count": 100}
    found = modules.call("core/lasso.js", "within", points, line.tolist())
    assert found == np.flatnonzero(expected).tolist()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), reach=st.integers(1, 300))
def test_the_nearest_point_is_the_nearest(modules: Modules, seed: int, reach: int) -> None:
    rng = np.random.default_rng(seed)
    places, spot = rng.integers(0, 1000, (50, 2)), rng.integers(0, 1000, 2)
    points = {"x": places[:, 0].tolist(), "y": places[:, 1].tolist(), "count": 50}
    found = modules.call("core/lasso.js", "nearest", points, spot.tolist(), reach)
    distances = np.linalg.norm(places - spot, axis=1)
    if distances.min() > reach:
        assert found == -1
    else:
        assert distances[found] == distances.min()


@settings(max_examples=30, deadline=None)
@given(factor=st.floats(0.2, 5), px=st.integers(0, 800), py=st.integers(0, 600))
def test_zooming_keeps_what_is_under_the_pointer(modules: Modules, factor: float, px: int, py: int) -> None:
    script = """(m, size, factor, px, py) => {
      const before = m.fitted(size);
      const after = m.zoomed(before, size, factor, px, py);
      const there = m.toMap(before, size, px, py);
      return { there, back: m.toPixels(after, size, ...there), zoom: m.zoomOf(after, size), x: after.x, y: after.y };
    }"""
    found = modules.run("core/map_view.js", script, SIZE, factor, px, py)
    assert 0.5 <= found["zoom"] <= 60
    assert 0 <= found["x"] <= 65535
    if 0 < found["x"] < 65535 and 0 < found["y"] < 65535:
        np.testing.assert_allclose(found["back"], [px, py], atol=0.01)


DRAW = """async (m, points, radius, slot) => {
  const [width, height, margin] = [60, 40, 8];
  const pixels = new Uint32Array((width + 2 * margin) * (height + 2 * margin)).fill(7);
  const palette = { full: Uint32Array.from([0, 100, 200]), half: Uint32Array.from([0, 101, 201]) };
  const stamp = m.stampOf(radius, width + 2 * margin);
  const view = { x: 30, y: 20, scale: 1 };
  const sheet = { pixels, width, height, margin, ground: 7 };
  m.drawPoints(sheet, points, view, stamp, points.slots, (s) => s === slot, palette, points.count);
  const counts = {};
  for (const pixel of pixels) counts[pixel] = (counts[pixel] ?? 0) + 1;
  return { counts, middle: pixels[(20 + margin) * (width + 2 * margin) + 30 + margin] };
}"""


@pytest.mark.parametrize(("radius", "off"), [(1.25, 0.5), (2.0, 0.25), (3.5, 0.1), (6.0, 0.1)])
def test_a_point_covers_the_area_of_its_circle(modules: Modules, radius: float, off: float) -> None:
    point = {"x": [30], "y": [20], "slots": [1], "count": 1}
    found = modules.run("core/scatter.js", DRAW, point, radius, 1)
    area = found["counts"]["100"] + 0.5 * found["counts"].get("101", 0)
    assert area == pytest.approx(np.pi * radius**2, rel=off)
    assert found["middle"] == 100


def test_what_is_out_of_sight_or_of_another_layer_is_not_drawn(modules: Modules) -> None:
    points = {"x": [300, 30], "y": [20, 20], "slots": [1, 2], "count": 2}
    found = modules.run("core/scatter.js", DRAW, points, 3.0, 1)
    assert set(found["counts"]) == {"7"}


def test_an_edge_never_lies_on_a_neighbour(modules: Modules) -> None:
    points = {"x": [30, 33], "y": [20, 20], "slots": [1, 1], "count": 2}
    apart = {"x": [20, 40], "y": [20, 20], "slots": [1, 1], "count": 2}
    close = modules.run("core/scatter.js", DRAW, points, 3.0, 1)["counts"]
    assert close["101"] < modules.run("core/scatter.js", DRAW, apart, 3.0, 1)["counts"]["101"]


def points_of(**columns: Any) -> dict[str, Any]:
    count = len(columns["label"])
    base = {"predicted": [0] * count, "confidence": [255] * count, "state": [0] * count, "count": count}
    return {**base, **columns}


COLOUR = """(m, mode, points, classes) => {
  const found = m.colouring(mode, points, classes);
  return { groups: [...found.groups], legend: found.legend, slots: [...m.slotsOf(found, new Set())] };
}"""


@pytest.mark.parametrize("mode", ["prediction", "confidence"])
def test_unlabelled_hold_out_images_show_nothing_of_the_model(modules: Modules, mode: str) -> None:
    points = points_of(label=[-1, 1, -1], predicted=[2, 2, 2], state=[TEST_BIT, TEST_BIT + 1, 0])
    found = modules.run("core/map_colours.js", COLOUR, mode, points, CLASSES)
    assert found["groups"][0] == -1
    assert found["slots"][0] == 0
    assert found["groups"][1] == found["groups"][2] != -1


@pytest.mark.parametrize("mode", ["label", "prediction", "confidence", "lane"])
def test_the_legend_counts_every_image_once(modules: Modules, mode: str) -> None:
    rng = np.random.default_rng(0)
    columns = {"label": rng.integers(-1, 3, 200).tolist(), "predicted": rng.integers(-1, 3, 200).tolist()}
    status = rng.integers(0, 4, 200) + TEST_BIT * rng.integers(0, 2, 200)
    points = points_of(**columns, confidence=rng.integers(0, 256, 200).tolist(), state=status.tolist())
    found = modules.run("core/map_colours.js", COLOUR, mode, points, CLASSES)
    counts = {entry["group"]: entry["count"] for entry in found["legend"]}
    assert sum(counts.values()) == 200
    assert counts == {group: found["groups"].count(group) for group in set(found["groups"])}


def test_confidence_goes_up_in_steps(modules: Modules) -> None:
    points = points_of(label=[-1] * 5, confidence=[100, 150, 200, 230, 250])
    assert modules.run("core/map_colours.js", COLOUR, "confidence", points, CLASSES)["groups"] == [0, 1, 2, 3, 4]


def test_a_selection_is_summed_without_the_hold_out(modules: Modules) -> None:
    states = [0, 0, 1, TEST_BIT, TEST_BIT + 1, 2]
    points = points_of(label=[-1, -1, 0, -1, 1, -1], predicted=[1, 0, 0, 2, 2, 0], state=states)
    found = modules.call("core/map_colours.js", "summed", points, list(range(6)), CLASSES)
    assert (found["takeable"], found["holdout"], found["answered"]) == ([0, 1], 2, 2)
    assert [(entry["name"], entry["count"]) for entry in found["byClass"]] == [("class 0", 1), ("class 1", 1)]


# grid


def images(*groups: int) -> list[dict[str, Any]]:
    return [
        {"image_id": f"i{i}", "url": "", "filename": "", "confidence": 0.9, "group": g} for i, g in enumerate(groups)
    ]


def test_exceptions_are_taken_out_and_corrected(modules: Modules) -> None:
    script = """(m, images) => {
      let page = m.pageOf(images);
      page = m.toggled(page, ["i0"]);
      page = m.corrected(page, "i1", "dog", "cat");
      page = m.corrected(page, "i2", "dog", "cat");
      page = m.corrected(page, "i2", "cat", "cat");
      page = m.toggled(page, m.alikeOf(page, "i4"));
      return m.wishOf(page, "cat", { suggestion: "cat", model_version: 3 });
    }"""
    found = modules.run("core/grid.js", script, images(0, 1, 2, 3, 4, 4))
    assert found["image_ids"] == ["i1", "i2", "i3"]
    assert (found["corrections"], found["label"], found["suggestion"]) == ({"i1": "dog"}, "cat", "cat")


def test_a_second_click_takes_an_image_back_in_and_a_label_does_so_too(modules: Modules) -> None:
    script = """(m, images) => {
      let page = m.toggled(m.toggled(m.pageOf(images), ["i0", "i1"]), ["i0"]);
      page = m.corrected(page, "i1", "dog", "cat");
      return [[...page.out], [...page.corrections]];
    }"""
    assert modules.run("core/grid.js", script, images(0, 1)) == [[], [["i1", "dog"]]]


@settings(max_examples=40, deadline=None)
@given(width=st.integers(50, 2500), height=st.integers(50, 1500), wished=st.sampled_from([96, 128, 168, 216]))
def test_squares_fill_the_box_and_never_overflow(modules: Modules, width: int, height: int, wished: int) -> None:
    found = modules.call("core/grid.js", "fitting", {"width": width, "height": height}, wished, 8)
    columns, rows, side = found["columns"], found["rows"], found["side"]
    assert columns * (side + 8) - 8 <= width
    assert rows * (side + 8) - 8 <= height
    if min(width, height) > 3 * wished:
        assert 0.6 * wished < side < 1.5 * wished


def test_look_alikes_are_not_torn_apart_by_the_end_of_a_page(modules: Modules) -> None:
    found = modules.call("core/grid.js", "nextPage", images(0, 1, 2, 3, 4, 4, 4, 5), 6)
    assert [image["group"] for image in found["images"]] == [0, 1, 2, 3]
    assert [image["group"] for image in found["rest"]] == [4, 4, 4, 5]
    all_alike = modules.call("core/grid.js", "nextPage", images(*[7] * 9), 6)
    assert len(all_alike["images"]) == 6
