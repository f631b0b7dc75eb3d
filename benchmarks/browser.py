"""Chromium or Chrome as found on this machine, for benchmarks and browser tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC_APPS = ("Chromium.app/Contents/MacOS/Chromium", "Google Chrome.app/Contents/MacOS/Google Chrome")
_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def find_browser() -> Path | None:
    """The executable that LABELSTREAM_BROWSER names, else the first one found, else None."""
    named = os.environ.get("LABELSTREAM_BROWSER")
    if named:
        return Path(named)
    on_path = (shutil.which(name) for name in _NAMES)
    apps = (Path("/Applications") / app for app in _MAC_APPS)
    candidates = [Path(found) for found in on_path if found] + [app for app in apps if app.exists()]
    return candidates[0] if candidates else None


@contextmanager
def launch() -> Iterator[Browser]:
    """A headless browser that talks to nobody but the pages it is given. Raises RuntimeError where none is found."""
    executable = find_browser()
    if executable is None:
        raise RuntimeError("no Chromium or Chrome was found; install one, or name it in LABELSTREAM_BROWSER")
    flags = [*_QUIET, "--no-sandbox"] if _is_root() else list(_QUIET)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def _is_root() -> bool:
    """Chromium refuses its sandbox to root, as in most containers."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
