"""The Settings page in a real browser: by keyboard, with errors beside the fields, versions and the list of changes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from shared import events
from shared.versions import pack_probs
from tests.integration.conftest import FakeTrainer
from tests.processes import LabelerProcess, labeler_process
from tests.waiting import wait_for

from .test_browser import photograph

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@dataclass
class Studio:
    """A labeler on a few digits, a page, and a trainer that says what a test wants it to say."""

    labeler: LabelerProcess
    data: Path
    page: Page
    errors: list[str] = field(default_factory=list)
    trainer: FakeTrainer = field(default_factory=FakeTrainer)

    def join(self) -> None:
        token = (self.data / "tokens" / "trainer").read_text().strip()
        self.trainer.join(self.labeler, token=token)  # type: ignore[arg-type]

    def open(self, tab: str) -> None:
        self.page.goto(f"{self.labeler.url}/settings")
        self.page.get_by_role("tab", name=tab).click()

    def row(self, key: str) -> Locator:
        return self.page.locator(f'[data-setting="{key}"]')

    def value(self, key: str) -> Any:
        return next(s["value"] for s in self.labeler.get("/api/settings")["settings"] if s["key"] == key)

    def has(self, key: str, value: object) -> None:
        wait_for(lambda: self.value(key) == value, f"{key} = {value}")

    def keep(self, *numbers: int, space: str = "small_cnn-64-0123456789ab") -> None:
        for number in numbers:
            accuracy = {"value": 0.8 + number / 200, "low": 0.75, "high": 0.95, "n": 60}
            self.trainer.send(
                events.VERSION,
                version=number,
                based_on_seq=0,
                labels=4 * number,
                space=space,
                settings=0,
                kept=True,
                metrics={"accuracy": accuracy},
                images=[],
                classes=[0],
                probs=pack_probs(np.empty((0, 1), np.float32)),
            )
        wait_for(lambda: self.versions().keys() >= set(numbers), "the versions")

    def versions(self) -> dict[int, Any]:
        return {row["version"]: row for row in self.labeler.get("/api/versions")["versions"]}


@pytest.fixture
def studio(tmp_path: Path, digits: tuple[Path, dict[str, str]], chromium: Browser) -> Iterator[Studio]:
    images = tmp_path / "images"
    for name in list(digits[1])[:12]:
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(digits[0] / name, images / name)
    labeler = labeler_process(tmp_path, images, tmp_path / "data", classes='["cat", "dog", "<b>bird</b>"]')
    labeler.start()
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    labeler.ready()
    made = Studio(labeler, tmp_path / "data", context.new_page())
    made.page.on("pageerror", lambda error: made.errors.append(str(error)))
    made.page.on("console", lambda message: "Content Security" in message.text and made.errors.append(message.text))
    made.page.add_init_script("localStorage.setItem('labelstream.annotator', 'Ada')")
    made.join()
    yield made
    context.close()
    made.trainer.client.disconnect()
    labeler.end()
    assert made.errors == []


def test_a_number_by_keyboard_its_error_and_its_reset(studio: Studio) -> None:
    studio.open("Training")
    row = studio.row("train.C")
    number = row.get_by_label("Fit to the labels, C", exact=True)
    expect(number).to_have_value("30")
    expect(row).to_contain_text("1/C = 0.033")
    number.fill("-1")
    number.press("Enter")
    expect(row.locator(".error")).to_contain_text("Got -1; expected a number above 0.")
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_have_value("-1")
    photograph(studio.page, "settings-error")
    number.fill("much")
    number.press("Enter")
    expect(row.locator(".error")).to_contain_text("“much” is not a number")
    number.press("Escape")
    expect(number).to_have_value("30")
    expect(row.locator(".error")).to_be_empty()
    assert studio.value("train.C") == 30
    number.fill("2,5")
    number.press("Enter")
    studio.has("train.C", 2.5)
    expect(row).to_have_attribute("data-changed", "")
    expect(studio.page.locator("#changes li").first).to_contain_text("Fit to the labels, C: 30 → 2.5")
    expect(studio.page.locator("#changes li").first).to_contain_text("Ada")
    told = studio.trainer.wait(events.STEERING)[-1]
    assert told["overrides"] == {"train.C": 2.5}
    row.get_by_role("button", name="Reset").click()
    studio.has("train.C", 30)
    expect(row).not_to_have_attribute("data-changed", "")


def test_goals_and_weights(studio: Studio) -> None:
    studio.open("When to stop")
    goals = studio.row("stop.thresholds")
    goals.get_by_role("button", name="Add a goal").click()
    expect(goals.get_by_label("Metric")).to_be_focused()
    goals.get_by_role("textbox", name="Goal for Accuracy").fill("95")
    goals.get_by_role("textbox", name="Goal for Accuracy").press("Enter")
    studio.has("stop.thresholds", {"accuracy": {"at_least": 0.95}})
    goals.get_by_role("button", name="Add a goal").click()
    goals.get_by_label("Metric").nth(1).select_option("recall/<b>bird</b>")
    goals.get_by_role("textbox", name="Goal for Recall of <b>bird</b>").fill("120")
    goals.get_by_role("textbox", name="Goal for Recall of <b>bird</b>").press("Enter")
    expect(goals.locator(".error")).to_contain_text("expected a share above 0 and up to 1")
    goals.get_by_role("textbox", name="Goal for Recall of <b>bird</b>").fill("90")
    goals.get_by_role("textbox", name="Goal for Recall of <b>bird</b>").press("Enter")
    studio.has("stop.thresholds", {"accuracy": {"at_least": 0.95}, "recall/<b>bird</b>": {"at_least": 0.9}})
    photograph(studio.page, "settings-goals")
    goals.get_by_role("button", name="Remove the goal for Accuracy").click()
    studio.has("stop.thresholds", {"recall/<b>bird</b>": {"at_least": 0.9}})

    studio.page.get_by_role("tab", name="Training").click()
    weight = studio.row("train.class_weights").get_by_label("Weight of dog")
    weight.fill("3")
    weight.press("Enter")
    studio.has("train.class_weights", {"dog": 3})
    weight.fill("0")
    weight.press("Enter")
    expect(studio.row("train.class_weights").locator(".error")).to_contain_text("greater than 0")
    assert studio.value("train.class_weights") == {"dog": 3}
    weight.fill("1")
    weight.press("Enter")
    studio.has("train.class_weights", {})


def test_costs_of_mistakes(studio: Studio) -> None:
    studio.open("Training")
    costs = studio.row("train.costs")
    costs.get_by_label("True class").select_option("dog")
    costs.get_by_label("Said class").select_option("<b>bird</b>")
    costs.get_by_label("Cost of this mistake").fill("10")
    costs.get_by_label("Cost of this mistake").press("Enter")
    studio.has("train.costs", {"dog": {"<b>bird</b>": 10}})
    expect(studio.page.locator("#changes li").first).to_contain_text("none → dog as <b>bird</b> × 10")
    known = costs.get_by_role("textbox", name="Cost of dog as <b>bird</b>")
    known.fill("2000")
    known.press("Enter")
    expect(costs.locator(".error")).to_contain_text("less than or equal to 1000")
    known.fill("4")
    known.press("Enter")
    studio.has("train.costs", {"dog": {"<b>bird</b>": 4}})
    costs.get_by_label("True class").select_option("cat")
    costs.get_by_label("Said class").select_option("cat")
    costs.get_by_label("Cost of this mistake").fill("2")
    costs.get_by_label("Cost of this mistake").press("Enter")
    expect(costs.locator(".error")).to_contain_text("is no mistake")
    photograph(studio.page, "settings-training")
    costs.get_by_role("button", name="Remove the cost of dog as <b>bird</b>").click()
    studio.has("train.costs", {})


def test_what_is_off_is_greyed_out_and_choices_are_taken_at_once(studio: Studio) -> None:
    status = {"state": "waiting", "applied_seq": 0, "model_version": 0, "embedded": 0, "pool": 0, "backbone": ""}
    studio.trainer.send(events.STATUS, **status, slow=False)
    wait_for(
        lambda: any(s["off"] for s in studio.labeler.get("/api/settings")["settings"]),
        "the trainer's word that it is off",
    )
    studio.open("Fine-tuning")
    expect(studio.row("slow.steps").locator("input")).to_be_disabled()
    expect(studio.page.locator("#off")).to_contain_text("Fine-tuning is off")
    photograph(studio.page, "settings-off")
    studio.row("slow.enabled").locator("select").select_option("on")
    expect(studio.row("slow.steps").locator("input")).to_be_enabled()
    studio.row("slow.flips").get_by_role("switch").press("Space")
    studio.has("slow.flips", True)
    studio.page.get_by_role("tab", name="Fine-tuning").focus()
    studio.page.keyboard.press("ArrowRight")
    expect(studio.page.get_by_role("tab", name="Versions")).to_be_focused()
    expect(studio.page.locator("#versions-none")).to_be_visible()


def test_versions_are_named_compared_gone_back_to_and_trained_on_from(studio: Studio) -> None:
    studio.keep(3, space="pixels-32-0123456789ab")
    studio.keep(9, 20)
    studio.trainer.send(events.VERSIONS_KEPT, versions=[3, 20])
    wait_for(lambda: not studio.versions()[9]["kept"], "what is kept")
    studio.open("Versions")
    rows = studio.page.locator("#version-rows tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("not any more")
    expect(rows.nth(1).get_by_role("button", name="Go back to version 9")).to_be_disabled()
    expect(rows.nth(2).get_by_role("button", name="Fine-tune from version 3")).to_be_disabled()
    expect(rows.nth(0).get_by_role("link", name="Compare")).to_have_attribute("href", re.compile(r"/review\?.*20"))
    name = rows.nth(2).get_by_label("Name of version 3")
    name.fill("first light")
    name.press("Enter")
    wait_for(lambda: studio.versions()[3]["name"] == "first light", "the name")
    wait_for(
        lambda: studio.trainer.all(events.STEERING)[-1:] and studio.trainer.all(events.STEERING)[-1]["named"] == [3],
        "the trainer to hear of it",
    )
    photograph(studio.page, "settings-versions")
    rows.nth(2).get_by_role("button", name="Go back to version 3").click()
    studio.page.locator("#confirm-yes").click()
    expect(studio.page.locator("#changes li").first).to_contain_text("Back to version 3")
    rows.nth(0).get_by_role("button", name="Fine-tune from version 20").click()
    studio.page.locator("#confirm-yes").click()
    expect(studio.page.locator("#changes li").first).to_contain_text("Next fine-tuning from version 20")
    recall = studio.trainer.all(events.STEERING)[-1]["recall"]
    assert (recall["kind"], recall["version"], recall["revision"]) == ("finetune", 20, 2)
    rows.nth(2).get_by_role("link", name="Compare version 3 with the newest").click()
    expect(studio.page.locator("#versions input:checked")).to_have_count(2)


def test_pause_resume_and_stop(studio: Studio) -> None:
    wait_for(lambda: studio.labeler.get("/api/state")["session"] == "labelling", "images")
    studio.open("Training")
    studio.page.locator("#session-pause").click()
    expect(studio.page.locator("#session-state")).to_contain_text("Paused.")
    studio.page.locator("#session-resume").click()
    expect(studio.page.locator("#session-state")).to_contain_text("go on")
    studio.page.locator("#session-stop").click()
    studio.page.locator("#confirm-yes").click()
    expect(studio.page.locator("#session-state")).to_contain_text("Stopped by hand.")
    photograph(studio.page, "settings-stopping")


def test_a_pause_for_a_look_says_why_on_every_page(studio: Studio) -> None:
    wait_for(lambda: studio.labeler.get("/api/state")["session"] == "labelling", "images")
    studio.open("Training")
    every = studio.row("train.pause_every").get_by_role("textbox", name="Pause for a look after")
    every.fill("1")
    every.press("Enter")
    studio.has("train.pause_every", 1)
    accuracy = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 50}
    report = {"based_on_seq": 0, "model_version": 3, "labels": 12, "train_loss": 0.2, "metrics": {"accuracy": accuracy}}
    studio.trainer.send(events.METRICS_REPORT, **report, outlook=[])
    expect(studio.page.locator("#session-state")).to_contain_text("1 evaluation is done; have a look, then resume.")
    expect(studio.page.locator("#strips")).to_contain_text("1 evaluation is done")
    studio.page.goto(studio.labeler.url)
    expect(studio.page.locator("#page")).to_contain_text("1 evaluation is done; have a look")
    studio.page.locator("#page").get_by_role("button", name="Resume").click()
    wait_for(lambda: studio.labeler.get("/api/state")["session"] == "labelling", "the session to go on")


def test_changes_of_others_appear_without_a_reload(studio: Studio) -> None:
    studio.open("What is asked")
    other = studio.page.context.new_page()
    other.goto(f"{studio.labeler.url}/settings#What-is-asked")
    other.locator('[data-setting="strategy.name"] select').select_option("margin")
    expect(studio.row("strategy.name").locator("select")).to_have_value("margin")
    studio.page.set_viewport_size({"width": 1920, "height": 1080})
    photograph(studio.page, "settings-wide")
