"""Charts as inline SVG: axes with titles and ticks, lines with bands, bars, points. Pure; all text is escaped.

Colours come from the page's style sheet by class. Lengths are in units of the viewBox, WIDTH across.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

WIDTH: Final = 560
HEIGHT: Final = 300
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 14, 46
STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)

Points = Sequence[tuple[float, float]]
Spans = Sequence[tuple[float, float, float]]


class Markup(str):
    """Markup that a template takes as it is, because this program made it."""

    def __html__(self) -> str:
        return self


def tag(name: str, attributes: Mapping[str, object], *children: str) -> str:
    """One element. Values of attributes are escaped; children are markup, see `text`."""
    given = "".join(f' {key.replace("_", "-")}="{escape(_plain(value))}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(children)}</{name}>" if children else f"<{name}{given}/>"


def text(x: float, y: float, words: str, css: str = "tick", anchor: str = "middle", **more: object) -> str:
    """Words at a place."""
    return tag("text", {"x": x, "y": y, "class": css, "text_anchor": anchor, **more}, escape(words) or " ")


def drawing(title: str, width: float, height: float, *children: str) -> Markup:
    """The SVG element; its title is read out."""
    attributes = {"viewBox": f"0 0 {_plain(width)} {_plain(height)}", "role": "img", "aria_label": title}
    return Markup(tag("svg", attributes, tag("title", {}, escape(title)), *children))


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, about so many: multiples of 1, 2, 2.5 or 5 times a power of ten."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10(span / about))
    step = min((power * factor for factor in STEPS), key=lambda step: abs(span / step - about))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def tick_words(ticks: Sequence[float], share: bool = False) -> list[str]:
    """Ticks as text, all with as many digits as tell them apart; shares as percentages."""
    values = [100 * tick for tick in ticks] if share else list(ticks)
    steps = [abs(b - a) for a, b in itertools.pairwise(values)]
    step = min(steps, default=abs(values[0]) if values else 1.0) or 1.0
    digits = next((d for d in range(7) if abs(round(step, d) - step) < 1e-3 * step), 6)
    return [f"{value:,.{digits}f}" + ("\u00a0%" if share else "") for value in values]


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, its title with its unit.

    share: values are shares, written as percentages. whole: values are counts. about: so many ticks, 0 for none.
    """

    title: str
    low: float
    high: float
    share: bool = False
    whole: bool = False
    about: int = 5

    def ticks(self) -> list[tuple[float, str]]:
        """Places of ticks with their words."""
        found = nice_ticks(self.low, self.high, self.about) if self.about else []
        found = [tick for tick in found if not self.whole or tick == round(tick)]
        return list(zip(found, tick_words(found, self.share), strict=True))

    def place(self, value: float) -> float:
        """Where a value lies, 0 at the low end and 1 at the high one; what is beyond is put on the edge."""
        span = self.high - self.low
        return min(1.0, max(0.0, (value - self.low) / span)) if span > 0 else 0.5


