"""The whole product by key presses: both services, a real browser, real images."""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.waiting import wait_for

from .conftest import Pair
from .person import Person

pytestmark = pytest.mark.browser
DIGITS = [str(i) for i in range(10)]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    yield context.new_page()
    context.close()


def photograph(page: Page, name: str) -> None:
    """Keep pictures of a page in both themes, where LABELSTREAM_SCREENSHOTS names a folder for them."""
    folder = os.environ.get("LABELSTREAM_SCREENSHOTS")
    if folder:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=str(Path(folder) / f"{name}-{scheme}.png"), animations="disabled")


def standing_labels(pair: Pair) -> dict[str, str]:
    """File name → label that counts, folded from the log as a script would."""
    rows = pair.labeler.get("/api/annotations?limit=10000")["annotations"]
    undone = {row["undoes"] for row in rows}
    return {r["filename"]: r["label"] for r in rows if r["kind"] == "label" and r["annotation_id"] not in undone}


def level(pair: Pair) -> bool:
    """Whether the trainer is there and the queue is based on every label."""
    state = pair.labeler.get("/api/state")
    return bool(state["trainer"]["connected"] and state["queue"]["based_on_seq"] == state["last_seq"])


def embedded(pair: Pair) -> int:
    """How many images the trainer has read."""
    return int(pair.labeler.get("/api/state")["trainer"]["embedded"])


def counts(pair: Pair) -> Any:
    return pair.labeler.get("/api/state")["counts"]


@pytest.mark.timeout(300)
def test_a_first_session_on_digits(tmp_path: Path, digits: tuple[Path, dict[str, str]], page: Page) -> None:
    pair = Pair(tmp_path, digits[0])
    try:
        first_session(pair.start(), digits[1], page)
    finally:
        pair.end()


def first_session(pair: Pair, truth: dict[str, str], page: Page) -> None:
    person = Person(page, truth, DIGITS)
    person.set_up(pair.labeler.url)
    person.label(30)
    person.saved()
    assert counts(pair)["labelled"] == 30
    wait_for(lambda: pair.labeler.get("/api/state")["queue"]["based_on_seq"] >= 25, "a queue that knows the labels", 60)
    expect(page.locator("#metric-value")).to_contain_text("%", timeout=30_000)
    photograph(page, "label")

    page.reload()
    person.label(5)
    page.keyboard.press("Backspace")
    person.saved()
    assert counts(pair)["labelled"] == 34

    pair.labeler.end()
    person.label(3)
    expect(page.locator("#saved")).to_contain_text("pending", timeout=30_000)
    pair.labeler.start()
    pair.labeler.ready()
    person.saved()
    wait_for(lambda: counts(pair)["labelled"] == 37, "what waited in the page")

    pair.trainer.end()
    person.label(3)
    pair.trainer.start()
    person.saved()
    wait_for(lambda: level(pair), "the trainer to catch up", 60)

    labels = standing_labels(pair)
    assert len(labels) == 40
    assert all(truth[name] == label for name, label in labels.items())
    for path, heading in (("/data", "data"), ("/summary", "summary")):
        page.goto(pair.labeler.url + path)
        expect(page.locator("main")).to_be_visible()
        page.wait_for_load_state("networkidle")
        photograph(page, heading)
    assert person.errors == []


@pytest.mark.timeout(120)
def test_a_class_name_with_html_is_shown_as_text(
    tmp_path: Path, digits: tuple[Path, dict[str, str]], page: Page
) -> None:
    name = "<img src=x onerror=alert(1)>"
    pair = Pair(tmp_path, digits[0])
    try:
        pair.start()
        person = Person(page, dict.fromkeys(digits[1], name), [name])
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        person.set_up(pair.labeler.url)
        person.label(2)
        expect(page.locator("#classes")).to_contain_text(name)
        for path in ("/data", "/summary"):
            page.goto(pair.labeler.url + path)
            page.wait_for_load_state("networkidle")
        assert (dialogs, person.errors) == ([], [])
    finally:
        pair.end()


@pytest.mark.data
@pytest.mark.timeout(900)
def test_steel_defects_until_the_threshold_is_proven(tmp_path: Path, test_data: Path, page: Page) -> None:
    with zipfile.ZipFile(test_data / "neu_surface_defects.zip") as archive:
        archive.extractall(tmp_path)
    with (tmp_path / "labels.csv").open(newline="") as file:
        truth = {row["filename"].removeprefix("images/"): row["label"] for row in csv.DictReader(file)}
    pair = Pair(
        tmp_path,
        tmp_path / "images",
        model__weights=str(test_data / "mobilenet_v2_imagenet1k.safetensors"),
        stop__thresholds='{"accuracy": {"at_least": 0.9}}',
    )
    try:
        until_proven(pair.start(), truth, page)
    finally:
        pair.end()


def until_suggested(person: Person, page: Page) -> int:
    """Label on until the model suggests something. Returns how many labels that took."""
    for done in range(40):
        person.next_image()
        if page.locator("#suggestion").is_visible():
            return done
        person.label(1)
    raise AssertionError("40 images, and no suggestion")


def until_proven(pair: Pair, truth: dict[str, str], page: Page) -> None:
    person = Person(page, truth, sorted(set(truth.values())))
    person.set_up(pair.labeler.url)
    over = lambda: pair.labeler.get("/api/state")["session"] in {"stopping", "stopped"}  # noqa: E731
    done = person.label(25, over)
    page.reload()
    done += person.label(25, over)
    person.saved()
    pair.labeler.end()
    done += person.label(2)
    pair.labeler.start()
    pair.labeler.ready()
    done += person.label(23, over)
    pair.trainer.end()
    pair.trainer.start()
    done += person.label(2)
    person.saved()
    wait_for(lambda: level(pair) and embedded(pair) > 600, "a queue that knows the labels and much of the pool", 180)
    done += person.label(12, over)
    done += until_suggested(person, page)
    photograph(page, "label-steel")
    done += person.label(1500, over)
    wait_for(lambda: pair.labeler.get("/api/state")["session"] == "stopped", "the model to be saved", 180)
    state = pair.labeler.get("/api/state")
    assert "accuracy" in state["stop_reason"]
    assert state["metrics"]["accuracy"]["low"] > 0.85
    assert done < 400
    print(f"stopped after {state['counts']['labelled']} labels: {state['stop_reason']}")
    labels = standing_labels(pair)
    assert all(truth[name] == label for name, label in labels.items())
    page.goto(pair.labeler.url + "/summary")
    page.wait_for_load_state("networkidle")
    photograph(page, "summary-steel")
    names = {row["kind"] for row in pair.labeler.get("/api/downloads")["downloads"]}
    assert names == {"model", "predictions"}
    assert person.errors == []
