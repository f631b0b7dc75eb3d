"""Settings and versions over HTTP, and what the trainer hears of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labeler.desk import TrainerDesk
from shared.events import PROTOCOL_VERSION
from shared.messages import Hello, MetricsReport, MetricValue, TrainerState, TrainerStatus
from shared.versions import VersionReport, VersionsKept, pack_probs

from .conftest import World


def patch(world: World, path: str, payload: object) -> tuple[int, Any]:
    answer = world.client.patch(path, json=payload)
    return answer.status_code, answer.get_json()


def setting(world: World, key: str) -> Any:
    return next(s for s in world.get("/api/settings")["settings"] if s["key"] == key)


@pytest.fixture
def desk(world: World) -> TrainerDesk:
    desk = world.labeler.desk
    desk.welcome(Hello(protocol=PROTOCOL_VERSION, log_id=None, applied_seq=0, model_version=0))
    return desk


def keep(desk: TrainerDesk, *numbers: int, space: str = "cnn-1", settings: int = 0) -> None:
    for number in numbers:
        desk.version(
            VersionReport(
                epoch=desk.view.epoch,
                version=number,
                based_on_seq=number,
                labels=number,
                space=space,
                settings=settings,
                kept=True,
                metrics={"accuracy": MetricValue(value=0.9, n=10)},
                images=[],
                classes=[0, 1],
                probs=pack_probs(np.empty((0, 2), np.float32)),
            )
        )


def status(desk: TrainerDesk, slow: bool | None) -> None:
    desk.status(
        TrainerStatus(
            epoch=desk.view.epoch,
            state=TrainerState.WAITING,
            applied_seq=0,
            model_version=0,
            embedded=0,
            pool=0,
            backbone="",
            slow=slow,
        )
    )


def test_each_setting_is_shown_with_range_unit_and_default(world: World) -> None:
    shown = setting(world, "strategy.candidates")
    assert shown == {
        "key": "strategy.candidates",
        "group": "What is asked",
        "name": "Candidates",
        "about": "The most uncertain; diverse ones of them are asked.",
        "unit": "images",
        "value": 1000,
        "default": 1000,
        "form": "whole",
        "low": 10,
        "high": 20000,
        "above": False,
        "below": False,
        "choices": [],
        "nullable": False,
        "range": "a whole number from 10 to 20,000",
        "off": "",
    }
    groups = world.get("/api/settings")["groups"]
    assert {s["group"] for s in world.get("/api/settings")["settings"]} == set(groups)


def test_a_change_over_http_is_kept_with_its_person_and_told(world: World, desk: TrainerDesk) -> None:
    code, answer = patch(
        world, "/api/settings?annotator=Ada", {"train.C": 3, "stop.thresholds": {"loss": {"at_most": 1}}}
    )
    assert code == 200
    assert answer["revision"] == world.state()["settings"]["revision"] == 1
    assert world.state()["thresholds"] == {"loss": {"at_most": 1}}
    assert {c["person"] for c in world.get("/api/settings/changes")["changes"]} == {"Ada"}
    assert len(world.get("/api/settings/changes?limit=1")["changes"]) == 1
    assert desk.steering().overrides["train.C"] == 3
    world.restart()
    welcome = world.labeler.desk.welcome(Hello(protocol=PROTOCOL_VERSION, log_id=None, applied_seq=0, model_version=0))
    assert welcome.steering.revision == 1
    assert setting(world, "train.C")["value"] == 3


@pytest.mark.parametrize(
    ("payload", "field", "says"),
    [
        ({"train.C": 3, "strategy.explore": 7}, "strategy.explore", "from 0 to 1"),
        ({"server.port": 1}, "server.port", "start again"),
        ({"train.class_weights": {"cow": 2}}, "train.class_weights", "'cow'"),
        ([], "", "expected a JSON object"),
    ],
)
def test_what_is_out_of_range_is_refused_and_the_old_values_stay(
    world: World, payload: object, field: str, says: str
) -> None:
    before = world.get("/api/settings")
    code, answer = patch(world, "/api/settings", payload)
    assert code == 400
    assert answer["error"]["field"] == field
    assert says in answer["error"]["message"]
    assert world.get("/api/settings") == before


def test_what_the_slow_loop_governs_is_greyed_out_while_it_is_off(world: World, desk: TrainerDesk) -> None:
    assert setting(world, "slow.flips")["off"] == "", "nobody knows yet"
    status(desk, slow=False)
    assert setting(world, "slow.flips")["off"] == "Fine-tuning is off."
    assert setting(world, "slow.enabled")["off"] == ""
    assert setting(world, "train.C")["off"] == ""
    patch(world, "/api/settings", {"slow.enabled": True})
    assert setting(world, "slow.flips")["off"] == ""
    status(desk, slow=True)
    patch(world, "/api/settings", {"slow.enabled": False})
    assert setting(world, "slow.flips")["off"] == "Fine-tuning is off."


def test_weights_follow_a_class_to_its_new_name(world: World) -> None:
    patch(world, "/api/settings", {"train.class_weights": {"cat": 2}})
    assert patch(world, "/api/classes/cat", {"name": "tiger"})[0] == 200
    assert setting(world, "train.class_weights")["value"] == {"tiger": 2}


def evaluate(desk: TrainerDesk, seq: int) -> None:
    accuracy = {"accuracy": MetricValue(value=0.9, n=10)}
    desk.metrics(
        MetricsReport(
            epoch=desk.view.epoch,
            based_on_seq=seq,
            model_version=seq,
            labels=seq,
            train_loss=None,
            metrics=accuracy,
            outlook=[],
        )
    )


def test_the_session_pauses_itself_after_so_many_evaluations(world: World, desk: TrainerDesk) -> None:
    patch(world, "/api/settings", {"train.pause_every": 2})
    for seq, session in ((1, "labelling"), (1, "labelling"), (2, "paused")):
        evaluate(desk, seq)
        assert world.state()["session"] == session
    assert "2 evaluations are done" in world.state()["stop_reason"]
    world.post("/api/control", {"action": "resume"})
    assert world.state()["stop_reason"] == ""
    for seq, session in ((3, "labelling"), (4, "paused")):
        evaluate(desk, seq)
        assert world.state()["session"] == session


def test_a_name_is_kept_and_told(world: World, desk: TrainerDesk) -> None:
    keep(desk, 3, 5)
    code, answer = patch(world, "/api/versions/3", {"name": " good one "})
    assert (code, answer["name"]) == (200, "good one")
    assert desk.steering().named == [3]
    keep(desk, 3)
    assert world.get("/api/versions")["versions"][0]["name"] == "good one"
    patch(world, "/api/versions/3", {"name": ""})
    assert desk.steering().named == []
    assert patch(world, "/api/versions/4", {"name": "x"})[0] == 404
    desk.versions_kept(VersionsKept(epoch=desk.view.epoch, versions=[3]))
    assert patch(world, "/api/versions/5", {"name": "x"})[0] == 409


def test_so_many_names_and_no_more(world: World, desk: TrainerDesk) -> None:
    keep(desk, *range(1, 27))
    codes = [patch(world, f"/api/versions/{number}", {"name": "n"})[0] for number in range(1, 27)]
    assert codes == [200] * 25 + [409]
    assert patch(world, "/api/versions/3", {"name": "renamed"})[0] == 200


def test_a_rollback_is_recorded_like_a_change_and_told_once_for_all(world: World, desk: TrainerDesk) -> None:
    patch(world, "/api/settings", {"train.C": 3})
    keep(desk, 7, settings=1)
    patch(world, "/api/settings", {"train.C": 4})
    code, answer = world.post("/api/versions/7/rollback?annotator=Bo", {})
    assert (code, answer) == (200, {"revision": 3})
    assert setting(world, "train.C")["value"] == 3
    newest = world.get("/api/settings/changes")["changes"][0]
    assert (newest["key"], newest["new"], newest["person"]) == ("rollback", 7, "Bo")
    recall = desk.steering().recall
    assert recall is not None
    assert (recall.version, recall.space, recall.revision) == (7, "cnn-1", 3)


@pytest.mark.parametrize("kind", ["rollback", "finetune"])
def test_a_version_that_was_thinned_out_says_so(world: World, desk: TrainerDesk, kind: str) -> None:
    keep(desk, 3, 5)
    desk.versions_kept(VersionsKept(epoch=desk.view.epoch, versions=[5]))
    code, answer = world.post(f"/api/versions/3/{kind}", {})
    assert code == 409
    assert "not kept any more" in answer["error"]["message"]
    assert world.post(f"/api/versions/99/{kind}", {})[0] == 404
    assert world.state()["settings"]["revision"] == 0


def test_pixels_cannot_be_trained_on_but_gone_back_to(world: World, desk: TrainerDesk) -> None:
    keep(desk, 3, space="pixels-32-abc")
    code, answer = world.post("/api/versions/3/finetune", {})
    assert code == 409
    assert "rests on pixels" in answer["error"]["message"]
    assert world.post("/api/versions/3/rollback", {})[0] == 200