def axis_over(
    title: str, values: Iterable[float], share: bool = False, whole: bool = False, zero: bool = False
) -> Axis:
    """An axis over all finite values with some room; zero: it begins at 0."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    low = min(low, 0.0) if zero else low
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    top = min(1.0, high + room) if share else high + room
    bottom = low if zero and low == 0 else max(0.0, low - room) if share or low >= 0 else low - room
    return Axis(title, bottom, top if top > bottom else bottom + 1.0, share, whole)


@dataclass(slots=True)
class Plot:
    """A chart with two axes; each method draws one layer, in order. css: class that gives the colour."""

    x: Axis
    y: Axis
    width: float = WIDTH
    height: float = HEIGHT
    _layers: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the drawing."""
        across, down = self.width - LEFT - RIGHT, self.height - TOP - BOTTOM
        return LEFT + across * self.x.place(x), TOP + down * (1 - self.y.place(y))

    def line(self, points: Points, css: str) -> None:
        """A line through points; a single point is a dot."""
        if len(points) == 1:
            self.dots(points, css, 2.5)
        elif points:
            self._add(tag("path", {"d": self._path(points), "class": f"line {css}"}))

    def band(self, spans: Spans, css: str) -> None:
        """The area between (x, low, high)."""
        edge = [(x, low) for x, low, _ in spans] + [(x, high) for x, _, high in reversed(spans)]
        if len(spans) > 1:
            self._add(tag("path", {"d": self._path(edge) + "Z", "class": f"band {css}"}))

    def dots(self, points: Points, css: str, radius: float = 3.5) -> None:
        """A dot at each point."""
        for x, y in (self.at(*point) for point in points):
            self._add(tag("circle", {"cx": x, "cy": y, "r": radius, "class": f"dot {css}"}))

    def cloud(self, points: Points, css: str) -> None:
        """Many small dots in one element."""
        if points:
            path = "".join(f"M{_plain(x)} {_plain(y)}h0" for x, y in (self.at(*point) for point in points))
            self._add(tag("path", {"d": path, "class": f"cloud {css}"}))

    def whiskers(self, spans: Spans, css: str) -> None:
        """A vertical line from low to high at each x."""
        for x, low, high in spans:
            (left, bottom), (_, top) = self.at(x, low), self.at(x, high)
            self._add(tag("path", {"d": f"M{_plain(left)} {_plain(bottom)}V{_plain(top)}", "class": f"whisker {css}"}))

    def bars(self, bars: Iterable[tuple[float, float, float, float]], css: str) -> None:
        """Rectangles (x from, x to, y from, y to)."""
        for x0, x1, y0, y1 in bars:
            (left, bottom), (right, top) = self.at(x0, y0), self.at(x1, y1)
            size = {"width": max(right - left - 1, 0.5), "height": max(bottom - top, 0.0)}
            self._add(tag("rect", {"x": left + 0.5, "y": top, **size, "class": f"bar {css}"}))

    def level(self, y: float, css: str) -> None:
        """A horizontal line across."""
        self.line([(self.x.low, y), (self.x.high, y)], f"dashed {css}")

    def mark(self, x: float, words: str) -> None:
        """A vertical line with a word at its top."""
        (at, top), (_, bottom) = self.at(x, self.y.high), self.at(x, self.y.low)
        self._add(tag("path", {"d": f"M{_plain(at)} {_plain(top)}V{_plain(bottom)}", "class": "mark"}))
        self._add(text(at, top - 3, words, "mark-word"))

    def draw(self, title: str) -> Markup:
        """The SVG element, axes below the layers. title: what it shows, for those who do not see it."""
        return drawing(title, self.width, self.height, *self._grid(), *self._layers, *self._titles())

    def _add(self, element: str) -> None:
        self._layers.append(element)

    def _path(self, points: Points) -> str:
        return "M" + "L".join(f"{_plain(x)} {_plain(y)}" for x, y in (self.at(*point) for point in points))

    def _grid(self) -> list[str]:
        found = []
        for tick, words in self.y.ticks():
            x, y = self.at(self.x.low, tick)
            found.append(
                tag("path", {"d": f"M{_plain(x)} {_plain(y)}H{_plain(self.width - RIGHT)}", "class": "grid-line"})
            )
            found.append(text(x - 7, y + 3.5, words, anchor="end"))
        for tick, words in self.x.ticks():
            x, y = self.at(tick, self.y.low)
            found.append(tag("path", {"d": f"M{_plain(x)} {_plain(y)}v4", "class": "grid-line"}))
            found.append(text(x, y + 16, words))
        return found

    def _titles(self) -> list[str]:
        middle = TOP + (self.height - TOP - BOTTOM) / 2
        turned = {"transform": f"rotate(-90 13 {_plain(middle)})"}
        return [
            text(LEFT + (self.width - LEFT - RIGHT) / 2, self.height - 8, self.x.title, "axis"),
            text(13, middle, self.y.title, "axis", **turned),
        ]


def _plain(value: object) -> str:
    """A length with at most one decimal; anything else as text."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)
