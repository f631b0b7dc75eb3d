"""Settings on their way to a trainer, over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from shared import events
from shared.events import PROTOCOL_VERSION
from shared.messages import Hello, Welcome
from shared.steering import Steering
from tests.waiting import wait_for
from trainer.link import SocketIOLink

from .conftest import TOKEN, FakeTrainer, Peer, Server

Serve = Callable[..., Server]
Keep = Callable[[Peer], Any]


def change(server: Server, **values: object) -> None:
    changes = {key.replace("__", "."): value for key, value in values.items()}
    assert requests.patch(f"{server.url}/api/settings", json=changes, timeout=10).ok


def test_changes_reach_the_trainer_and_the_next_handshake_carries_them(serve: Serve, peers: Keep) -> None:
    server, trainer = serve(), peers(FakeTrainer())
    welcome = trainer.join(server)
    assert Steering.parse(welcome["steering"]) == Steering()
    change(server, train__C=3, strategy__explore=0.5)
    told = trainer.wait(events.STEERING)[-1]
    assert told["overrides"] == {"train.C": 3.0, "strategy.explore": 0.5}
    again = peers(FakeTrainer())
    assert again.join(server)["steering"] == told


def test_what_changes_during_the_handshake_is_told_after_it(
    serve: Serve, peers: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, trainer = serve(), peers(FakeTrainer())
    welcome = server.labeler.desk.welcome

    def slow_welcome(hello: Any) -> Any:
        answer = welcome(hello)
        change(server, train__C=3)
        return answer

    monkeypatch.setattr(server.labeler.desk, "welcome", slow_welcome)
    assert trainer.join(server)["steering"]["overrides"] == {}
    assert trainer.wait(events.STEERING)[-1]["overrides"] == {"train.C": 3.0}


def test_the_trainers_own_link_hears_of_a_change(serve: Serve) -> None:
    server = serve()
    link = SocketIOLink(server.url, lambda: TOKEN)
    link.start()
    try:
        hello = Hello(protocol=PROTOCOL_VERSION, log_id=None, applied_seq=0, model_version=0)
        wait_for(lambda: link.send(hello), "the connection")
        wait_for(lambda: [m for m in link.receive(0.1) if isinstance(m, Welcome)], "the welcome")
        change(server, train__C=3)
        [steering] = wait_for(lambda: [m for m in link.receive(0.1) if isinstance(m, Steering)], "the settings")
        assert steering.overrides == {"train.C": 3.0}
    finally:
        link.close()
