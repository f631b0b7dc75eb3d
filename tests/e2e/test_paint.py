"""The page on which masks are painted, in a real browser: by pointer and by keyboard, saved exactly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from labeler.sample import sample_labels
from shared.masks import IGNORE, LOOK, decode_mask
from shared.tokens import trainer_token
from tests.processes import LabelerProcess, labeler_process
from tests.waiting import wait_for

from .test_browser import photograph

IMAGES = 12
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@dataclass
class Studio:
    """A labeler on a few digits, and a page."""

    labeler: LabelerProcess
    data: Path
    page: Page
    errors: list[str] = field(default_factory=list)

    def pool(self) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {trainer_token(self.data)}"}
        rows: list[dict[str, Any]] = requests.get(f"{self.labeler.url}/api/pool", headers=headers, timeout=10).json()[
            "images"
        ]
        return rows

    def image(self, lane: str) -> dict[str, Any]:
        return next(row for row in self.pool() if row["lane"] == lane)

    def open(self, image_id: str) -> None:
        self.page.goto(f"{self.labeler.url}/paint?image={image_id}")

    def mask(self, row: dict[str, Any]) -> np.ndarray:
        answer = requests.get(f"{self.labeler.url}/api/masks/{row['image_id']}", timeout=10)
        assert answer.status_code == 200
        return decode_mask(answer.content, row["width"], row["height"])

    def drag(self, *places: tuple[float, float]) -> None:
        """Over the image, in shares of its sides."""
        box = self.page.locator(".mask-canvas").bounding_box()
        assert box is not None
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=8)
        self.page.mouse.up()

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        expect(self.page.locator("#mask-note")).to_contain_text("Saved")


@pytest.fixture
def studio(tmp_path: Path, digits: tuple[Path, dict[str, str]], chromium: Browser) -> Iterator[Studio]:
    images = tmp_path / "images"
    for name in [name for name, _ in sample_labels()][:IMAGES]:
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).write_bytes((digits[0] / name).read_bytes())
    data = tmp_path / "data"
    labeler = labeler_process(tmp_path, images, data, classes='["a", "b"]', test__min_images="2")
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    made = Studio(labeler, data, context.new_page())
    made.page.on("pageerror", lambda error: made.errors.append(str(error)))
    made.page.on("console", lambda line: made.errors.append(line.text) if line.type == "error" else None)
    labeler.start()
    labeler.ready()
    wait_for(lambda: len(made.pool()) == IMAGES, "the images")
    yield made
    context.close()
    labeler.end()
    assert not made.errors


def test_what_is_painted_is_saved_to_the_pixel_and_comes_back(studio: Studio) -> None:
    row, page = studio.image("train"), studio.page
    studio.open(row["image_id"])
    expect(page.locator("#mask-note")).to_have_text("Nothing is painted yet.")
    expect(page.locator("#mask-save")).to_be_disabled()
    studio.drag((0.2, 0.2), (0.6, 0.2))
    page.keyboard.press("l")
    studio.drag((0.5, 0.75))
    expect(page.locator("#share-ignore")).not_to_have_text("0.0 %")
    photograph(page, "paint")
    studio.save()
    levels = studio.mask(row)
    height, width = levels.shape
    assert levels[round(0.2 * height), round(0.4 * width)] == IGNORE
    assert levels[round(0.75 * height), round(0.5 * width)] == LOOK
    assert levels[round(0.5 * height), round(0.1 * width)] == 0
    assert set(np.unique(levels).tolist()) == {0, IGNORE, LOOK}

    page.reload()
    expect(page.locator("#mask-note")).to_contain_text("Painted")
    expect(page.locator("#share-look")).not_to_have_text("0.0 %")
    page.keyboard.press("e")
    studio.drag((0.5, 0.75))
    studio.save()
    assert set(np.unique(studio.mask(row)).tolist()) == {0, IGNORE}


def test_by_keyboard_with_undo_and_clear(studio: Studio) -> None:
    row, page = studio.image("train"), studio.page
    studio.open(row["image_id"])
    page.locator(".mask-canvas").focus()
    before = page.locator("#brush-size").text_content()
    page.keyboard.press("]")
    assert page.locator("#brush-size").text_content() != before
    page.keyboard.press("Space")
    once = page.locator("#share-ignore").text_content()
    assert once != "0.0 %"
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("#share-ignore")).not_to_have_text(str(once))
    page.keyboard.press("Control+z")
    expect(page.locator("#share-ignore")).to_have_text(str(once))
    studio.save()
    levels = studio.mask(row)
    assert levels[levels.shape[0] // 2, levels.shape[1] // 2] == IGNORE
    page.keyboard.press("c")
    expect(page.locator("#share-ignore")).to_have_text("0.0 %")
    studio.save()
    assert not studio.labeler.get(f"/api/masks/{row['image_id']}/info")["painted"]


def test_test_images_and_unknown_ones_are_refused_in_a_sentence(studio: Studio) -> None:
    studio.open(studio.image("test")["image_id"])
    expect(studio.page.locator("#mask-stage")).to_contain_text("This is a test image")
    expect(studio.page.locator("#mask-save")).to_be_disabled()
    studio.open("")
    expect(studio.page.locator("#mask-stage")).to_contain_text("No image was named")
    studio.open("nothing")
    expect(studio.page.locator("#mask-stage")).to_contain_text("there is no image")
    studio.errors.clear()  # the browser notes the 404


def test_m_on_the_labelling_page_leads_to_the_shown_image(studio: Studio) -> None:
    page = studio.page
    page.goto(studio.labeler.url)
    page.locator("#who-name").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.locator("#stage img")).to_be_visible()
    name = page.locator("#file-name").text_content()
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile(r"/paint\?image="))
    expect(page.locator("#mask-file")).to_have_text(str(name))


@pytest.mark.parametrize(("width", "height", "scheme"), [(1920, 1080, "dark"), (1280, 800, "light")])
def test_it_fits_on_one_screen(studio: Studio, width: int, height: int, scheme: Any) -> None:
    page = studio.page
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    studio.open(studio.image("train")["image_id"])
    studio.drag((0.3, 0.3), (0.5, 0.6), (0.7, 0.3))
    page.keyboard.press("l")
    studio.drag((0.5, 0.85))
    photograph(page, f"paint-{scheme}-{width}")
    fits = "e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth"
    assert page.locator("html").evaluate(fits)
    assert page.locator(".paint-side").evaluate(fits)
