"""What the model looks at, on the labelling and the Explain page: two real services, a real browser, real digits."""

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


@pytest.fixture
def pair(tmp_path: Path, digits: tuple[Path, dict[str, str]]) -> Iterator[Pair]:
    classes = str(DIGITS).replace("'", '"')
    made = Pair(tmp_path, digits[0], classes=classes, train__checkpoint_every="2", slow__enabled="false")
    yield made
    made.end()


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


def explain(page: Page, pair: Pair) -> None:
    """The grid of maps: what is not allowed says why, what is chosen appears, several images at once."""
    page.goto(f"{pair.labeler.url}/explain")
    tiles = page.locator(".tile .saliency")
    expect(tiles.first).to_be_visible(timeout=60_000)
    cam = page.locator("#methods label", has_text="Grad-CAM").first
    assert "these work: input_gradient" in (cam.get_attribute("title") or "")
    expect(cam.locator("input")).to_be_disabled()
    shown = page.locator(".tile")
    before = shown.count()
    page.locator("#methods label", has_text="SmoothGrad").click()
    versions = page.locator("#versions input:checked").count()
    expect(shown).to_have_count(before + versions)
    expect(tiles).to_have_count(before + versions, timeout=60_000)
    for text in page.locator(".tile figcaption").all_text_contents():
        assert text[0] in "✓✗", text
    page.locator("#kinds button", has_text="right").first.click()
    expect(page.locator("#images button").nth(1)).to_be_visible(timeout=30_000)
    page.locator("#images button").nth(1).click()
    expect(page.locator(".map-block")).to_have_count(2)
    expect(page.locator(".tile figcaption").first).to_contain_text("%", timeout=60_000)
    said = page.locator(".tile figcaption").first.text_content() or ""
    often = sorted(pair.labeler.get("/api/state")["classes"], key=lambda row: -row["count"])
    other = next(row["name"] for row in often if row["name"] != said[2])
    page.locator("#subject").select_option(f"={other}")
    expect(page.locator(".tile figcaption", has_text=f"for {other}").first).to_be_visible(timeout=60_000)
    page.locator("#opacity").fill("30")
    expect(page.locator("#panel")).to_have_attribute("style", "--map-opacity: 0.3;")
    photograph(page, "explain")


def shift(page: Page) -> None:
    """The demonstration: equal logits, and a verdict for each method."""
    page.locator("#subject").select_option("prediction")
    page.locator("#tab-shift").click()
    rows = page.locator(".proof tbody tr")
    expect(rows).to_have_count(2, timeout=60_000)
    logits = [row.locator("td").all_text_contents() for row in rows.all()]
    assert logits[0] == logits[1]
    expect(page.locator(".pair h3 .muted")).to_have_count(0, timeout=60_000)
    verdicts = dict(
        zip(
            page.locator(".pair h3").all_text_contents(), page.locator(".pair h3 span").all_text_contents(), strict=True
        )
    )
    assert any(text == "the same map" for text in verdicts.values())
    assert any("another map" in text for text in verdicts.values()), verdicts
    photograph(page, "input-shift")


def refuse_holdout(page: Page, pair: Pair) -> None:
    """An image of the hold-out that nobody has labelled yet."""
    token = (pair.data / "tokens" / "trainer").read_text().strip()
    pool = pair.labeler.get("/api/pool?limit=2000", headers={"Authorization": f"Bearer {token}"})["images"]
    labelled = {row["image_id"] for row in pair.labeler.get("/api/annotations?limit=10000")["annotations"]}
    open_test = next(row for row in pool if row["lane"] == "test" and row["image_id"] not in labelled)
    page.goto(f"{pair.labeler.url}/explain?image={open_test['image_id']}")
    expect(page.locator("#empty")).to_contain_text("still to be labelled", timeout=30_000)


def box_of(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return {key: round(value, 1) for key, value in found.items()}


def right_tests(pair: Pair) -> int:
    """How many test images the present model gets right."""
    accuracy = pair.labeler.get("/api/state")["metrics"].get("accuracy", {"value": 0, "n": 0})
    return round(accuracy["value"] * accuracy["n"])


def until_away(page: Page, person: Person) -> None:
    """Label on, past the images whose maps were asked ahead, until one is shown that only the trainer could explain."""
    for _ in range(20):
        reach(page, person, test=False)
        note = wait_for(lambda: settled_note(page), "what the lens says")
        if "the trainer is away" in note:
            return
        assert "version" in note, note
        person.label(1)
    raise AssertionError("maps came although the trainer is away")


def settled_note(page: Page) -> str:
    """What stands beside the lens, once it is no longer asking."""
    note = page.locator("#lens-note").text_content() or ""
    return note if "version" in note or "away" in note else ""


def someone_at_work(page: Page, pair: Pair, digits: tuple[Path, dict[str, str]]) -> Person:
    """A person who has labelled enough for a model that can be explained and is right twice, at a training image."""
    pair.start()
    wait_for(lambda: pair.labeler.get("/api/state")["session"] == "labelling", "the images; before, the page sets up")
    person = Person(page, digits[1], DIGITS)
    page.goto(pair.labeler.url)
    page.locator("#who-name").fill("Ada")
    page.keyboard.press("Enter")
    person.label(40)
    person.label(100, until=lambda: right_tests(pair) >= 2)
    wait_for(lambda: pair.labeler.get("/api/explanations").get("version"), "a model that can be explained", 60)
    reach(page, person, test=False)
    return person


def test_s_lays_the_map_over_the_image(page: Page, pair: Pair, digits: tuple[Path, dict[str, str]]) -> None:
    person = someone_at_work(page, pair, digits)

    page.keyboard.press("s")
    expect(page.locator(OVERLAY)).to_be_visible(timeout=30_000)
    expect(page.locator("#lens-note")).to_contain_text("version")
    wait_for(lambda: box_of(page, OVERLAY) == box_of(page, "#stage img"), "the map to lie exactly on the image")
    page.keyboard.press("+")
    wait_for(lambda: box_of(page, OVERLAY) == box_of(page, "#stage img"), "the map to lie exactly on the image")
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
    page.keyboard.press("s")
    until_away(page, person)
    person.label(1)
    person.saved()
    assert not person.errors


def test_the_explain_page_lays_versions_beside_methods(
    page: Page, pair: Pair, digits: tuple[Path, dict[str, str]]
) -> None:
    person = someone_at_work(page, pair, digits)
    person.saved()
    explain(page, pair)
    shift(page)
    refuse_holdout(page, pair)
    assert not person.errors
