"""The pure part of painting: strokes against an independent computation, undo, pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Modules

pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 23, 17
PLACE = st.tuples(st.floats(-5, 28, width=32), st.floats(-5, 22, width=32))

STROKE = """(m, [width, height, from, to, radius]) => {
  const mask = m.emptyMask(width, height);
  const rect = m.stroke(mask, {x: from[0], y: from[1]}, {x: to[0], y: to[1]}, radius, m.IGNORE);
  return {levels: [...mask.levels], rect};
}"""

UNDO = """(m) => {
  const mask = m.emptyMask(4, 3), steps = new m.Steps();
  steps.keep(mask);
  m.stroke(mask, {x: 1, y: 1}, {x: 1, y: 1}, 1, m.LOOK);
  const painted = m.shareOf(mask, m.LOOK);
  const again = m.fromPixels(m.toPixels(mask), 4, 3).levels.join() === mask.levels.join();
  const undone = [steps.undo(mask), steps.undo(mask)];
  return {painted, again, undone, left: m.shareOf(mask, m.LOOK)};
}"""


@settings(max_examples=25, deadline=None)
@given(start=PLACE, end=PLACE, radius=st.floats(0.5, 9, width=32))
def test_a_stroke_covers_what_lies_within_the_radius_of_its_line(
    modules: Modules, start: tuple[float, float], end: tuple[float, float], radius: float
) -> None:
    found = modules.run("core/paint.js", STROKE, [WIDTH, HEIGHT, list(start), list(end), radius])
    painted = np.array(found["levels"]).reshape(HEIGHT, WIDTH) == 128
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    along = np.linspace(0, 1, 2001)
    line = np.array(start) + along[:, None] * (np.array(end) - np.array(start))
    distance = np.hypot(x[..., None] - line[:, 0], y[..., None] - line[:, 1]).min(axis=2)
    sure = np.abs(distance - radius) > 0.05
    np.testing.assert_array_equal(painted[sure], (distance <= radius)[sure])
    rect = found["rect"]
    outside = painted.copy()
    outside[rect["y"] : rect["y"] + rect["height"], rect["x"] : rect["x"] + rect["width"]] = False
    assert not outside.any()


def test_undo_goes_back_and_pixels_come_back(modules: Modules) -> None:
    found = modules.run("core/paint.js", UNDO)
    assert found["painted"] > 0
    assert found["again"]
    assert found["undone"] == [True, False]
    assert found["left"] == 0


def test_the_brush_grows_and_shrinks_within_its_limits(modules: Modules) -> None:
    sizes = modules.run(
        "core/paint.js", "m => [m.nextRadius(8, 1, 50), m.nextRadius(1, -1, 50), m.nextRadius(50, 1, 50)]"
    )
    assert sizes == [10, 1, 50]


def test_keys_are_commands_only_without_alt(modules: Modules) -> None:
    press = {"ctrlKey": False, "metaKey": False, "altKey": False}
    for key, command in (("I", "ignore"), ("[", "smaller"), ("Escape", "leave"), ("q", None)):
        assert modules.call("core/paint.js", "paintCommand", {**press, "key": key}) == command
    assert modules.call("core/paint.js", "paintCommand", {**press, "key": "s", "ctrlKey": True}) == "save"
    assert modules.call("core/paint.js", "paintCommand", {**press, "key": "i", "altKey": True}) is None
