"""The report in a real browser, opened from the disk without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, expect
from sklearn import metrics

from .analysed import analysed
from .test_analysis import predictions
from .test_browser import photograph

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_the_report_of_a_run_opens_offline(
    chromium: Browser, tmp_path: Path, digits: tuple[Path, dict[str, str]]
) -> None:
    with analysed(tmp_path, *digits) as run:
        answer = requests.get(run.labeler.url + "/api/report", timeout=30)
        truth, probs = predictions(run, run.versions[-1])
    file = tmp_path / "report.html"
    file.write_bytes(answer.content)
    assert len(answer.content) < 5_000_000
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark", offline=True)
    page, told = context.new_page(), list[str]()
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or told.append(request.url))
    page.goto(file.as_uri())
    accuracy = metrics.accuracy_score(truth, probs.argmax(axis=1))
    expect(page.locator(".tiles")).to_contain_text(f"{100 * accuracy:.1f}")
    expect(page.get_by_role("img", name="Accuracy against labels")).to_be_visible()
    cells = page.get_by_role("img", name="Labels against predictions on the test images").locator("rect.cell")
    matrix = metrics.confusion_matrix(truth, probs.argmax(axis=1), labels=range(10))
    expect(cells).to_have_count(int((matrix > 0).sum()))
    pictures = page.locator(".album img")
    assert pictures.count() > 10
    shown = pictures.evaluate_all("all => all.every(each => each.complete && each.naturalWidth > 0)")
    assert shown and page.evaluate("document.documentElement.scrollWidth") == 1280
    expect(page.locator("body")).to_contain_text(re.compile(r"500|\d+ images drawn by the hash"))
    photograph(page, "report")
    page.set_viewport_size({"width": 1920, "height": 1080})
    photograph(page, "report-wide")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    context.close()
    assert told == []
