"""The colours of a saliency map, in a real browser."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from .conftest import Modules

pytestmark = pytest.mark.browser
MODULE = "core/saliency.js"


def pixels(modules: Modules, values: list[int]) -> np.ndarray:
    body = "(m, values) => [...m.coloured({width: values.length, height: 1, values: Uint8ClampedArray.from(values)})]"
    return np.array(modules.run(MODULE, body, values)).reshape(-1, 4)


def test_the_colours_are_those_of_inferno(modules: Modules) -> None:
    found = pixels(modules, list(range(256)))[:, :3] / 255
    expected = mpl.colormaps["inferno"](np.arange(256))[:, :3]
    np.testing.assert_allclose(found, expected, atol=0.03)
    lightness = found @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness[::8]) > 0).all()


def test_where_the_map_says_nothing_the_image_stays_as_it_is(modules: Modules) -> None:
    opacity = pixels(modules, list(range(256)))[:, 3]
    assert not opacity[:26].any()
    assert (np.diff(opacity) >= 0).all()
    assert (opacity[52:] == 255).all()


def test_grey_is_read_from_decoded_pixels(modules: Modules) -> None:
    body = (
        "m => [...m.greyOf({width: 2, height: 1, data: Uint8ClampedArray.from([7, 7, 7, 255, 9, 9, 9, 255])}).values]"
    )
    assert modules.run(MODULE, body) == [7, 9]


def test_what_is_said_beside_a_map(modules: Modules) -> None:
    facts = {"class": "daisy", "confidence": 0.934, "title": "Score-CAM", "version": 12, "note": "approximation"}
    assert modules.call(MODULE, "subject", facts).replace("\u00a0", " ") == "daisy 93.4 %"
    assert modules.call(MODULE, "origin", facts) == "Score-CAM · version 12 · approximation"
    assert modules.call(MODULE, "origin", {**facts, "note": ""}) == "Score-CAM · version 12"
