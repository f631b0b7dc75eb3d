"""A person at the labelling page: sees the file name, knows the truth, presses keys."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.waiting import wait_for

KEYS = "1234567890"


class Person:
    """Labels by keyboard alone. truth: path below the image folder → class."""

    def __init__(self, page: Page, truth: dict[str, str], classes: list[str]) -> None:
        self.page = page
        self.truth = truth
        self.classes = classes
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "Content Security Policy" in text:
            self.errors.append(text)

    def set_up(self, url: str, name: str = "Ada") -> None:
        """The first screen: classes, name, start."""
        self.page.goto(url)
        field = self.page.locator("#class-input")
        expect(field).to_be_visible()
        for label in self.classes:
            field.fill(label)
            field.press("Enter")
        self.page.locator("#annotator").fill(name)
        expect(self.page.locator("#start")).to_be_enabled(timeout=30_000)
        self.page.locator("#start").click()
        expect(self.page.locator("#desk")).to_be_visible()
        expect(self.page.locator("#classes > li")).to_have_count(len(self.classes))  # a key without a class is none

    def shown(self) -> str:
        """The file name of the image on the screen, empty where there is none."""
        name = self.page.locator("#file-name")
        return name.text_content() or "" if name.is_visible() else ""

    def label(self, count: int, until: Callable[[], bool] = lambda: False) -> int:
        """Label `count` images, or fewer when `until` holds. Returns how many."""
        for done in range(count):
            if until():
                return done
            name = wait_for(lambda: self._labelable() or until(), "an image to label", 60)
            if not isinstance(name, str):
                return done
            self.page.keyboard.press(KEYS[self.classes.index(self.truth[name])])
            wait_for(lambda old=name: self.shown() != old, f"the page to take the answer to {name}")  # type: ignore[misc]
        return count

    def next_image(self) -> str:
        """Wait for an image to label. Returns its file name."""
        return wait_for(self._labelable, "an image to label", 60)

    def _labelable(self) -> str:
        name = self.shown()
        return name if name in self.truth and self.page.locator("#stage img").first.is_visible() else ""

    def saved(self) -> None:
        """Wait until nothing is pending."""
        expect(self.page.locator("#saved")).to_contain_text("saved", timeout=30_000)
