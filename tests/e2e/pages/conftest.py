"""The page's modules in a real browser, served from the disk to an address that does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

STATIC = Path(__file__).parents[3] / "labeler" / "static"
ORIGIN = "http://localhost:9"
BLANK = "<!doctype html><title>modules</title>"


class Modules:
    """Calls functions of the page's modules."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def call(self, module: str, function: str, *arguments: Any) -> Any:
        """The result of an exported function, by value."""
        return self.run(module, f"(m, ...args) => m.{function}(...args)", *arguments)

    def run(self, module: str, body: str, *arguments: Any) -> Any:
        """The result of a JavaScript function that is handed the module and the arguments."""
        script = f"async ([url, args]) => ({body})(await import(url), ...args)"
        return self.page.evaluate(script, [f"/static/js/{module}", list(arguments)])


def serve(route: Route) -> None:
    """A blank page, and the static files as they lie on the disk."""
    path = route.request.url.removeprefix(ORIGIN)
    if path.startswith("/static/"):
        route.fulfill(path=STATIC / path.removeprefix("/static/"), content_type="text/javascript")
    else:
        route.fulfill(body=BLANK, content_type="text/html")


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context()
    made.route(f"{ORIGIN}/**", serve)
    yield made
    made.close()


@pytest.fixture(scope="module")
def modules(chromium: Browser) -> Iterator[Modules]:
    made = chromium.new_context()
    made.route(f"{ORIGIN}/**", serve)
    page = made.new_page()
    page.goto(ORIGIN)
    yield Modules(page)
    made.close()
