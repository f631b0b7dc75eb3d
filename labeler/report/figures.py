"""The report's charts of one model version and of the labels, each with its legend. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, NamedTuple

from labeler.report.svg import WIDTH, Axis, Markup, Plot, axis_over, drawing, tag, text
from labeler.report.words import count, percent, short

MOST_BARS: Final = 24
NAMED_CLASSES: Final = 30
COUNTED_CLASSES: Final = 15
COLOURS: Final = 10
ROW: Final = 22  # height of a bar with its name
NAME_WIDTH: Final = 150
WIDEST_CELL: Final = 76.0
NARROW_CELL: Final = 24.0  # names of columns stand upright above it
ROOM: Final = 44.0  # on the right, for the last name that leans over
MAP_SIZE: Final = (760.0, 640.0)


CURVES: Final = {
    "precision_recall": ("Precision against recall", "Recall, %", "Precision, %", "average precision"),
    "roc": ("ROC", "False positive rate, %", "True positive rate, %", "area"),
}
"""Title, titles of the axes, and what the area is called, by kind."""


class Key(NamedTuple):
    """One entry of a legend: the shape of its sign and its colour, classes of the style sheet, and its words."""

    shape: str
    colour: str
    words: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its heading, its legend and a sentence below it."""

    title: str
    svg: Markup
    legend: Sequence[Key] = ()
    note: str = ""


class Cloud(NamedTuple):
    """Points of the map: places, one class number or -1 each, and how many there are in all."""

    x: Sequence[float]
    y: Sequence[float]
    classes: Sequence[int]
    total: int
    projection: str


def colour_of(number: int) -> str:
    """The style sheet's class for the colour of a class; the colours repeat after ten."""
    return f"k-{number % COLOURS}"


