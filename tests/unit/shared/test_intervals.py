from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from shared.intervals import wilson


@given(st.integers(1, 400), st.floats(0, 1))
def test_wilson_agrees_with_scipy(n: int, part: float) -> None:
    hits = round(part * n)
    expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-9)
