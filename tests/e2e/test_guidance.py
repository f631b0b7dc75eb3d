"""What the trainer tells the page beyond an order: look-alikes, advice, the slow loop. No trainer runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from shared import events
from tests.integration.conftest import FakeTrainer
from tests.processes import LabelerProcess, labeler_process
from tests.waiting import wait_for

from .person import Person
from .test_browser import photograph

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
CLASSES = ["cat", "dog"]


@dataclass
class Studio:
    """A labeler process on the digits, a page, and a trainer that says what a test wants it to say."""

    labeler: LabelerProcess
    data: Path
    page: Page
    person: Person
    trainer: FakeTrainer = field(default_factory=FakeTrainer)
    version: int = 0

    def join(self) -> None:
        token = (self.data / "tokens" / "trainer").read_text().strip()
        self.trainer = FakeTrainer()
        self.trainer.join(self.labeler, token=token)  # type: ignore[arg-type]

    def open(self) -> None:
        self.page.goto(self.labeler.url)
        self.page.locator("#who-name").fill("Ada")
        self.page.locator("#who-name").press("Enter")
        expect(self.page.locator("#desk")).to_be_visible()

    def pool(self, lane: str) -> list[int]:
        token = {"Authorization": f"Bearer {(self.data / 'tokens' / 'trainer').read_text().strip()}"}
        rows = self.labeler.get("/api/pool?limit=20000", headers=token)["images"]
        return [row["number"] for row in rows if row["lane"] == lane]

    def rank(self, look_alikes: dict[int, list[int]]) -> None:
        """Put images in front, each with its look-alikes."""
        self.version += 1
        self.trainer.send(
            events.RANKING,
            version=self.version,
            based_on_seq=self.labeler.get("/api/state")["last_seq"],
            model_version=1,
            strategy="uherding",
            entries=[
                {
                    "image": image,
                    "score": 1.0,
                    "reason": {"kind": "uncertain", "classes": [0, 1]},
                    "prediction": {"top": [[0, 0.7], [1, 0.3]]},
                    "look_alikes": alike,
                }
                for image, alike in look_alikes.items()
            ],
        )
        wait_for(lambda: self.labeler.get("/api/state")["queue"]["version"] == self.version, "the order")

    def report(self, **more: object) -> None:
        accuracy = {"value": 0.931, "low": 0.88, "high": 0.962, "n": 58}
        payload: dict[str, Any] = {
            "based_on_seq": self.labeler.get("/api/state")["last_seq"],
            "model_version": 3,
            "labels": 120,
            "train_loss": 0.2,
            "metrics": {"accuracy": accuracy, "accuracy_worst": {**accuracy, "value": 0.871, "n": 62}},
            "outlook": [],
        }
        self.trainer.send(events.METRICS_REPORT, **payload | more)

    def slow(self, number: int, state: str, progress: float, sentence: str = "") -> None:
        self.trainer.send(events.SLOW, round=number, state=state, labels=120, progress=progress, sentence=sentence)

    def log(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.labeler.get("/api/annotations?limit=10000")["annotations"]
        return rows


@pytest.fixture
def studio(tmp_path: Path, digits: tuple[Path, dict[str, str]], chromium: Browser) -> Iterator[Studio]:
    data = tmp_path / "data"
    # No test image among the first ones, so that the trainer's order is what the person sees.
    labeler = labeler_process(
        tmp_path, digits[0], data, classes='["cat", "dog"]', test__fraction="0", images__scan_every_s="60"
    )
    labeler.start()
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    page = context.new_page()
    labeler.ready()
    made = Studio(labeler, data, page, Person(page, dict.fromkeys(digits[1], "cat"), CLASSES))
    wait_for(lambda: labeler.get("/api/state")["scan"]["done"], "the folder to be looked through", 60)
    made.join()
    yield made
    context.close()
    made.trainer.client.disconnect()
    if labeler.alive:
        labeler.end()


def labelled(studio: Studio) -> Any:
    return studio.labeler.get("/api/state")["counts"]["labelled"]


def with_look_alikes(studio: Studio, count: int = 12) -> tuple[int, list[int]]:
    """The page shows an image with `count` look-alikes. Returns their numbers."""
    train = studio.pool("train")
    first, alike = train[0], train[10 : 10 + count]
    studio.rank({first: alike, **{image: [] for image in train[1:6]}})
    studio.open()
    studio.person.next_image()
    return first, alike


def test_the_label_for_all_look_alikes_but_one_and_back(studio: Studio) -> None:
    page = studio.page
    with_look_alikes(studio)
    offer = page.locator("#alike")
    expect(offer).to_be_hidden()
    page.keyboard.press("1")
    expect(offer).to_be_visible()
    expect(page.locator("#alike-apply")).to_contain_text("cat for all 12")
    page.wait_for_load_state("networkidle")
    photograph(page, "look-alikes")
    page.locator("#alike-list button").nth(4).click()
    expect(page.locator("#alike-apply")).to_contain_text("cat for 11")
    photograph(page, "look-alikes-without-one")
    page.keyboard.press("a")
    expect(offer).to_be_hidden()
    expect(page.locator("#progress")).to_contain_text("12 / ")
    studio.person.saved()
    rows = studio.log()
    assert [row["label"] for row in rows] == ["cat"] * 12
    assert [row["bulk"] is None for row in rows] == [True] + [False] * 11
    assert len({row["bulk"] for row in rows}) == 2
    counts = studio.labeler.get("/api/state")["counts"]
    assert (counts["labelled"], counts["bulk"]) == (12, 11)

    page.keyboard.press("Backspace")
    expect(offer).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("1 / ")
    studio.person.saved()
    assert labelled(studio) == 1
    page.keyboard.press("Control+z")
    expect(offer).to_be_hidden()
    studio.person.saved()
    assert labelled(studio) == 0
    assert studio.person.errors == []


def test_the_offer_goes_with_the_next_label_and_survives_the_labeler(studio: Studio) -> None:
    page = studio.page
    with_look_alikes(studio, 3)
    page.keyboard.press("2")
    expect(page.locator("#alike")).to_be_visible()
    studio.trainer.client.disconnect()
    studio.labeler.end()
    page.keyboard.press("a")
    expect(page.locator("#saved")).to_contain_text("pending", timeout=30_000)
    studio.labeler.start()
    studio.labeler.ready()
    page.reload()
    studio.person.saved()
    wait_for(lambda: labelled(studio) == 4, "what waited in the page")
    page.keyboard.press("Backspace")
    studio.person.saved()
    wait_for(lambda: labelled(studio) == 1, "the bulk action to be undone after a reload as well")
    studio.person.label(1)
    expect(page.locator("#alike")).to_be_hidden()


def test_advice_is_shown_with_its_figures_and_can_be_put_aside(studio: Studio) -> None:
    page = studio.page
    with_look_alikes(studio, 0)
    changed = {
        "rule": "stable", "holds": True, "stops": False,
        "sentence": "the last 100 labels changed 0.2 % of the predictions",
    }  # fmt: skip
    gain = {
        "rule": "gain", "holds": False, "stops": False,
        "sentence": "100 more labels are expected to bring 0.9 points of accuracy",
    }  # fmt: skip
    studio.report(advice=[changed, gain])
    strip = page.locator("[data-strip=advice]")
    expect(strip).to_contain_text("You could stop here. The last 100 labels changed 0.2 % of the predictions.")
    expect(page.locator("#advice li")).to_have_count(2)
    expect(page.locator("#metric-note")).to_contain_text("87.1")
    photograph(page, "advice")
    strip.get_by_text("Go on").click()
    expect(strip).to_have_count(0)
    studio.trainer.client.disconnect()
    studio.labeler.end()
    studio.labeler.start()
    studio.labeler.ready()
    page.reload()
    expect(strip).to_be_visible()
    strip.get_by_text("Stop…").click()
    page.locator("#confirm-yes").click()
    wait_for(lambda: studio.labeler.get("/api/state")["session"] == "stopping", "the session to stop")


def test_the_slow_loop_says_what_it_does_and_what_became_of_it(studio: Studio) -> None:
    page = studio.page
    with_look_alikes(studio, 0)
    refused = "on 24 validation labels the new weights were right 19 times, the old ones 22 times"
    studio.slow(1, "accepted", 1.0, "the new weights were right 19 of 20 times, the old ones 15 times")
    studio.slow(2, "refused", 1.0, refused)
    studio.slow(3, "training", 0.43)
    expect(page.locator("#work-bars")).to_contain_text("Fine-tuning on 120 labels, 43 %")
    expect(page.locator("#slow-head")).to_have_text("Refused:")
    photograph(page, "slow-loop")
    studio.report()
    page.goto(studio.labeler.url + "/summary")
    rows = page.locator("#slow-rows li")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Fine-tuning on 120 labels, 43 %")
    expect(rows.nth(1)).to_contain_text("the old ones 22 times")
    photograph(page, "summary-slow-loop")
    studio.trainer.client.disconnect()
    expect(rows.nth(0)).to_contain_text("Cut short")
