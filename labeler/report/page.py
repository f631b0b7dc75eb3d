"""The report's page: what the template shows, made from the material. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from labeler.report import words
from labeler.report.curves import Mark, Run, curve, labels_of, pace
from labeler.report.figures import (
    Figure,
    amounts,
    class_curves,
    colour_of,
    confusion,
    place_map,
    reliability,
    uncertainty,
)
from labeler.report.material import Material, Row

MOST_VERSIONS: Final = 24
MOST_CONFUSIONS: Final = 12
HEADLINES: Final = ("accuracy", "f1_macro", "loss", "ece")
LOSSES: Final = {"train_loss": "k-1", "loss": "k-accent"}
CURVES: Final[tuple[tuple[dict[str, str], bool], ...]] = (
    ({"accuracy": "k-accent"}, False),
    ({"accuracy": "k-accent"}, True),
    ({"f1_macro": "k-accent"}, False),
    ({"f1_macro": "k-accent"}, True),
    (LOSSES, False),
    (LOSSES, True),
    ({"ece": "k-accent"}, False),
)
"""Metrics with their colours, and whether they are drawn against time."""


def page(material: Material) -> dict[str, Any]:
    """The template's values: text, figures and tables."""
    present, state = material.present, material.state
    matrix = _matrix(present) if present else []
    names = [each["class"] for each in present["per_class"]] if present else []
    return {
        "words": words,
        "material": material,
        "state": state,
        "span": _span(material),
        "tiles": _tiles(material),
        "is_newest": present is not None and present["version"] >= _newest(material),
        "goals": [words.sentence(line["sentence"]) for line in state["outlook"]],
        "forecast": [_forecast(each) for each in material.forecast],
        "curves": _curves(material),
        "model_figures": _model_figures(material, matrix, names),
        "classes": _classes(material),
        "confusions": _confusions(matrix, names),
        "label_figures": _label_figures(material),
        "map": place_map(material.cloud, [each["name"] for each in state["classes"]]) if material.cloud else None,
        "maps_shown": any(picture.looked for album in material.albums for picture in album.pictures),
        "changes": _changes(material),
        "changed_settings": [each for each in material.settings if each.value != each.default],
        "other_settings": [each for each in material.settings if each.value == each.default],
        "versions": list(material.versions)[::-1][:MOST_VERSIONS],
        "hidden_versions": max(len(material.versions) - MOST_VERSIONS, 0),
    }


def _newest(material: Material) -> int:
    """The version that was evaluated last; only some are kept."""
    return int(material.history[-1]["model_version"]) if material.history else 0


def marks(changes: Sequence[Row], history: Sequence[Row]) -> list[Mark]:
    """One mark per revision, numbered as in the table, at the labels of the evaluation before it."""
    found: dict[int, Mark] = {}
    for row in changes:
        before = [labels_of(each) for each in history if each["time"] <= row["time"]]
        found.setdefault(row["revision"], Mark(row["revision"], before[-1] if before else 0, row["time"]))
    return list(found.values())


def _span(material: Material) -> str:
    if material.began is None or material.ended is None:
        return "nothing was labelled yet"
    length = words.duration(material.ended - material.began)
    return f"labels from {words.moment(material.began)} to {words.moment(material.ended)}, {length}"


def _tiles(material: Material) -> list[tuple[str, str, str]]:
    """(name, figure, note) of what is said first."""
    counts, metrics = material.state["counts"], material.state["metrics"]
    tiles = [
        ("Images", words.count(counts["images"]), f"{words.count(counts['remaining'])} not labelled yet"),
        (
            "Labels",
            words.count(counts["labelled"]),
            f"{words.count(counts['train'])} to train on, {words.count(counts['test'])} to measure by",
        ),
    ]
    for name in HEADLINES:
        if name in metrics:
            value = metrics[name]
            tiles.append(
                (words.metric_name(name), words.metric_value(name, value["value"]), words.interval(name, value))
            )
    return tiles


def _forecast(said: Row) -> str:
    goal = f"{words.metric_name(said['metric'])} {words.metric_value(said['metric'], said['goal'])}"
    if said["needed"] is None:
        return f"{goal}: {said['reason']}."
    if not said["needed"]:
        return f"{goal}: reached; what may be left is the proof."
    high = "no upper bound" if said["high"] is None else words.count(said["high"])
    needed = words.counted(said["needed"], "more training label")
    return f"{goal}: about {needed} (95 % interval {words.count(said['low'] or 0)} to {high})."


def _curves(material: Material) -> list[Figure]:
    run = Run(material.history, material.state["thresholds"], marks(material.changes, material.history))
    drawn = [curve(run, metrics, by_time) for metrics, by_time in CURVES]
    goals = [name for name in run.thresholds if name not in HEADLINES]
    drawn += [curve(run, {name: "k-accent"}, False) for name in goals]
    drawn.append(pace(material.pace["starts"], material.pace["per_minute"], material.pace["interval_s"]))
    return [figure for figure in drawn if figure]


def _model_figures(material: Material, matrix: Sequence[Sequence[int]], names: Sequence[str]) -> list[Figure]:
    present = material.present
    if present is None:
        return []
    doubt = present["uncertainty"]
    drawn = [
        confusion(matrix, names),
        reliability(present["reliability"]),
        uncertainty(doubt["right"], doubt["wrong"], doubt["separation"]),
        class_curves("precision_recall", material.curves, names),
        class_curves("roc", material.curves, names),
    ]
    return [figure for figure in drawn if figure]


def _matrix(present: Row) -> list[list[int]]:
    size = len(present["per_class"])
    matrix = [[0] * size for _ in range(size)]
    for label, prediction, amount in present["confusion"]:
        matrix[label][prediction] = amount
    return matrix


def _confusions(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> list[tuple[str, str, int, float]]:
    """The most frequent mistakes: label, prediction, how many, and their share of the label's test images."""
    found = [
        (names[i], names[j], amount, amount / sum(row))
        for i, row in enumerate(matrix)
        for j, amount in enumerate(row)
        if amount and i != j
    ]
    return sorted(found, key=lambda each: -each[2])[:MOST_CONFUSIONS]


def _classes(material: Material) -> list[dict[str, Any]]:
    """One row per class: its labels, and its scores where there is a version."""
    scores = {each["class"]: each for each in material.present["per_class"]} if material.present else {}
    nothing: Mapping[str, Any] = {"images": 0, "precision": None, "recall": None, "f1": None, "auc": None}
    return [
        {
            **scores.get(each["name"], nothing),
            "name": each["name"],
            "labels": each["count"],
            "colour": colour_of(each["id"]),
        }
        for each in material.state["classes"]
    ]


def _label_figures(material: Material) -> list[Figure]:
    classes = [(each["name"], each["count"], colour_of(each["id"])) for each in material.state["classes"]]
    people = [(_person(each["annotator"]), each["labels"], "k-accent") for each in material.people]
    drawn = [
        amounts("Labels per class", "Labels, training and test", classes),
        amounts("Labels per annotator", "Labels that were not taken back", people),
    ]
    return [figure for figure in drawn if figure]


def _person(annotator: str) -> str:
    return "from a file" if annotator == "import" else annotator or "unnamed"


def _changes(material: Material) -> list[dict[str, Any]]:
    return [
        {
            "number": row["revision"],
            "time": words.moment(row["time"]),
            "labels": row["labels"],
            "person": row["person"],
            "key": row["key"],
            "old": words.setting(row["old"]),
            "new": words.setting(row["new"]),
        }
        for row in material.changes
    ]
