"""Dashboard and Review in a real browser, on real images with a real model's answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from sklearn import metrics

from tests.waiting import wait_for

from .analysed import CLASSES, Analysed, Array, analysed
from .conftest import Pair
from .test_browser import photograph

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
SLOW = 20_000  # ms; the first look at a page on a crowded machine


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


def percent(share: float, step: str = "0.1") -> str:
    """Halves away from zero as JavaScript's toFixed has them."""
    return str(Decimal(100 * share).quantize(Decimal(step), ROUND_HALF_UP))


def test_the_dashboard_shows_everything_and_agrees_with_scikit_learn(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/dashboard")
    truth, probs = predictions(run, run.versions[-1])
    expect(page.locator("#now-accuracy")).to_contain_text(
        percent(metrics.accuracy_score(truth, probs.argmax(axis=1))), timeout=SLOW
    )
    for plot in ("metric", "loss", "pace", "reliability", "doubt"):
        expect(page.locator(f"#{plot}-plot canvas")).to_be_visible()
    expect(page.locator("#metric-legend")).to_contain_text("stop at 95.0")
    expect(page.locator("#people-rows")).to_contain_text("Ada")
    expect(page.locator("#class-rows")).to_contain_text("%")
    expect(page.locator("#pool-note")).to_contain_text("885")
    photograph(page, "dashboard")

    before = predictions(run, run.versions[-2])[1].argmax(axis=1) == truth
    after = probs.argmax(axis=1) == truth
    paired = page.locator("#paired")
    expect(paired).to_contain_text(f"{(before & ~after).sum()} · ")
    expect(paired).to_contain_text(percent(abs(int(after.sum()) - int(before.sum())) / len(after)))

    page.locator("#by button[data-by=time]").click()
    expect(page.locator("#metric-plot")).to_have_attribute("aria-label", re.compile("now, 24 evaluations"))
    page.locator("#metric").select_option("precision/3")
    expect(page.locator("#metric-legend")).to_contain_text("Precision of 3")
    photograph(page, "dashboard-by-time")


def test_a_new_evaluation_is_drawn_without_a_reload_and_kept(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/dashboard")
    label = page.locator("#metric-plot")
    expect(label).to_have_attribute("aria-label", re.compile("at 900 labels, 24 evaluations"), timeout=SLOW)
    accuracy = {"value": 0.914, "low": 0.88, "high": 0.94, "n": 400}
    run.evaluated(25, 510, 0.4, {"accuracy": accuracy})
    expect(page.locator("#now-accuracy")).to_contain_text("91.4")
    expect(label).to_have_attribute("aria-label", re.compile("91.4\u00a0% at 910 labels, 25 evaluations"))
    page.reload()
    expect(label).to_have_attribute("aria-label", re.compile("25 evaluations"), timeout=SLOW)


def test_a_stretch_is_enlarged_in_full_detail_and_changed_settings_are_marked(run: Analysed, page: Page) -> None:
    change = requests.patch(f"{run.labeler.url}/api/settings?annotator=Ada", json={"strategy.explore": 0.2}, timeout=20)
    assert change.ok, change.text
    page.goto(run.labeler.url + "/dashboard")
    expect(page.locator("#metric-legend")).to_contain_text("setting changed", timeout=SLOW)
    area = page.locator("#metric-plot .u-over")
    box = area.bounding_box()
    assert box is not None
    left, right, middle = box["x"] + 0.2 * box["width"], box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2
    with page.expect_response(lambda answer: "/api/dashboard/history" in answer.url) as detail:
        page.mouse.move(left, middle)
        page.mouse.down()
        page.mouse.move(right, middle, steps=5)
        page.mouse.up()
    rows = detail.value.json()["history"]
    assert 0 < len(rows) < len(run.labeler.get("/api/metrics")["history"])
    expect(page.locator("#metric-readout")).to_contain_text("%")
    photograph(page, "dashboard-enlarged")
    page.mouse.move(box["x"] + 2, middle)
    first = int(page.locator("#metric-readout").inner_text().rpartition("at ")[2])
    assert first > 430, "the left end is that of the stretch"
    area.dblclick()
    page.mouse.move(box["x"] + 3, middle)
    expect(page.locator("#metric-readout")).to_contain_text("at 42")
    page.mouse.move(box["x"] + box["width"] - 2, middle)
    expect(page.locator("#metric-readout")).to_contain_text("strategy.explore: 0.05 → 0.2 (Ada)")


def test_the_confusion_matrix_is_that_of_scikit_learn_and_leads_to_its_images(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/review")
    newest = run.versions[-1]
    page.locator(f"#versions input[value='{newest}']").check()
    truth, probs = predictions(run, newest)
    matrix = metrics.confusion_matrix(truth, probs.argmax(axis=1))
    for i, j in zip(*matrix.nonzero(), strict=True):
        cell = page.locator(".matrix tbody tr").nth(i).locator("td").nth(j)
        expect(cell).to_have_text(str(matrix[i, j]), timeout=SLOW)
    wrong = matrix - np.diag(matrix.diagonal())
    i, j = np.unravel_index(wrong.argmax(), wrong.shape)
    page.locator(".matrix tbody tr").nth(int(i)).locator("td button").nth(int((matrix[i, :j] > 0).sum())).click()
    images = page.locator("#cell-images .images button")
    expect(images).to_have_count(int(wrong.max()))
    expect(images.first).to_contain_text(f"label {i}")
    photograph(page, "review-confusion")
    page.get_by_role("button", name="shares of the row").click()
    shares = metrics.confusion_matrix(truth, probs.argmax(axis=1), normalize="true")
    expect(page.locator(".matrix .right").first).to_have_text(percent(shares[0, 0], "1"))

    page.locator(".matrix .wrong").first.click()
    wait_for(images.count, "an image")
    shown = images.first.get_attribute("data-image-id")
    images.first.click()
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#picture-explain")).to_have_attribute("href", f"/explain?image={shown}")
    photograph(page, "review-picture")


def test_curves_and_scores_are_those_of_scikit_learn_per_class_and_version(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/review#curves")
    old, new = run.versions[1], run.versions[-1]
    for version in (old, new):
        page.locator(f"#versions input[value='{version}']").check()
    page.locator("#no-classes").click()
    page.locator("#chosen input[value='3']").check()
    page.locator("#chosen input[value='8']").check()
    rows = page.locator(".scores tbody tr")
    expect(rows).to_have_count(4, timeout=SLOW)
    expect(page.locator("#view canvas")).to_have_count(2)
    for version in (old, new):
        truth, probs = predictions(run, version)
        for k in (3, 8):
            row = page.locator(f".scores tr[data-class='{k}'][data-version='{version}'] td")
            expect(row.nth(2)).to_have_text(f"{metrics.average_precision_score(truth == k, probs[:, k]):.3f}")
            expect(row.nth(3)).to_have_text(f"{metrics.roc_auc_score(truth == k, probs[:, k]):.3f}")
    photograph(page, "review-curves")

    page.locator("#tab-scores").click()
    expect(rows).to_have_count(4)
    truth, probs = predictions(run, new)
    scores = metrics.precision_recall_fscore_support(truth, probs.argmax(axis=1), labels=[8])
    cells = page.locator(f".scores tr[data-class='8'][data-version='{new}'] td")
    expect(cells.nth(1)).to_have_text(str(scores[3][0]))
    for place, value in enumerate(scores[:3], 3):
        expect(cells.nth(place)).to_have_text(percent(value[0]))
    photograph(page, "review-classes")
    page.locator("#tab-calibration").click()
    expect(page.locator(".multiples canvas")).to_have_count(2)
    photograph(page, "review-calibration")


def test_images_that_were_never_right_or_flipped(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/review#images")
    answers = {version: predictions(run, version) for version in run.versions}
    right = np.stack([probs.argmax(axis=1) == truth for truth, probs in answers.values()])
    page.get_by_role("button", name="never right").click()
    expect(page.locator("#view")).to_contain_text(
        f"{(~right.any(axis=0)).sum()}\u00a0images, {len(answers)}\u00a0versions"
    )
    page.get_by_role("button", name="flipped").click()
    flips = (right[1:] != right[:-1]).any(axis=0).sum()
    expect(page.locator("#view")).to_contain_text(f"{flips}\u00a0images", timeout=SLOW)
    photograph(page, "review-images")


def lanes(run: Analysed) -> list[tuple[str, str]]:
    rows = run.labeler.get("/api/annotations?limit=10000")["annotations"]
    return [(row["kind"], row["label"]) for row in rows if row["lane"] == "review"]


def test_doubted_training_labels_are_settled_by_one_key_each(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/review#again")
    found = run.answer_label_issues()
    planted = {r["image_id"] for r in run.pool() if r["path"] in run.wrong and r["lane"] == "train"}
    assert len(planted & set(found)) > 0.6 * len(planted)
    expect(page.locator("#again-said")).to_contain_text("label ", timeout=SLOW)
    show = page.locator(".again .show")
    expect(show).to_have_attribute("data-image-id", found[0])
    photograph(page, "review-training-labels")
    before = run.labels()
    page.keyboard.press("Space")
    expect(show).to_have_attribute("data-image-id", found[1])
    page.keyboard.press("4")
    expect(show).to_have_attribute("data-image-id", found[2])
    assert lanes(run)[-2:] == [("label", before[found[0]]), ("label", "3")]
    assert run.labels()[found[1]] == "3"
    page.keyboard.press("Backspace")
    expect(show).to_have_attribute("data-image-id", found[1])
    assert run.labels()[found[1]] == before[found[1]]
    page.keyboard.press("ArrowRight")
    expect(show).to_have_attribute("data-image-id", found[2])


def test_test_labels_are_asked_again_blind(run: Analysed, page: Page) -> None:
    page.goto(run.labeler.url + "/review#again")
    page.get_by_role("button", name="test labels, blind").click()
    expect(page.locator("#again-said")).to_have_text("What is it?", timeout=SLOW)
    tasks = run.labeler.get("/api/review/holdout")["tasks"]
    expect(page.locator("#again-left")).to_have_text(f"{len(tasks)} left")
    expect(page.locator(".again")).not_to_contain_text("Keep")
    expect(page.locator(".again .given, .again .suggested")).to_have_count(0)
    photograph(page, "review-blind")
    image = page.locator(".again .show").get_attribute("data-image-id")
    page.keyboard.press("Space")
    page.keyboard.press("1")
    expect(page.locator("#again-left")).to_have_text(f"{len(tasks) - 1} left, 1 done")
    assert run.labels()[image or ""] == "0"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#again-left")).to_have_text(f"{len(tasks)} left")


def test_a_class_without_a_test_image_has_a_sentence_in_place_of_a_curve(run: Analysed, page: Page) -> None:
    run.labeler.post("/api/classes", {"name": "letter"})
    page.goto(run.labeler.url + "/review#curves")
    page.locator("#no-classes").click()
    expect(page.locator("#view")).to_have_text("Choose a class on the left.", timeout=SLOW)
    page.locator("#chosen input[value='letter']").check()
    expect(page.locator(".scores")).to_contain_text("no test image of this class")


def test_the_trainer_itself_doubts_planted_errors_and_tells_of_the_pool(
    tmp_path: Path, digits: tuple[Path, dict[str, str]]
) -> None:
    images, truth = tmp_path / "images" / "sample", {}
    images.mkdir(parents=True)
    for path, digit in list(digits[1].items())[:240]:
        shutil.copy(digits[0] / path, images)
        truth[path] = digit
    pair = Pair(tmp_path, images.parent, classes=str(CLASSES).replace("'", '"'), slow__enabled="false")
    try:
        labeler = pair.start().labeler
        wait_for(lambda: labeler.get("/api/state")["scan"]["done"], "the folder to be looked through", 60)
        run = Analysed(labeler, pair.data)
        run.label(truth, 120)
        ask = lambda: requests.get(f"{labeler.url}/api/review/training?turn=1", timeout=20)  # noqa: E731
        fitted = lambda: labeler.get("/api/dashboard")["pool"] and labeler.get("/api/state")["trainer"]["pending"] == 0  # noqa: E731
        wait_for(fitted, "a model of all labels", 90)
        tasks = wait_for(lambda: (answer := ask()).ok and answer.json()["tasks"], "the doubted labels", 60)
        assert {task["filename"] for task in tasks} & set(run.wrong)
        assert all(task["label"] != task["suggestion"] for task in tasks)
        present = wait_for(lambda: labeler.get("/api/dashboard")["present"], "an evaluated version")
        assert present["n"] == sum(row["lane"] == "test" for row in run.pool())
        assert labeler.get("/api/dashboard")["pool"]["scored"] > 0
    finally:
        pair.end()
