"""Classes: made and renamed at any time; the number stays, the name and its key may change."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from labeler.board import Board
from labeler.store import AnnotationStore
from shared.errors import Conflict, InvalidInput, UnknownClass

MAX_NAME = 200
DIGITS = "1234567890"


def key_of(position: int) -> str:
    """The key of the class at `position`: 1–9, 0, then Shift+1 … Shift+0, then none."""
    if position < len(DIGITS):
        return DIGITS[position]
    return f"Shift+{DIGITS[position - 10]}" if position < 2 * len(DIGITS) else ""


def clean_name(name: str) -> str:
    """The name as it is kept: trimmed, in Unicode's composed form. Raises InvalidInput."""
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not cleaned:
        raise InvalidInput("the class name is empty; give at least one character", "name")
    if len(cleaned) > MAX_NAME:
        raise InvalidInput(f"the class name has {len(cleaned)} characters; at most {MAX_NAME} are possible", "name")
    if any(unicodedata.category(character) == "Cc" for character in cleaned):
        raise InvalidInput(f"the class name {cleaned!r} holds a control character; leave it out", "name")
    return cleaned


class Classes:
    """The list of classes. Names are unique."""

    def __init__(
        self, board: Board, store: AnnotationStore, renamed: Callable[[str, str], object] = lambda _old, _new: None
    ) -> None:
        """renamed: told the old and the new name of a class."""
        self._board = board
        self._store = store
        self._renamed = renamed

    def add(self, name: str) -> int:
        """Make a class. Returns its number. Raises InvalidInput, Conflict."""
        with self._board.lock:
            cleaned = clean_name(name)
            if cleaned in self._board.class_names.values():
                raise Conflict(f"a class named {cleaned!r} exists already; choose another name", "name")
            number = len(self._board.class_names)
            self._store.add_class(number, cleaned)
            self._board.add_class(number, cleaned)
            return number

    def add_missing(self, names: Iterable[str]) -> list[str]:
        """Make those classes that do not exist yet. Returns their names."""
        new = [n for n in dict.fromkeys(map(clean_name, names)) if n not in self._board.class_names.values()]
        for name in new:
            self.add(name)
        return new

    def rename(self, old: str, new: str) -> int:
        """Give a class another name; its labels follow. Raises UnknownClass, InvalidInput, Conflict."""
        with self._board.lock:
            number, cleaned = self.number(old), clean_name(new)
            taken = {name for other, name in self._board.class_names.items() if other != number}
            if cleaned in taken:
                raise Conflict(f"a class named {cleaned!r} exists already; choose another name", "name")
            self._store.rename_class(number, cleaned)
            self._board.add_class(number, cleaned)
            self._renamed(old, cleaned)
            return number

    def number(self, name: str) -> int:
        """The number of a class. Raises UnknownClass."""
        for number, known in self._board.class_names.items():
            if known == name:
                return number
        known_names = ", ".join(sorted(self._board.class_names.values())[:10]) or "none yet"
        raise UnknownClass(f"no class is named {name[:80]!r}; known: {known_names}. Add it first", "label")
