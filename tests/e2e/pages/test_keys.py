"""Which command a key press means."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Modules

pytestmark = pytest.mark.browser


def press(key: str, code: str = "", **modifiers: bool) -> dict[str, Any]:
    held = dict.fromkeys(("shiftKey", "ctrlKey", "metaKey", "altKey", "repeat", "altGraph"), False)
    return {"key": key, "code": code, **held, **modifiers}


COMMANDS = [
    (press("1", "Digit1"), {"name": "class", "index": 0}),
    (press("9", "Digit9"), {"name": "class", "index": 8}),
    (press("0", "Digit0"), {"name": "class", "index": 9}),
    (press("!", "Digit1", shiftKey=True), {"name": "class", "index": 10}),
    (press(")", "Digit0", shiftKey=True), {"name": "class", "index": 19}),
    (press("&", "Digit1"), {"name": "class", "index": 0}),  # French keyboard: by physical key
    (press("7", "Numpad7"), {"name": "class", "index": 6}),
    (press("Home", "Numpad7"), None),
    (press(" ", "Space"), {"name": "accept"}),
    (press("Backspace", "Backspace"), {"name": "undo"}),
    (press("z", "KeyY", ctrlKey=True), {"name": "undo"}),  # German keyboard: by character
    (press("z", "KeyZ", metaKey=True), {"name": "undo"}),
    (press("Z", "KeyZ", ctrlKey=True, shiftKey=True), None),
    (press("z", "KeyZ"), {"name": "fit"}),
    (press("X", "KeyX", shiftKey=True), {"name": "skip"}),
    (press("x", "KeyX", ctrlKey=True), None),
    (press("1", "Digit1", altKey=True), None),
    (press("1", "Digit1", metaKey=True), None),
    (press("[", "Digit8", ctrlKey=True, altKey=True, altGraph=True), {"name": "darker"}),
    (press("?", "Slash", shiftKey=True), {"name": "help"}),
    (press("ArrowLeft", "ArrowLeft", repeat=True), {"name": "back"}),
    (press("1", "Digit1", repeat=True), None),
    (press("Backspace", "Backspace", repeat=True), None),
    (press("a", "KeyA"), {"name": "alike"}),
    (press("a", "KeyA", ctrlKey=True), None),
    (press("q", "KeyQ"), None),
    (press("Shift", "ShiftLeft"), None),
]


@pytest.mark.parametrize(("pressed", "command"), COMMANDS, ids=lambda value: str(value)[:40])
def test_a_key_press_means(modules: Modules, pressed: dict[str, Any], command: dict[str, Any] | None) -> None:
    assert modules.call("core/keys.js", "commandOf", pressed, 20) == command


def test_a_digit_beyond_the_classes_keeps_its_character(modules: Modules) -> None:
    german_slash = press("/", "Digit7", shiftKey=True)
    assert modules.call("core/keys.js", "commandOf", german_slash, 6) == {"name": "find"}
    assert modules.call("core/keys.js", "commandOf", german_slash, 17) == {"name": "class", "index": 16}
    assert modules.call("core/keys.js", "commandOf", press("7", "Digit7"), 6) is None


def test_key_names_of_classes(modules: Modules) -> None:
    names = modules.run("core/keys.js", "m => Array.from({length: 21}, (_, i) => m.classKey(i))")
    assert names == [*"1234567890", *[f"⇧{digit}" for digit in "1234567890"], ""]
