from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ProtocolError
from shared.mapping import FULL, PLACES, on_grid, pack, unpack


@given(count=st.integers(0, 50), seed=st.integers(0, 100))
def test_columns_come_back(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {name: rng.integers(0, 100, count).astype(dtype) for name, dtype in PLACES.items()}
    data = pack(PLACES, columns)
    assert len(data) == 11 * count
    found = unpack(PLACES, data)
    for name, column in columns.items():
        np.testing.assert_array_equal(found[name], column)


def test_what_was_cut_off_is_refused() -> None:
    with pytest.raises(ProtocolError, match="multiple of 11"):
        unpack(PLACES, b"x" * 12)


@given(
    places=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=30),
)
def test_places_keep_their_shape_on_the_grid(places: list[tuple[float, float]]) -> None:
    given_places = np.array(places, np.float32)
    x, y = on_grid(given_places)
    extent = np.ptp(given_places.astype(np.float64), axis=0)
    size = extent.max()
    assert (x.dtype, y.dtype) == (np.dtype("<u2"), np.dtype("<u2"))
    if size > 1e-3:
        expected = extent / size * FULL
        np.testing.assert_allclose([np.ptp(x.astype(int)), np.ptp(y.astype(int))], expected, atol=12)
