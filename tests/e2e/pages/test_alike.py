"""The pure parts of what the trainer offers beyond an order: look-alikes, advice, the slow loop."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Modules
from .test_core import entry, row, task

pytestmark = pytest.mark.browser


def hint(image: int) -> dict[str, str]:
    return {"image_id": f"i{image}", "url": f"/images/i{image}", "filename": f"{image}.png"}


# answers the first of `tasks`, takes the offer without `without`, and undoes twice
STORY = """async (alike, tasks, without) => {
  const desk = await import("/static/js/core/desk.js");
  const start = {...desk.emptyDesk(), deck: {tasks, upcoming: [], reason: "", queueVersion: 0}};
  const answered = desk.answer(start, {annotation_id: "x", kind: "label", label: "cat"}).desk;
  const offer = alike.offerOf(answered);
  if (!offer) return null;
  const taken = alike.takeOffer(answered, offer, "bulk", new Set(without));
  const back = desk.undo(taken.desk);
  return {
    offered: offer.images.map(i => i.image_id), more: offer.more,
    entries: taken.entries.map(e => [e.annotation_id, e.image_id, e.label, e.bulk]),
    deck: taken.desk.deck.tasks.map(t => t.image_id), again: alike.offerOf(taken.desk),
    undone: back.all.length, left: back.desk.history.map(e => e.annotation_id),
    offeredAgain: alike.offerOf(back.desk)?.images.length,
    first: desk.undo(back.desk).desk.deck.tasks[0].image_id,
  };
}"""


def story(modules: Modules, first: dict[str, Any], without: list[str]) -> Any:
    return modules.run("core/alike.js", STORY, [first, task(2), task(3), task(4)], without)


def test_the_offer_is_taken_without_what_was_left_out_and_undone_as_one(modules: Modules) -> None:
    first = task(1, look_alikes=[hint(n) for n in (2, 3, 7, 8, 9)], look_alike_count=6)
    told = story(modules, first, ["i8"])
    assert (told["offered"], told["more"]) == (["i3", "i7", "i8", "i9"], 1)  # i2 is the image on the stage
    assert told["entries"] == [[f"bulk-{n}", image, "cat", "bulk"] for n, image in enumerate(["i3", "i7", "i9"])]
    assert (told["deck"], told["again"]) == (["i2", "i4"], None)
    assert (told["undone"], told["left"], told["offeredAgain"], told["first"]) == (3, ["x"], 4, "i1")


@pytest.mark.parametrize("more", [{}, {"look_alikes": []}, {"look_alikes": [hint(2)]}, {"lane": "test"}])
def test_nothing_is_offered_without_open_look_alikes_or_on_a_test_image(modules: Modules, more: dict[str, Any]) -> None:
    alike = {"look_alikes": [hint(8)], **more} if "lane" in more else more
    assert story(modules, task(1, **alike), []) is None


def test_a_waiting_action_is_part_of_the_history_until_it_is_undone(modules: Modules) -> None:
    entries = [{**entry(f"b-{n}", n), "bulk": "b"} for n in (5, 6)]
    waiting = row("b", "bulk", entry=None, entries=entries)
    merged = modules.call("core/desk.js", "mergeHistory", [entry("old", 1)], [waiting])
    assert [e["image_id"] for e in merged] == ["i1", "i5", "i6"]
    acknowledged = [*entries[::-1], entry("old", 1)]
    merged = modules.call("core/desk.js", "mergeHistory", acknowledged, [row("b", "undo")])
    assert [e["annotation_id"] for e in merged] == ["old"]


def test_an_action_counts_for_all_its_images(modules: Modules) -> None:
    script = "(m, entries) => m.sumOf(entries.map(e => m.effectOf(null, e)))"
    summed = modules.run("core/tally.js", script, [entry("a", 1), entry("b", 2), entry("c", 3, "b")])
    assert summed == {"seq": None, "labelled": 3, "classes": {"a": 2, "b": 1}}


def test_a_refused_action_can_be_copied_image_by_image(modules: Modules) -> None:
    refused = row("b", "bulk", entry=None, entries=[entry("b-0", 5), entry("b-1", 6)], refused="gone")
    assert modules.call("core/outbox.js", "asText", [refused]) == "5.png\ta\tgone\n6.png\ta\tgone"


def slow(number: int, state: str, progress: float = 1.0, sentence: str = "") -> dict[str, Any]:
    return {"round": number, "state": state, "labels": 120, "progress": progress, "sentence": sentence, "time": 0}


def test_the_slow_loop_in_words(modules: Modules) -> None:
    rounds = [slow(3, "training", 0.43), slow(2, "refused", sentence="worse"), slow(1, "training", 0.2)]
    state = {"slow": rounds, "trainer": {"connected": True}}
    script = "(m, s) => [m.doing(m.present(s)), m.newestResult(s).round, m.line(s.slow[1], m.present(s)).text]"
    doing, result, text = modules.run("core/slow.js", script, state)
    assert (doing.replace("\u00a0", " "), result, text) == ("Fine-tuning on 120 labels, 43 %", 2, "Worse.")
    assert modules.call("core/slow.js", "line", rounds[2], None)["head"] == "Cut short"
    assert modules.call("core/slow.js", "present", {**state, "trainer": {"connected": False}}) is None
    said = modules.call("core/slow.js", "doing", slow(1, "training", 0.5, "trains the small CNN on 120 labels"))
    assert said.replace("\u00a0", " ") == "Trains the small CNN on 120 labels, 50 %"


def facts(**more: Any) -> dict[str, Any]:
    state = {"session": "labelling", "trainer": {"connected": True}, "problem": None}
    base = {"state": state, "online": True, "trainerAway": False, "trouble": "", "waiting": 0, "aside": []}
    return {**base, "reason": "", "hasImage": True, "lookingBack": False, "storage": True, "advice": [], **more}


def test_advice_becomes_one_quiet_strip(modules: Modules) -> None:
    advice = [{"rule": r, "holds": True, "stops": False, "sentence": r} for r in ("first", "second")]
    strips = modules.call("core/situation.js", "stripsFor", facts(advice=advice))
    assert [(s["id"], s["tone"], s["text"]) for s in strips] == [
        ("advice", "quiet", "You could stop here. First. Second.")
    ]
    paused = {**facts()["state"], "session": "paused"}
    strips = modules.call("core/situation.js", "stripsFor", facts(advice=advice, state=paused))
    assert [s["id"] for s in strips] == ["paused"]


def test_skipped_test_images_are_counted_as_wrong_in_small_print(modules: Modules) -> None:
    accuracy, worst = {"value": 0.94, "n": 100}, {"value": 0.904, "n": 104}
    text = modules.call("core/format.js", "worstCase", {"accuracy": accuracy, "accuracy_worst": worst})
    assert text.replace("\u00a0", " ") == " · 90.4 % with 4 skipped ones as wrong"
    assert modules.call("core/format.js", "worstCase", {"accuracy": accuracy, "accuracy_worst": accuracy}) == ""
    assert modules.call("core/format.js", "worstCase", {"accuracy": accuracy}) == ""
