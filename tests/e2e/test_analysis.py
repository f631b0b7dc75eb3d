"""Dashboard and Review in a real browser, on real images with a real model's answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from sklearn import metrics

from .analysed import Analysed, Array, analysed
from .test_browser import photograph

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, digits: tuple[Path, dict[str, str]]) -> Iterator[Analysed]:
    with analysed(tmp_path_factory.mktemp("analysed"), *digits) as made:
        yield made


@pytest.fixture
def page(chromium: Browser, run: Analysed) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: "Content Security" in message.text and errors.append(message.text))
    yield page
    context.close()
    assert errors == []


def predictions(run: Analysed, version: int) -> tuple[Array, Array]:
    """Truth and probabilities of a version, as exported."""
    answer = run.labeler.get(f"/api/analysis/predictions?version={version}")
    truth = np.array([answer["classes"].index(row["label"]) for row in answer["images"]])
    return truth, np.array([row["probs"] for row in answer["images"]])


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def test_the_dashboard_shows_everything_and_agrees_with_scikit_learn(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/dashboard")
    truth, probs = predictions(run, run.versions[-1])
    expect(page.locator("#now-accuracy")).to_contain_text(percent(metrics.accuracy_score(truth, probs.argmax(axis=1))))
    for plot in ("metric", "loss", "pace", "reliability", "doubt"):
        expect(page.locator(f"#{plot}-plot canvas")).to_be_visible()
    expect(page.locator("#metric-legend")).to_contain_text("stop at 95.0")
    expect(page.locator("#people-rows")).to_contain_text("Ada")
    expect(page.locator("#class-rows tr")).to_have_count(10)
    expect(page.locator("#pool-note")).to_contain_text("885")
    photograph(page, "dashboard")

    before = predictions(run, run.versions[-2])[1].argmax(axis=1) == truth
    after = probs.argmax(axis=1) == truth
    paired = page.locator("#paired")
    expect(paired).to_contain_text(f"{(before & ~after).sum()} · ")
    expect(paired).to_contain_text(f"{abs(100 * (after.mean() - before.mean())):.1f}")

    page.locator("#by button[data-by=time]").click()
    expect(page.locator("#metric-plot")).to_have_attribute("aria-label", re.compile("now, 24 evaluations"))
    page.locator("#metric").select_option("precision/3")
    expect(page.locator("#metric-legend")).to_contain_text("Precision of 3")
    photograph(page, "dashboard-by-time")


def test_a_new_evaluation_is_drawn_without_a_reload_and_kept(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/dashboard")
    label = page.locator("#metric-plot")
    expect(label).to_have_attribute("aria-label", re.compile("at 900 labels, 24 evaluations"))
    accuracy = {"value": 0.914, "low": 0.88, "high": 0.94, "n": 400}
    run.evaluated(25, 510, 0.4, {"accuracy": accuracy})
    expect(page.locator("#now-accuracy")).to_contain_text("91.4")
    expect(label).to_have_attribute("aria-label", re.compile("91.4\u00a0% at 910 labels, 25 evaluations"))
    page.reload()
    expect(label).to_have_attribute("aria-label", re.compile("25 evaluations"))
