"""Reading numbers from the query string."""

from __future__ import annotations

from flask import request

from shared.errors import InvalidInput


def number_argument(name: str, default: int, low: int = 0, high: int = 2**53) -> int:
    """The whole number given as `name`, or `default`. Raises InvalidInput outside low … high."""
    raw = request.args.get(name)
    if raw is None:
        return default
    if not (raw.isascii() and raw.isdigit()) or not low <= int(raw[:20]) <= high:
        raise InvalidInput(f"{name} is {raw[:40]!r}; expected a whole number from {low} to {high}", name)
    return int(raw)
