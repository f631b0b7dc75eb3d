from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.report.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Plot,
    axis_over,
    nice_ticks,
    text,
    tick_words,
)

finite = st.floats(-1e9, 1e9, allow_nan=False)
words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")))


@given(finite, st.floats(1e-6, 1e9))
def test_ticks_are_few_round_and_within(low: float, span: float) -> None:
    high = low + span
    ticks = nice_ticks(low, high)
    room = 1e-6 * max(abs(low), abs(high), span)
    assert 2 <= len(ticks) <= 11 or span < 1e-6 * abs(low)
    assert all(low - room <= tick <= high + room for tick in ticks)
    steps = {round((b - a) / span, 6) for a, b in pairwise(ticks)}
    assert len(steps) <= 2 or span < 1e-6 * abs(low)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]), (0, 1200, ["0", "250", "500", "750", "1,000"]), (3, 3, ["3"])],
)
def test_ticks_are_written_with_as_many_digits_as_they_need(low: float, high: float, expected: list[str]) -> None:
    assert tick_words(nice_ticks(low, high)) == expected


def test_shares_are_written_as_percentages_and_counts_without_fractions() -> None:
    assert [word for _, word in Axis("", 0, 1, share=True).ticks()][-1] == "100\u00a0%"
    assert [word for _, word in Axis("", 0, 2.4, whole=True).ticks()] == ["0", "1", "2"]
    assert Axis("", 0, 1, about=0).ticks() == []


@given(st.lists(st.floats(0, 1), min_size=1))
def test_an_axis_over_shares_holds_them_all_and_stays_within_0_and_1(values: list[float]) -> None:
    axis = axis_over("", values, share=True)
    assert (0 <= axis.low <= min(values) and max(values) <= axis.high <= 1 + 1e-9) or axis.high == axis.low + 1


def test_an_axis_over_nothing_is_an_axis() -> None:
    assert axis_over("", [], zero=True).high > 0
    assert axis_over("", [float("nan"), 5.0]).low < 5 < axis_over("", [5.0]).high


@given(st.lists(st.tuples(st.floats(0, 7), st.floats(-3, 3)), min_size=2, max_size=5))
def test_a_line_lies_where_its_values_are(points: list[tuple[float, float]]) -> None:
    plot = Plot(Axis("x", 0, 7), Axis("y", -3, 3))
    plot.line(points, "k")
    drawn = ET.fromstring(plot.draw("t"))
    path = next(each for each in drawn.iter("path") if each.get("class") == "line k")
    found = np.array([float(n) for n in re.findall(r"-?[\d.]+", path.get("d", ""))]).reshape(-1, 2)
    x, y = np.array(points).T
    expected = np.stack([
        np.interp(x, [0, 7], [LEFT, WIDTH - RIGHT]), np.interp(y, [-3, 3], [HEIGHT - BOTTOM, TOP]),
    ], axis=1)  # fmt: skip
    assert np.abs(found - expected).max() <= 0.051


@given(words, words, words)
def test_any_text_stays_text(title: str, axis: str, mark: str) -> None:
    plot = Plot(Axis(axis, 0, 1), Axis(axis, 0, 1))
    plot.mark(0.5, mark)
    drawn = ET.fromstring(plot.draw(title))
    assert drawn.get("aria-label") == title
    assert {each.tag for each in drawn.iter()} <= {"svg", "title", "path", "text"}
    assert axis.strip() == "" or axis in [each.text for each in drawn.iter("text")]


def test_an_attribute_cannot_be_left() -> None:
    assert ET.fromstring(text(0, 0, "<b>&", css='"><script>')).text == "<b>&"


def test_what_is_outside_is_put_on_the_edge() -> None:
    assert Axis("", 0, 1).place(7) == 1 and Axis("", 0, 1).place(-7) == 0 and Axis("", 1, 1).place(1) == 0.5
