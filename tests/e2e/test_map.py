"""The Map and the Grid page, in a real browser, on real digits, with both services as processes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.annotator import Annotator, Truth
from tests.waiting import wait_for

from .conftest import Pair
from .test_browser import photograph

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

IMAGES = 300
LABELS = 40
SMOOTH_MS = 1000 / 30


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, digits: tuple[Path, dict[str, str]]) -> Iterator[Pair]:
    """Three hundred digits, of which forty have a label, and a trainer that has caught up."""
    folder, (source, truth) = tmp_path_factory.mktemp("map"), digits
    names = sorted(truth)[:: len(truth) // IMAGES][:IMAGES]
    for name in names:
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, folder / "images" / name)
    made = Pair(folder, folder / "images", slow__enabled="false", test__min_images="40").start()
    annotator = Annotator(made.labeler.url, Truth([(name, truth[name]) for name in names]), random.Random(0))
    annotator.add_classes()
    wait_for(lambda: trainer_of(made)["embedded"] == IMAGES, "the images to be read", 90)
    annotator.run(LABELS)
    wait_for(lambda: not trainer_of(made)["pending"] and trainer_of(made)["model_version"], "a model", 60)
    yield made
    made.end()


@pytest.fixture
def page(pair: Pair, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    context.add_init_script("localStorage.setItem('labelstream.annotator', 'Ada')")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def trainer_of(pair: Pair) -> Any:
    return pair.labeler.get("/api/state")["trainer"]


def counts_of(pair: Pair) -> Any:
    return pair.labeler.get("/api/state")["counts"]


def newest_rows(pair: Pair) -> list[dict[str, Any]]:
    """The rows of the newest bulk action."""
    rows = pair.labeler.get("/api/annotations?limit=10000")["annotations"]
    bulk = next(row["bulk"] for row in reversed(rows) if row["bulk"])
    return [row for row in rows if row["bulk"] == bulk]


def hold_out(pair: Pair) -> set[str]:
    token = {"Authorization": f"Bearer {(pair.data / 'tokens' / 'trainer').read_text().strip()}"}
    rows = pair.labeler.get("/api/pool?limit=20000", headers=token)["images"]
    return {row["image_id"] for row in rows if row["lane"] == "test"}


def open_map(pair: Pair, page: Page) -> None:
    page.goto(f"{pair.labeler.url}/map")
    expect(page.locator("#map")).to_have_attribute("data-points", str(IMAGES), timeout=30_000)


def lasso(page: Page) -> None:
    """A line around the middle of the map."""
    page.keyboard.press("l")
    page.mouse.move(300, 250)
    page.mouse.down()
    for x, y in [(700, 250), (700, 600), (300, 600)]:
        page.mouse.move(x, y, steps=3)
    page.mouse.up()
    expect(page.locator("#selection")).to_be_visible()


def count_in_legend(page: Page, name: str) -> int:
    entry = page.locator("#legend li").filter(has=page.get_by_text(name, exact=True)).locator(".count")
    return int((entry.text_content() or "0").replace(",", ""))


def test_the_map_shows_every_image_and_follows_new_labels(pair: Pair, page: Page) -> None:
    open_map(pair, page)
    before = count_in_legend(page, "no label")
    assert before == IMAGES - counts_of(pair)["labelled"]
    task = pair.labeler.post("/api/leases", {"client": "other", "count": 1}).json()["tasks"][0]
    body = {"annotation_id": "map-live", "image_id": task["image_id"], "kind": "label", "label": "7"}
    assert pair.labeler.post("/api/annotations", body).status_code == 201
    wait_for(lambda: count_in_legend(page, "no label") == before - 1, "the map to follow")


def test_a_lasso_labels_together_without_the_hold_out_and_is_undone_as_one(pair: Pair, page: Page) -> None:
    open_map(pair, page)
    lasso(page)
    photograph(page, "map-lasso")
    before = counts_of(pair)
    page.keyboard.press("3")
    expect(page.locator("#done")).to_contain_text("labelled 2")
    rows = newest_rows(pair)
    assert len(rows) > 5
    assert {(row["label"], row["annotator"], row["lane"]) for row in rows} == {("2", "Ada", "query")}
    assert not {row["image_id"] for row in rows} & hold_out(pair)
    after = counts_of(pair)
    assert after["labelled"] - before["labelled"] == len(rows)
    assert after["test"] == before["test"]
    page.keyboard.press("Backspace")
    expect(page.locator("#done")).to_contain_text("Undone")
    assert counts_of(pair)["labelled"] == before["labelled"]


def test_a_selection_is_flagged_and_taken_back(pair: Pair, page: Page) -> None:
    open_map(pair, page)
    lasso(page)
    before = counts_of(pair)["flagged"]
    page.keyboard.press("f")
    expect(page.locator("#done")).to_contain_text("flagged")
    flagged = counts_of(pair)["flagged"] - before
    page.locator("#modes button", has_text="Lane").click()
    wait_for(lambda: count_in_legend(page, "flagged") == flagged, "the map to follow")
    page.locator("#undo").click()
    expect(page.locator("#done")).to_contain_text("Undone")
    assert counts_of(pair)["flagged"] == before


def test_the_model_s_view_of_the_hold_out_is_nowhere_on_the_map(pair: Pair, page: Page) -> None:
    open_map(pair, page)
    page.locator("#modes button", has_text="Prediction").click()
    open_tests = counts_of(pair)["test_total"] - counts_of(pair)["test"]
    assert count_in_legend(page, "not predicted, or hold-out") == open_tests
    page.locator("#modes button", has_text="Lane").click()
    assert count_in_legend(page, "hold-out, open") == open_tests


def test_hovering_shows_the_image_and_keys_move_the_map(pair: Pair, page: Page) -> None:
    open_map(pair, page)
    box = page.locator("#map").bounding_box()
    assert box is not None
    for _ in range(3):
        page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("z")
    card = page.locator("#hover")
    for step in range(80):
        page.mouse.move(box["x"] + 250 + 6 * step, box["y"] + 378)
        if card.is_visible():
            break
    expect(card.locator("img")).to_have_js_property("complete", True)
    expect(page.locator("#hover-label")).to_contain_text("·")


def test_tsne_is_drawn_beside_the_work_and_shown_when_asked_for(pair: Pair, page: Page) -> None:
    open_map(pair, page)
    page.locator("#layouts button", has_text="t-SNE").click()
    expect(page.locator("#map")).to_have_attribute("data-layout", "tsne", timeout=90_000)
    page.locator("#modes button", has_text="Prediction").click()
    photograph(page, "map-tsne")
    assert [path.name for path in (pair.data / "projections").glob("*/*")] == ["tsne.npz"]


def test_a_selection_is_looked_at_in_the_grid(pair: Pair, page: Page) -> None:
    open_map(pair, page)
    lasso(page)
    page.keyboard.press("g")
    expect(page).to_have_url(f"{pair.labeler.url}/grid?from=map")
    expect(page.locator("#tiles li").first).to_be_visible()
    expect(page.locator("#grid-note")).to_contain_text("from the map")


def open_grid(pair: Pair, page: Page) -> None:
    page.goto(f"{pair.labeler.url}/grid")
    expect(page.locator("#tiles li").first).to_be_visible(timeout=30_000)


def test_a_page_of_the_grid_is_accepted_with_exceptions_and_undone_as_one(pair: Pair, page: Page) -> None:
    open_grid(pair, page)
    label = page.locator("#grid-title").text_content() or ""
    tiles = page.locator("#tiles button")
    shown = tiles.evaluate_all("buttons => buttons.map((button) => button.dataset.id)")
    assert len(shown) > 3
    assert not set(shown) & hold_out(pair)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    other = "9" if label != "8" else "1"
    tiles.nth(0).click()
    tiles.nth(1).hover()
    page.keyboard.press(other)
    expect(page.locator("#tiles .corrected")).to_have_count(1)
    photograph(page, "grid")
    before = counts_of(pair)["labelled"]
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_contain_text(f"labelled {label}")
    rows = {row["image_id"]: row for row in newest_rows(pair)}
    assert set(rows) == set(shown[1:])
    corrected = rows.pop(shown[1])
    assert (corrected["label"] != label, corrected["accepted"], corrected["suggestion"]) == (True, False, label)
    assert {(row["label"], row["accepted"]) for row in rows.values()} == {(label, True)}
    page.keyboard.press("Backspace")
    expect(page.locator("#done")).to_contain_text("Undone")
    assert counts_of(pair)["labelled"] == before
    assert tiles.evaluate_all("buttons => buttons.map((button) => button.dataset.id)") == shown
    expect(page.locator("#tiles .out")).to_have_count(1)


def test_larger_images_are_fewer_and_nothing_scrolls(pair: Pair, page: Page) -> None:
    open_grid(pair, page)
    side = page.locator("#tiles li").first.evaluate("tile => tile.clientWidth")
    page.keyboard.press("+")
    page.keyboard.press("+")
    wait_for(lambda: page.locator("#tiles li").first.evaluate("tile => tile.clientWidth") > 1.3 * side, "larger tiles")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


MOVE = """async (m, count) => {
  document.body.style.margin = "0";
  const canvas = document.createElement("canvas");
  canvas.style.cssText = "display: block; width: 992px; height: 756px";
  document.body.append(canvas);
  const map = new m.MapCanvas(canvas, { select() {}, hover() {}, lasso() {} });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const column = (Type, value) => Type.from({ length: count }, (_, i) => value(i));
  const spot = () => (65535 * (Math.random() + Math.random() + Math.random())) / 3;
  const points = { count, x: column(Uint16Array, spot), y: column(Uint16Array, spot) };
  map.show(points, column(Uint8Array, (i) => 2 + (i % 10)), []);
  const medians = [];
  for (let round = 0; round < 3; round += 1) {
    const times = [];
    for (let i = 0, last = performance.now(); i < 60; i += 1) {
      if (i % 2) map.pan(i % 20 < 10 ? 0.2 : -0.2, 0);
      else map.zoom(i % 40 < 20 ? 1.1 : 1 / 1.1);
      await new Promise((resolve) => requestAnimationFrame(resolve));
      times.push(performance.now() - last);
      last = performance.now();
    }
    medians.push(times.sort((a, b) => a - b)[30]);
  }
  return Math.min(...medians);
}"""


def test_a_hundred_thousand_points_move_smoothly(pair: Pair, page: Page) -> None:
    """The median frame of the best of three rounds, without a GPU."""
    page.goto(f"{pair.labeler.url}/healthz")
    script = f"async (url) => ({MOVE})(await import(url), 100000)"
    assert page.evaluate(script, "/static/js/ui/map_canvas.js") < SMOOTH_MS


def test_without_the_trainer_the_last_map_is_there_and_the_grid_says_why_not(pair: Pair, page: Page) -> None:
    open_map(pair, page)
    pair.trainer.end()
    wait_for(lambda: not trainer_of(pair)["connected"], "the trainer's end")
    open_map(pair, page)
    page.goto(f"{pair.labeler.url}/grid")
    expect(page.locator("#nothing-text")).to_contain_text("trainer")
