"""What all tests share: which of them can run here, the image sets, the browser.

`data` tests need LABELSTREAM_TEST_DATA, `browser` tests a Chromium or Chrome, `long` tests LABELSTREAM_LONG=1 (or
`-m long`), `peers` tests benchmarks/peers/requirements.txt, `linux` tests Linux. What cannot run is deselected, and the
summary says so in a line each. With CI=true a missing browser is a failure instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from benchmarks.browser import find_browser, launch

PEERS: Final = ("skactiveml", "small_text", "modAL", "baal")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unavailable = _unavailable(config)
    kept = [item for item in items if not any(item.get_closest_marker(name) for name in unavailable)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and find_browser() is None:
        pytest.fail("no Chromium or Chrome was found, and CI=true makes that a failure; install one", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for marker, reason in _unavailable(config).items():
        terminalreporter.write_line(f"deselected: tests marked `{marker}`, because {reason}")


def _unavailable(config: pytest.Config) -> dict[str, str]:
    """Marker → why its tests cannot run here."""
    reasons = {}
    if not os.environ.get("LABELSTREAM_TEST_DATA"):
        reasons["data"] = "LABELSTREAM_TEST_DATA does not name the folder of the image sets"
    if find_browser() is None and os.environ.get("CI") != "true":
        reasons["browser"] = "no Chromium or Chrome was found"
    if os.environ.get("LABELSTREAM_LONG") != "1" and "long" not in config.option.markexpr:
        reasons["long"] = "they take minutes; `make test-long` runs them"
    if sys.platform != "linux":
        reasons["linux"] = "they measure what only Linux counts"
    if not all(map(find_spec, PEERS)):
        reasons["peers"] = "benchmarks/peers/requirements.txt is not installed"
    return reasons


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of the real image sets; for tests marked `data`."""
    folder = Path(os.environ["LABELSTREAM_TEST_DATA"])
    assert folder.is_dir(), f"LABELSTREAM_TEST_DATA is {str(folder)!r}, which is not a folder"
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless browser for the whole session; for tests marked `browser`. Make a context per test."""
    with launch() as browser:
        yield browser
