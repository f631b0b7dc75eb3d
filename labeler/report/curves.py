"""Metrics against labels and against time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from labeler.report.figures import Figure, Key
from labeler.report.svg import Axis, Plot, Points, Spans, axis_over
from labeler.report.words import is_share, metric_name, metric_value, unit_for

MOST_POINTS: Final = 300

Row = Mapping[str, Any]


class Mark(NamedTuple):
    """A change of the settings: its number in the table, after how many labels, and when."""

    number: int
    labels: int
    time: float


class Along(NamedTuple):
    """The horizontal axis: labels, or time in a unit of so many seconds since the start."""

    axis: Axis
    start: float = 0.0
    unit: float = 0.0

    def place(self, labels: float, time: float) -> float:
        """Where something lies on it."""
        return (time - self.start) / self.unit if self.unit else labels

    def of(self, row: Row) -> float:
        """Where an evaluation lies on it."""
        return self.place(labels_of(row), row["time"])


class Run(NamedTuple):
    """What is drawn: evaluations, oldest first, goals by metric (`at_least` or `at_most`), and changes of settings."""

    history: Sequence[Row]
    thresholds: Mapping[str, Mapping[str, float]]
    marks: Sequence[Mark]


def labels_of(row: Row) -> int:
    """How many labels there were at an evaluation, to train on and to measure by: all cost the same."""
    return int(row["labels"] + row["test_labels"])


def curve(run: Run, metrics: Mapping[str, str], by_time: bool) -> Figure | None:
    """Metrics (name → colour) with their intervals and goals; None where none of them was measured."""
    rows = _chosen([row for row in run.history if any(_value(row, name) for name in metrics)], by_time)
    if not rows:
        return None
    along = _along(rows, by_time)
    measured = [name for name in metrics if any(_value(row, name) for row in rows)]
    lines = {name: _points(rows, name, along) for name in measured}
    bands = {name: _spans(rows, name, along) for name in measured}
    goals = {name: goal for name in measured for goal in run.thresholds.get(name, {}).values()}
    plot = Plot(along.axis, _upward(lines, bands, goals))
    for name in measured:
        plot.band(bands[name], metrics[name])
    for name in measured:
        plot.line(lines[name], metrics[name])
    for goal in goals.values():
        plot.level(goal, "k-stop")
    shown = [mark for mark in run.marks if along.axis.low <= along.place(mark.labels, mark.time) <= along.axis.high]
    for mark in shown:
        plot.mark(along.place(mark.labels, mark.time), str(mark.number))
    title = f"{' and '.join(map(metric_name, measured))} against {'time' if by_time else 'labels'}"
    return Figure(title, plot.draw(title), _keys(metrics, bands, goals, bool(shown)))


def pace(starts: Sequence[float], rates: Sequence[float], interval_s: float) -> Figure | None:
    """Labels that people gave per minute. starts: seconds since the epoch at which intervals of equal length begin."""
    if not starts:
        return None
    length, unit = unit_for(starts[-1] + interval_s - starts[0])
    places = [(start - starts[0]) / length for start in starts]
    across = Axis(f"Time since the first label, {unit}", 0.0, (starts[-1] + interval_s - starts[0]) / length)
    plot = Plot(across, axis_over("Labels per minute", rates, zero=True))
    bars = zip(places, rates, strict=True)
    plot.bars(((x, x + interval_s / length, 0.0, rate) for x, rate in bars if rate), "k-accent")
    return Figure("Labels per minute", plot.draw("Labels per minute"), [Key("bar", "k-accent", "given one by one")])


def _chosen(rows: Sequence[Row], by_time: bool) -> list[Row]:
    """Of several evaluations at one number of labels the newest; at most MOST_POINTS, the last among them."""
    if not by_time:
        newest = {labels_of(row): row for row in rows}
        rows = [newest[labels] for labels in sorted(newest)]
    stride = -(-len(rows) // MOST_POINTS) or 1
    return list(rows[::-1][::stride][::-1])


def _along(rows: Sequence[Row], by_time: bool) -> Along:
    if not by_time:
        return Along(Axis("Labels, training and test", 0.0, float(max(labels_of(rows[-1]), 1)), whole=True))
    start, end = rows[0]["time"], rows[-1]["time"]
    length, unit = unit_for(end - start)
    return Along(Axis(f"Time since the first evaluation, {unit}", 0.0, max((end - start) / length, 1.0)), start, length)


def _upward(lines: Mapping[str, Points], bands: Mapping[str, Spans], goals: Mapping[str, float]) -> Axis:
    """Shares: over the intervals too. Of a loss the first intervals would hide all that follows."""
    values = [y for points in lines.values() for _, y in points] + list(goals.values())
    if all(map(is_share, lines)):
        values += [y for spans in bands.values() for _, low, high in spans for y in (low, high)]
        title = metric_name(next(iter(lines))) if len(lines) == 1 else "Share of the test images"
        return axis_over(f"{title}, %", values, share=True)
    return axis_over("Loss, nats", values, zero=True)


def _value(row: Row, name: str) -> Mapping[str, Any] | None:
    """A metric of an evaluation: `{"value", "low", "high"}`."""
    if name == "train_loss":
        return None if row["train_loss"] is None else {"value": row["train_loss"], "low": None, "high": None}
    found: Mapping[str, Any] | None = row["metrics"].get(name)
    return found


def _points(rows: Sequence[Row], name: str, along: Along) -> Points:
    found = ((row, _value(row, name)) for row in rows)
    return [(along.of(row), value["value"]) for row, value in found if value]


def _spans(rows: Sequence[Row], name: str, along: Along) -> Spans:
    found = ((row, _value(row, name)) for row in rows)
    return [
        (along.of(row), value["low"], value["high"])
        for row, value in found
        if value and value["low"] is not None and value["high"] is not None
    ]


def _keys(
    metrics: Mapping[str, str], bands: Mapping[str, Spans], goals: Mapping[str, float], marked: bool
) -> list[Key]:
    found = [Key("line", metrics[name], metric_name(name)) for name in bands]
    found += [Key("band", metrics[name], "95 % interval") for name, spans in bands.items() if spans]
    found += [Key("dashed", "k-stop", f"goal, {metric_value(name, goal)}") for name, goal in goals.items()]
    return found + ([Key("mark", "k-muted", "settings changed, see the table")] if marked else [])
