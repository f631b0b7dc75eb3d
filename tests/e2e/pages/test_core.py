"""The pure parts of the page: deck, desk, outbox, tally, numbers, zoom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Modules

pytestmark = pytest.mark.browser


def task(image: int, **more: Any) -> dict[str, Any]:
    base = {"image_id": f"i{image}", "url": f"/images/i{image}", "filename": f"{image}.png", "lane": "query"}
    return {**base, "prediction": None, "why": None, "neighbours": [], **more}


def ids(tasks: list[dict[str, Any]]) -> list[str]:
    return [t["image_id"] for t in tasks]


# deck


def merge(modules: Modules, deck: list[Any], leased: list[Any], upcoming: list[Any], answered: list[str]) -> Any:
    script = """(m, deck, answer, answered) =>
      m.mergeLease({tasks: deck, upcoming: [], reason: "", queueVersion: 0}, answer, id => answered.includes(id))"""
    return modules.run("core/deck.js", script, deck, {"tasks": leased, "upcoming": upcoming}, answered)


def test_a_new_order_leaves_the_shown_image_and_its_suggestion(modules: Modules) -> None:
    painted = task(1, prediction={"label": "a", "confidence": 0.7, "top": []})
    newer = task(1, prediction={"label": "b", "confidence": 0.9, "top": []})
    deck = merge(modules, [painted, task(2), task(3)], [task(3), newer, task(2)], [task(9)], [])
    assert ids(deck["tasks"]) == ["i1", "i2", "i3"]
    assert deck["tasks"][0]["prediction"]["label"] == "a"
    assert ids(deck["upcoming"]) == ["i9"]


def test_a_lost_lease_takes_the_image_away_but_never_the_shown_one(modules: Modules) -> None:
    deck = merge(modules, [task(1), task(2), task(3)], [task(4), task(5)], [], [])
    assert ids(deck["tasks"]) == ["i1", "i4", "i5"]


def test_an_answer_that_has_not_arrived_yet_does_not_bring_its_image_back(modules: Modules) -> None:
    deck = merge(modules, [task(2)], [task(1), task(2), task(3)], [task(1), task(4)], ["i1"])
    assert (ids(deck["tasks"]), ids(deck["upcoming"])) == (["i2", "i3"], ["i4"])


def test_images_brought_back_stay_until_they_are_answered(modules: Modules) -> None:
    deck = merge(modules, [task(8), task(7, returned=True), task(1)], [task(1)], [], [])
    assert ids(deck["tasks"]) == ["i8", "i7", "i1"]


def test_without_the_labeler_a_ready_hint_is_shown_without_the_models_view(modules: Modules) -> None:
    script = "(m, deck, ready) => m.promoteHint(deck, id => ready.includes(id))"
    deck = {"tasks": [], "upcoming": [task(1), task(2)], "reason": "", "queueVersion": 0}
    promoted = modules.run("core/deck.js", script, deck, ["i2"])
    assert (ids(promoted["tasks"]), ids(promoted["upcoming"])) == (["i2"], ["i1"])
    assert promoted["tasks"][0]["prediction"] is None
    assert modules.call("core/deck.js", "mayShowModel", promoted["tasks"][0]) is False
    assert modules.run("core/deck.js", script, {**deck, "tasks": [task(5)]}, ["i2"])["tasks"] == [task(5)]


@pytest.mark.parametrize(("lane", "allowed"), [("query", True), ("random", True), ("test", False), ("audit", False)])
def test_the_models_view_is_hidden_where_it_would_bias(modules: Modules, lane: str, allowed: bool) -> None:
    assert modules.call("core/deck.js", "mayShowModel", task(1, lane=lane)) is allowed


# desk


@dataclass
class Model:
    """What a person expects: a pile of images, a list of own answers, and a place to look at."""

    pile: list[str]
    answers: list[tuple[str, int]] = field(default_factory=list)
    look: str | None = None

    def trail(self) -> list[str]:
        return list(dict.fromkeys(image for image, _ in self.answers))

    def visible(self) -> str | None:
        return self.look or (self.pile[0] if self.pile else None)

    def label(self, number: int) -> None:
        if (image := self.visible()) is None:
            return
        self.answers.append((image, number))
        if self.look is None:
            self.pile.pop(0)
        else:
            self.move(1)

    def undo(self) -> None:
        if not self.answers:
            return
        image, _ = self.answers.pop()
        if any(i == image for i, _ in self.answers):
            self.look = image
        else:
            self.look, self.pile = None, [image, *self.pile]

    def move(self, by: int) -> None:
        trail = self.trail()
        at = max(0, (trail.index(self.look) if self.look else len(trail)) + by)
        self.look = trail[at] if at < len(trail) else None


REPLAY = """(m, tasks, steps) => {
  let desk = {...m.emptyDesk(), deck: {tasks, upcoming: [], reason: "", queueVersion: 0}};
  const seen = [];
  steps.forEach((step, i) => {
    if (step === "label") desk = m.answer(desk, {annotation_id: `a${i}`, kind: "label", label: `l${i}`})?.desk ?? desk;
    if (step === "undo") desk = m.undo(desk)?.desk ?? desk;
    if (step === "back") desk = m.step(desk, -1);
    if (step === "forward") desk = m.step(desk, 1);
    seen.push(m.visible(desk)?.image_id ?? null);
  });
  return {seen, answers: desk.history.map(e => [e.image_id, Number(e.label.slice(1))])};
}"""


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.sampled_from(["label", "label", "undo", "back", "forward"]), max_size=25))
def test_desk_does_what_a_person_expects(modules: Modules, steps: list[str]) -> None:
    model, seen = Model([f"i{n}" for n in range(6)]), []
    for i, step in enumerate(steps):
        if step == "label":
            model.label(i)
        elif step == "undo":
            model.undo()
        else:
            model.move(-1 if step == "back" else 1)
        seen.append(model.visible())
    found = modules.run("core/desk.js", REPLAY, [task(n) for n in range(6)], steps)
    assert found == {"seen": seen, "answers": [list(answer) for answer in model.answers]}


def test_a_suggestion_comes_back_with_the_undone_image(modules: Modules) -> None:
    suggested = task(1, prediction={"label": "a", "confidence": 0.7, "top": []})
    script = """(m, deck) => {
      const {desk} = m.answer({...m.emptyDesk(), deck}, {annotation_id: "x", kind: "label", label: "b"});
      return m.undo(desk).desk.deck.tasks[0];
    }"""
    deck = {"tasks": [suggested], "upcoming": [], "reason": "", "queueVersion": 0}
    assert modules.run("core/desk.js", script, deck) == {**suggested, "returned": True}


def entry(annotation: str, image: int, label: str = "a") -> dict[str, Any]:
    return {**task(image), "annotation_id": annotation, "kind": "label", "label": label}


def row(annotation: str, op: str = "label", order: int = 0, **more: Any) -> dict[str, Any]:
    own = entry(annotation, 1) if op == "label" else None
    base = {"id": f"{annotation}:{op}", "order": order, "op": op, "annotation_id": annotation}
    return {**base, "body": None, "entry": own, **more}


def test_history_is_what_was_acknowledged_and_what_still_waits(modules: Modules) -> None:
    rows = [row("new"), row("known"), row("gone", "undo"), row("refused", refused="no such class")]
    acknowledged = [entry("known", 3), entry("gone", 2), entry("old", 1)]
    merged = modules.call("core/desk.js", "mergeHistory", acknowledged, rows)
    assert [e["annotation_id"] for e in merged] == ["old", "known", "new"]


# outbox

FATES = [
    ("label", 201, "done"),
    ("label", 200, "done"),
    ("undo", 200, "done"),
    ("undo", 404, "done"),
    ("label", 404, "aside"),
    ("label", 400, "aside"),
    ("label", 409, "aside"),
    ("label", 422, "aside"),
    ("label", 507, "full"),
    ("undo", 507, "full"),
    ("label", 401, "refused"),
    ("label", 403, "refused"),
    *[("label", status, "retry") for status in (0, 408, 429, 500, 502, 503)],
]


@pytest.mark.parametrize(("op", "status", "fate"), FATES)
def test_fate_of_a_row(modules: Modules, op: str, status: int, fate: str) -> None:
    assert modules.call("core/outbox.js", "fateOf", op, status) == fate


def test_an_undo_follows_its_label_even_when_the_clock_jumps_back(modules: Modules) -> None:
    rows: list[dict[str, Any]] = []
    for annotation, op, now in [("a", "label", 5000), ("a", "undo", 10), ("b", "label", 20)]:
        rows.append(row(annotation, op, modules.call("core/outbox.js", "nextOrder", rows, now)))
    sent = modules.call("core/outbox.js", "inOrder", rows[::-1])
    assert [r["id"] for r in sent] == ["a:label", "a:undo", "b:label"]


def test_a_refused_row_holds_up_nobody(modules: Modules) -> None:
    rows = [row("a", refused="no such class"), row("b")]
    assert modules.call("core/outbox.js", "head", rows)["annotation_id"] == "b"
    assert modules.call("core/outbox.js", "head", rows[:1]) is None
    assert modules.call("core/outbox.js", "tallyRows", rows)["waiting"] == 1


def test_waits_grow_to_a_ceiling(modules: Modules) -> None:
    waits = modules.run("core/outbox.js", "m => Array.from({length: 40}, (_, i) => m.waitBefore(i + 1))")
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (500, 15_000)


# counts


def test_counts_hold_own_answers_until_the_labelers_counts_do(modules: Modules) -> None:
    script = """(m, state, before, after) => {
      const effects = new Map([["r", {...m.effectOf(before, after), seq: 7}]]);
      const at = lastSeq => { const {labelled, perClass} = m.countsWith(state, m.outstanding(effects, lastSeq));
                              return [labelled, Object.fromEntries(perClass)]; };
      return [at(6), at(7)];
    }"""
    state = {"counts": {"labelled": 10}, "classes": [{"name": "a", "count": 4}, {"name": "b", "count": 6}]}
    corrected = modules.run("core/tally.js", script, state, entry("x", 1, "a"), entry("y", 1, "b"))
    assert corrected == [[10, {"a": 3, "b": 7}], [10, {"a": 4, "b": 6}]]
    first = modules.run("core/tally.js", script, state, None, entry("y", 1, "b"))
    assert first == [[11, {"a": 4, "b": 7}], [10, {"a": 4, "b": 6}]]


@pytest.mark.parametrize(
    ("seconds", "rate"),
    [([0, 1, 2], None), ([0, 2, 4, 6], 30), ([0, 1, 2, 3, 600, 601], 60), ([], None)],
)
def test_labels_per_minute_leave_out_pauses(modules: Modules, seconds: list[int], rate: float | None) -> None:
    assert modules.call("core/tally.js", "labelsPerMinute", [1000 * s for s in seconds]) == rate


# numbers

NUMBERS = [
    ("count", [1800], "1,800"),
    ("counted", [1, "label"], "1 label"),
    ("counted", [2, "new class", "new classes"], "2 new classes"),
    ("percent", [0.9423], "94.2 %"),
    ("percent", [1], "100.0 %"),
    ("interval", ["accuracy", {"value": 0.94, "low": 0.886, "high": 0.971, "n": 104}], "88.6 – 97.1 %"),
    ("interval", ["loss", {"value": 0.3, "low": 0.25, "high": 0.4, "n": 104}], "0.250 – 0.400"),
    ("interval", ["ece", {"value": 0.04, "low": None, "high": None, "n": 104}], ""),
    ("metricName", ["precision/a/b"], "Precision of a/b"),
    ("metricValue", ["recall/x", 0.5], "50.0 %"),
    ("metricValue", ["loss", 0.12345], "0.123"),
    ("age", [0.31], "0.3 s"),
    ("age", [9.96], "10 s"),
    ("age", [59.6], "1 min"),
    ("age", [7200], "2 h"),
    ("age", [-1], "0.0 s"),
    ("size", [9_412_331], "9.4 MB"),
    ("size", [12], "12 bytes"),
    ("fileName", ["a\u202egpj.exe\n.jpg"], "a\\u202egpj.exe\\u000a.jpg"),
    ("sentence", ["stopped by hand"], "Stopped by hand."),
]


@pytest.mark.parametrize(("function", "arguments", "text"), NUMBERS)
def test_numbers_for_people(modules: Modules, function: str, arguments: list[Any], text: str) -> None:
    found = modules.call("core/format.js", function, *arguments)
    assert found.replace("\u00a0", " ") == text


# zoom


@settings(max_examples=60, deadline=None)
@given(
    steps=st.floats(-10, 14),
    at=st.tuples(st.floats(-300, 300), st.floats(-300, 300)),
    scale=st.floats(1.01, 12),
)
def test_the_point_under_the_pointer_stays(
    modules: Modules, steps: float, at: tuple[float, float], scale: float
) -> None:
    view = {"scale": scale, "x": 17.0, "y": -31.0}
    zoomed = modules.call("core/zoom.js", "zoomed", view, steps, {"x": at[0], "y": at[1]})
    assert 1 <= zoomed["scale"] <= 16
    if zoomed["scale"] > 1:
        for axis, point in zip("xy", at, strict=True):
            before = (point - view[axis]) / view["scale"]
            assert (point - zoomed[axis]) / zoomed["scale"] == pytest.approx(before, abs=1e-6)


@given(width=st.integers(1, 5000), height=st.integers(1, 5000))
@settings(max_examples=60, deadline=None)
def test_an_image_is_as_large_as_it_fits(modules: Modules, width: int, height: int) -> None:
    size = modules.call("core/zoom.js", "fitted", {"width": width, "height": height}, {"width": 760, "height": 560})
    assert size["width"] <= 760 and size["height"] <= 560
    assert size["width"] >= 759 or size["height"] >= 559
