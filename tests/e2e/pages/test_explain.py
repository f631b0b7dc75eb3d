"""What the Explain page compares, in a real browser."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import Modules

pytestmark = pytest.mark.browser
MODULE = "core/explain.js"
GREY = "values => ({width: values.length, height: 1, values: Uint8ClampedArray.from(values)})"


def correlation(modules: Modules, first: list[int], second: list[int]) -> float:
    body = f"(m, a, b) => m.correlation(({GREY})(a), ({GREY})(b))"
    return float(modules.run(MODULE, body, first, second))


def test_the_correlation_is_pearsons(modules: Modules) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 500))
    mixed = (first // 2 + second // 3).tolist()
    expected = np.corrcoef(first, mixed)[0, 1]
    assert correlation(modules, first.tolist(), mixed) == pytest.approx(expected, abs=1e-9)
    assert correlation(modules, [7, 7], [9, 9]) == 1
    assert correlation(modules, [7, 7], [1, 2]) == 0


def test_a_verdict_on_two_maps(modules: Modules) -> None:
    assert modules.call(MODULE, "verdict", 0.999) == {"same": True, "text": "the same map"}
    assert modules.call(MODULE, "verdict", -0.2) == {"same": False, "text": "another map, correlation −0.20"}
    assert modules.call(MODULE, "largestDifference", [1, 2, -3], [1, 2.5, -2]) == 1


def test_what_is_shown_first(modules: Modules) -> None:
    method = "name => ({name, allowed: name !== 'gradcam'})"
    body = f"(m, names) => [...m.firstMethods(names.map({method}))]"
    assert modules.run(MODULE, body, ["cam", "gradcam", "layercam", "occlusion"]) == ["layercam", "occlusion"]
    assert modules.run(MODULE, body, ["a", "b", "c", "d", "e"]) == ["a", "b", "c", "d"]
    versions = "(m, n) => [...m.firstVersions(Array.from({length: n}, (_, i) => ({version: i + 1})))]"
    assert modules.run(MODULE, versions, 0) == []
    assert modules.run(MODULE, versions, 1) == [1]
    assert modules.run(MODULE, versions, 10) == [4, 7, 10]


def test_which_versions_can_be_explained(modules: Modules) -> None:
    rows = [{"version": 5, "kept": False}, {"version": 3, "kept": True}, {"version": 2, "kept": False}]
    assert [row["version"] for row in modules.call(MODULE, "explicable", rows, 5)] == [3, 5]


@pytest.mark.parametrize(
    ("subject", "label", "expected"),
    [("prediction", "cat", None), ("label", "cat", "cat"), ("label", None, None), ("=a=b", "cat", "a=b")],
)
def test_whose_evidence_is_asked_for(modules: Modules, subject: str, label: str | None, expected: str | None) -> None:
    assert modules.call(MODULE, "classFor", subject, label) == expected