def confusion(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> Figure | None:
    """Rows are the labels, columns the predictions; the shade is the share of the row. None without a test image."""
    if not any(map(sum, matrix)):
        return None
    size, named = len(names), len(names) <= NAMED_CLASSES
    longest = max(map(len, names))
    left, top = (36.0 + 6.2 * min(longest, 20), 26.0 + 6.5 * min(longest, 16)) if named else (40.0, 34.0)
    cell = min((WIDTH - left - ROOM) / size, WIDEST_CELL)
    ground = {"x": left, "y": top, "width": size * cell - 1, "height": size * cell - 1, "class": "cell-ground"}
    parts = [tag("rect", ground)]
    for i, row in enumerate(matrix):
        parts += [_cell(row, names, (i, j), (left + j * cell, top + i * cell, cell)) for j in range(size) if row[j]]
    parts += _names(names, left, top, cell) if named else []
    middle, height = top + size * cell / 2, top + size * cell + 8
    parts.append(text(13, middle, "Label", "axis", transform=f"rotate(-90 13 {middle:.1f})"))
    parts.append(text(left + size * cell / 2, 12, "Prediction", "axis"))
    title = "Labels against predictions on the test images"
    legend = [
        Key("cell-0", "k-accent", "0 %"),
        Key("cell-1", "k-accent", "50 %"),
        Key("cell-2", "k-accent", "100 % of the images with that label"),
    ]
    note = "" if size <= COUNTED_CLASSES else "A cell that is pointed at says its classes and its count."
    note += "" if named else " Classes in the order of their table."
    return Figure("Confusion matrix", drawing(title, WIDTH, height, *parts), legend, note)


def class_curves(kind: str, curves: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Figure | None:
    """`roc` or `precision_recall` of each class, as `GET /api/analysis/curves` has them; None for many classes.

    A class without a test image has no curve.
    """
    drawn = [(names.index(each["class"]), each[kind]) for each in curves if each[kind]]
    if not drawn or len(names) > COLOURS:
        return None
    title, across, up, area = CURVES[kind]
    plot = Plot(_unit(across), _unit(up))
    for number, points in drawn:
        plot.line(list(zip(points["x"], points["y"], strict=True)), colour_of(number))
    legend = [
        Key("line", colour_of(number), f"{names[number]}, {area} {points['area']:.3f}") for number, points in drawn
    ]
    return Figure(title, plot.draw(title), legend)


def reliability(bins: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Confidence against the share that is right, with intervals; None without bins."""
    if not bins:
        return None
    plot = Plot(_unit("Confidence of the prediction, %"), _unit("Share that is right, %"))
    plot.line([(0.0, 0.0), (1.0, 1.0)], "dashed k-muted")
    plot.whiskers([(b["confidence"], b["share_low"], b["share_high"]) for b in bins], "k-accent")
    plot.dots([(b["confidence"], b["share"]) for b in bins], "k-accent", 4.5)
    legend = [
        Key("dot", "k-accent", "a tenth of the scale, with its 95 % interval"),
        Key("dashed", "k-muted", "perfectly calibrated"),
    ]
    return Figure("Calibration", plot.draw("Confidence against the share that is right"), legend)


def uncertainty(right: Sequence[int], wrong: Sequence[int], separation: float | None) -> Figure | None:
    """How uncertain right and wrong predictions are, one upon the other; None where there is none."""
    if not any(right) and not any(wrong):
        return None
    n = len(right)
    both = [a + b for a, b in zip(right, wrong, strict=True)]
    plot = Plot(_unit("Uncertainty (1 − confidence), %"), axis_over("Test images", both, whole=True, zero=True))
    edges = [(i / n, (i + 1) / n) for i in range(n)]
    plot.bars(((*edges[i], 0, right[i]) for i in range(n) if right[i]), "k-good")
    plot.bars(((*edges[i], right[i], both[i]) for i in range(n) if wrong[i]), "k-bad")
    legend = [Key("bar", "k-good", "right"), Key("bar", "k-bad", "wrong")]
    note = (
        ""
        if separation is None
        else f"In {percent(separation)} of pairs the wrong prediction is the less certain one (50 % would be chance)."
    )
    return Figure("Uncertainty, right and wrong", plot.draw("Uncertainty of right and wrong predictions"), legend, note)


def amounts(title: str, unit: str, rows: Sequence[tuple[str, int, str]]) -> Figure | None:
    """Bars from the left with their names, most first. rows: (name, amount, colour). None where there is nothing."""
    ranked = sorted((row for row in rows if row[1]), key=lambda row: -row[1])
    if not ranked:
        return None
    most, right = ranked[0][1], WIDTH - 70
    parts = []
    for i, (name, amount, colour) in enumerate(ranked[:MOST_BARS]):
        y, width = 6 + i * ROW, max((right - NAME_WIDTH) * amount / most, 1.0)
        parts.append(text(NAME_WIDTH - 8, y + 13, short(name, 22), "name", "end"))
        parts.append(
            tag("rect", {"x": NAME_WIDTH, "y": y, "width": width, "height": ROW - 6, "class": f"bar {colour}"})
        )
        parts.append(text(NAME_WIDTH + width + 6, y + 13, count(amount), "name", "start"))
    height = 6 + min(len(ranked), MOST_BARS) * ROW
    parts.append(text(NAME_WIDTH + (right - NAME_WIDTH) / 2, height + 14, unit, "axis"))
    hidden = len(ranked) - MOST_BARS
    note = f"{count(hidden)} more are in the table of classes." if hidden > 0 else ""
    return Figure(title, drawing(title, WIDTH, height + 22, *parts), (), note)


def place_map(cloud: Cloud, names: Sequence[str]) -> Figure | None:
    """The embeddings in two dimensions, coloured by label; None where there is no map."""
    if not len(cloud.x):
        return None
    width, height = MAP_SIZE
    plot = Plot(
        Axis(f"{cloud.projection}, first axis (no unit)", *_around(cloud.x, cloud.y, width / height), about=0),
        Axis("Second axis (no unit)", *_around(cloud.y, cloud.x, height / width), about=0),
        *MAP_SIZE,
    )
    groups = [-1, *range(len(names))]
    for number in groups:
        spots = [(x, y) for x, y, k in zip(cloud.x, cloud.y, cloud.classes, strict=True) if k == number]
        plot.cloud(spots, "k-muted faint" if number < 0 else colour_of(number))
    known = sorted(set(cloud.classes))
    shown = [k for k in known if k >= 0][:MOST_BARS]
    legend = [Key("dot", colour_of(k), names[k]) for k in shown]
    legend += [Key("dot", "k-muted", "without a label")] if -1 in known else []
    drawn = len(cloud.x)
    note = f"{count(drawn)} of {count(cloud.total)} images, drawn at random." if drawn < cloud.total else ""
    note += " Colours repeat after ten classes." if len(names) > COLOURS else ""
    return Figure(
        "Map of the images", plot.draw("Embeddings in two dimensions, coloured by label"), legend, note.strip()
    )


def _around(values: Sequence[float], others: Sequence[float], ratio: float) -> tuple[float, float]:
    """Where an axis begins and ends that is `ratio` times as long as the other, so that both have one scale."""
    low, high = min(values), max(values)
    span = max(high - low, (max(others) - min(others)) * ratio, 1e-9) * 1.04
    return (low + high - span) / 2, (low + high + span) / 2


def _unit(title: str) -> Axis:
    return Axis(title, 0.0, 1.0, share=True)


def _cell(row: Sequence[int], names: Sequence[str], at: tuple[int, int], box: tuple[float, float, float]) -> str:
    (i, j), (x, y, side), whole = at, box, sum(row)
    share = row[j] / whole
    words = f"{names[i]} taken for {names[j]}: {count(row[j])} of {count(whole)}"
    square = {"x": x, "y": y, "width": side - 1, "height": side - 1, "class": "cell k-accent"}
    parts = [tag("title", {}, escape(words)), tag("rect", {**square, "fill_opacity": f"{0.12 + 0.88 * share:.2f}"})]
    if len(names) <= COUNTED_CLASSES:
        parts.append(text(x + side / 2, y + side / 2 + 4, count(row[j]), "amount strong" if share > 0.45 else "amount"))
    return tag("g", {}, *parts)


def _names(names: Sequence[str], margin: float, top: float, cell: float) -> list[str]:
    size = min(11.0, cell * 0.9)
    rows = [
        text(margin - 6, top + (i + 0.5) * cell + size / 3, short(name, 20), "name", "end", font_size=size)
        for i, name in enumerate(names)
    ]
    columns = []
    for j, name in enumerate(names):
        x, y = margin + (j + 0.5) * cell + size / 3, top - 6
        turned = f"rotate({-90 if cell < NARROW_CELL else -60} {x:.1f} {y:.1f})"
        columns.append(text(x, y, short(name, 16), "name", "start", font_size=size, transform=turned))
    return rows + columns
