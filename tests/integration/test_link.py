"""The labeler's end of the link, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from socketio.exceptions import ConnectionError as Refused

from shared import events
from tests.waiting import wait_for

from .conftest import TOKEN, FakeTrainer, Peer, Server

Serve = Callable[..., Server]
Keep = Callable[[Peer], Any]


def test_every_label_reaches_an_idle_trainer_by_itself(serve: Serve, peers: Keep) -> None:
    server, trainer = serve(), peers(FakeTrainer())
    server.find(20)
    welcome = trainer.join(server)
    assert (welcome["start_after"], welcome["session"]["state"]) == (0, "labelling")
    for seq in (1, 2, 3):
        assert server.label_next("cat") == seq
        batch = trainer.wait(events.ANNOTATIONS, seq)[-1]
        assert [row["seq"] for row in batch["rows"]] == [seq]
        trainer.send(events.APPLIED, seq=seq)
    wait_for(lambda: server.state()["trainer"]["applied_seq"] == 3, "the last acknowledgement")


def test_labels_gather_until_the_batch_before_is_acknowledged(serve: Serve, peers: Keep) -> None:
    server, trainer = serve(), peers(FakeTrainer())
    server.find(40)
    trainer.join(server)
    server.label_next("cat")
    trainer.wait(events.ANNOTATIONS)
    for _ in range(14):
        server.label_next("dog")
    assert len(trainer.all(events.ANNOTATIONS)) == 1
    trainer.send(events.APPLIED, seq=1)
    second = trainer.wait(events.ANNOTATIONS, 2)[1]
    assert (second["seq_from"], second["seq_to"]) == (2, 11)
    trainer.send(events.RESEND, after=1)
    assert trainer.wait(events.ANNOTATIONS, 3)[2]["seq_from"] == 2


def test_a_trainer_that_was_away_catches_up_from_where_it_was(serve: Serve, peers: Keep) -> None:
    server = serve()
    server.find(60)
    for _ in range(35):
        server.label_next("cat")
    trainer = peers(FakeTrainer())
    assert trainer.join(server, server.database.log_id, applied=20)["start_after"] == 20
    seen: list[int] = []
    while not seen or seen[-1] < 35:
        batch = trainer.wait(events.ANNOTATIONS, len(trainer.all(events.ANNOTATIONS)) or 1)[-1]
        seen += [row["seq"] for row in batch["rows"]]
        count = len(trainer.all(events.ANNOTATIONS))
        trainer.send(events.APPLIED, seq=batch["seq_to"])
        if seen[-1] < 35:
            trainer.wait(events.ANNOTATIONS, count + 1)
    assert seen == list(range(21, 36))


def test_a_wrong_token_is_refused(serve: Serve, peers: Keep) -> None:
    server = serve()
    for auth in ({"token": "wrong"}, {"token": None}, {}, None, "text"):
        with pytest.raises(Refused):
            peers(Peer()).connect(server.url, events.TRAINER_NAMESPACE, auth=auth)


def test_a_foreign_origin_is_refused_on_the_socket(serve: Serve, peers: Keep) -> None:
    server = serve()
    with pytest.raises(Refused):
        peers(Peer()).connect(server.url, events.BROWSER_NAMESPACE, headers={"Origin": "http://evil.example"})


def test_the_newest_trainer_counts_and_the_one_before_is_sent_away(serve: Serve, peers: Keep) -> None:
    server = serve()
    server.find(20)
    first, second = peers(FakeTrainer()), peers(FakeTrainer())
    first.join(server)
    second.join(server)
    assert second.epoch > first.epoch
    wait_for(lambda: not first.client.connected, "the first trainer to be disconnected")
    assert server.state()["trainer"]["connected"]


def test_a_malformed_message_is_dropped_and_the_link_lives(serve: Serve, peers: Keep) -> None:
    server, trainer = serve(), peers(FakeTrainer())
    server.find(20)
    trainer.join(server)
    namespace = events.TRAINER_NAMESPACE
    for bad in (None, "x", [], {"epoch": trainer.epoch}, {"epoch": "now", "seq": -1}):
        for event in (events.RANKING, events.APPLIED, events.METRICS_REPORT, events.STATUS, events.UNREADABLE):
            trainer.client.emit(event, bad, namespace=namespace)
    trainer.send(events.RANKING, version=1, based_on_seq=0, model_version=1, strategy="margin", entries=[])
    wait_for(lambda: server.state()["queue"]["version"] == 1, "a good message after bad ones")


def test_a_message_above_the_limit_ends_the_connection_and_nothing_else(serve: Serve, peers: Keep) -> None:
    server, trainer = serve(), peers(FakeTrainer())
    server.find(20)
    trainer.join(server)
    trainer.send(events.STATUS, detail="x" * (events.MAX_MESSAGE_BYTES + 1))
    wait_for(lambda: not server.state()["trainer"]["connected"], "the trainer to be counted as away")
    assert server.label_next("cat") == 1
    again = peers(FakeTrainer())
    again.join(server)
    assert again.wait(events.ANNOTATIONS)[0]["seq_to"] == 1


def test_a_restarted_labeler_goes_on_with_later_epochs(serve: Serve, peers: Keep) -> None:
    server, trainer = serve(), peers(FakeTrainer())
    server.find(20)
    trainer.join(server)
    server.label_next("cat")
    server.stop()
    reborn = serve(port=server.port)
    again = peers(FakeTrainer())
    again.join(reborn)
    assert again.epoch > trainer.epoch
    assert again.wait(events.ANNOTATIONS)[0]["seq_to"] == 1


def test_browsers_are_told_of_labels_orders_and_the_trainer(serve: Serve, peers: Keep) -> None:
    server, browser, trainer = serve(), peers(Peer()), peers(FakeTrainer())
    server.find(20)
    browser.connect(server.url, events.BROWSER_NAMESPACE)
    assert browser.wait(events.STATE)[0]["counts"]["images"] == 20
    trainer.join(server)
    wait_for(lambda: any(t["connected"] for t in browser.all(events.TRAINER)), "the trainer on the page")
    trainer.send(events.RANKING, version=4, based_on_seq=0, model_version=1, strategy="margin", entries=[])
    assert browser.wait(events.QUEUE)[-1]["version"] == 4
    server.label_next("cat")
    wait_for(lambda: browser.all(events.STATE)[-1]["counts"]["labelled"] == 1, "the label on the page")


def test_a_batch_carries_what_people_look_at(serve: Serve, peers: Keep) -> None:
    server, trainer = serve(**{"test.fraction": 0}), peers(FakeTrainer())
    server.find(20)
    held = requests.post(f"{server.url}/api/leases", json={"client": "other-tab", "count": 3}, timeout=10).json()
    pool = {row["image_id"]: row["number"] for row in trainer_pool(server)}
    trainer.join(server)
    server.label_next("cat")
    batch = trainer.wait(events.ANNOTATIONS)[0]
    assert sorted(batch["leased"]) == sorted(pool[task["image_id"]] for task in held["tasks"])


def trainer_pool(server: Server) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return requests.get(f"{server.url}/api/pool", headers=headers, timeout=10).json()["images"]


def test_advice_and_the_slow_loop_reach_the_pages(serve: Serve, peers: Keep) -> None:
    server, browser, trainer = serve(), peers(Peer()), peers(FakeTrainer())
    browser.connect(server.url, events.BROWSER_NAMESPACE)
    trainer.join(server)
    trainer.send(events.SLOW, round=1, state="training", labels=20, progress=0.5, sentence="")
    wait_for(lambda: any(state["slow"] for state in browser.all(events.STATE)), "the slow loop on the page")
    advice = {"rule": "stable", "holds": True, "stops": False, "sentence": "nothing changes"}
    more = {"labels": 9, "train_loss": None, "metrics": {}, "outlook": [], "advice": [advice]}
    trainer.send(events.METRICS_REPORT, based_on_seq=0, model_version=1, **more)
    assert browser.wait(events.METRICS)[-1]["advice"] == [advice]


def test_pause_reaches_the_trainer(serve: Serve, peers: Keep) -> None:
    server, trainer = serve(), peers(FakeTrainer())
    server.find(20)
    trainer.join(server)
    requests.post(f"{server.url}/api/control", json={"action": "pause"}, timeout=10)
    assert trainer.wait(events.SESSION)[-1]["state"] == "paused"
    server.labeler.catalog.found([])
    server.labeler.board.add_images([(20, False, "f" * 32)])
    trainer.wait(events.POOL_CHANGED)


def test_the_state_is_sent_at_most_four_times_a_second(serve: Serve, peers: Keep) -> None:
    server, browser = serve(), peers(Peer())
    server.find(200)
    browser.connect(server.url, events.BROWSER_NAMESPACE)
    browser.wait(events.STATE)
    before, start = len(browser.all(events.STATE)), time.monotonic()
    for _ in range(60):
        server.label_next("cat")
    wait_for(lambda: browser.all(events.STATE)[-1]["counts"]["labelled"] == 60, "the last state")
    sent = len(browser.all(events.STATE)) - before
    assert sent <= 4 * (time.monotonic() - start) + 2
