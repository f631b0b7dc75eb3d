"""What the model looks at, on the labelling page: two real services, a real browser, real digits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.waiting import wait_for

from .conftest import Pair
from .person import Person
from .test_browser import photograph

pytestmark = pytest.mark.browser
DIGITS = [str(i) for i in range(10)]
OVERLAY = "#stage .saliency"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    yield context.new_page()
    context.close()


def is_test(page: Page) -> bool:
    return "test image" in (page.locator("#why").text_content() or "")


def reach(page: Page, person: Person, test: bool) -> None:
    """Label on until a test image, or another one, is shown."""
    for _ in range(40):
        person.next_image()
        if is_test(page) == test:
            return
        person.label(1)
    raise AssertionError("no such image came")


def box_of(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return {key: round(value, 1) for key, value in found.items()}


def test_s_lays_the_map_over_the_image(page: Page, pair: Pair, digits: tuple[Path, dict[str, str]]) -> None:
    pair.start()
    person = Person(page, digits[1], DIGITS)
    page.goto(pair.labeler.url)
    page.locator("#who-name").fill("Ada")
    page.keyboard.press("Enter")
    person.label(25)
    wait_for(lambda: pair.labeler.get("/api/explanations").get("version"), "a model that can be explained", 60)
    reach(page, person, test=False)

    page.keyboard.press("s")
    expect(page.locator(OVERLAY)).to_be_visible(timeout=30_000)
    expect(page.locator("#lens-note")).to_contain_text("version")
    assert box_of(page, OVERLAY) == box_of(page, "#stage img")
    page.keyboard.press("+")
    assert box_of(page, OVERLAY) == box_of(page, "#stage img")
    page.keyboard.press("z")
    photograph(page, "saliency")

    page.locator("#lens-opacity").fill("20")
    assert page.locator(OVERLAY).evaluate("canvas => canvas.style.opacity") == "0.2"
    page.locator("#lens-class").select_option("7")
    expect(page.locator("#lens-note")).to_contain_text("7 ", timeout=30_000)
    assert "/explain?image=" in (page.locator("#lens-more").get_attribute("href") or "")
    page.locator("#lens-class").select_option("")
    page.locator("#stage").focus()

    reach(page, person, test=True)
    expect(page.locator("#lens-note")).to_contain_text("Nothing is shown on test images")
    expect(page.locator(OVERLAY)).to_have_count(0)

    reach(page, person, test=False)
    expect(page.locator(OVERLAY)).to_be_visible(timeout=30_000)
    page.keyboard.press("s")
    expect(page.locator(OVERLAY)).to_have_count(0)

    pair.trainer.end()
    person.label(1)
    reach(page, person, test=False)
    page.keyboard.press("s")
    expect(page.locator("#lens-note")).to_contain_text("the trainer is away", timeout=30_000)
    person.label(1)
    person.saved()
    assert not person.errors
