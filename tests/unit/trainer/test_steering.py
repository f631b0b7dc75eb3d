"""Settings that change while the trainer runs: what is learnt, ranked and stopped by from the next step on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shared.config import Config, Train
from shared.messages import MetricsReport, Ranking, TrainerStatus
from shared.steering import Steering
from shared.versions import VersionReport
from tests.unit.trainer.bench import Bench, Make, train_images
from tests.unit.trainer.conftest import welcome_to
from trainer.link import LinkUp
from trainer.models.head import fit_head
from trainer.steering import fits_otherwise, in_force


def settings(revision: int, **overrides: Any) -> Steering:
    return Steering(revision=revision, overrides={key.replace("__", "."): value for key, value in overrides.items()})


def begun(bench: Bench, steering: Steering | None = None, labels: int = 15) -> Bench:
    bench.embedded()
    bench.step(LinkUp(), welcome_to().model_copy(update={"steering": steering or Steering()}))
    bench.label(*train_images(labels), 0, 5)
    return bench


def weights(bench: Bench) -> np.ndarray:
    head = bench.talk.checkpoint.model.head
    assert head is not None
    return head.weight


def expected(bench: Bench, c: float, balanced: bool = True, heavy: dict[int, float] | None = None) -> np.ndarray:
    """The head's weights, fitted here from scratch."""
    labels = bench.talk.checkpoint.book.labels()
    snapshot = bench.pool.snapshot(labels)
    assert snapshot is not None
    y = np.array([labels[int(number)] for number in snapshot.train.numbers])
    own = np.array([(heavy or {}).get(int(k), 1.0) for k in y], np.float32)
    return fit_head(snapshot.train[np.arange(len(y))], y, c, balanced, weights=own).weight


def test_the_head_is_fitted_anew_at_the_next_step(make: Make) -> None:
    bench = begun(make())
    version = bench.talk.checkpoint.model.version
    bench.step(settings(1, train__C=0.5))
    assert bench.talk.checkpoint.model.version == version + 1
    np.testing.assert_allclose(weights(bench), expected(bench, 0.5), atol=0.02)
    assert np.abs(weights(bench) - expected(bench, 30.0)).max() > 0.1
    assert bench.last(MetricsReport).model_version == version + 1
    assert bench.last(VersionReport).settings == 1


def test_class_weights_go_by_the_names_of_now(make: Make) -> None:
    bench = begun(make())
    bench.step(settings(1, train__class_weights={"class 1": 9.0, "nobody": 5.0}))
    np.testing.assert_allclose(weights(bench), expected(bench, 30.0, heavy={1: 9.0}), atol=0.05)


def test_the_strategy_changes_without_a_restart(make: Make) -> None:
    bench = begun(make())
    assert bench.last(Ranking).strategy == "uherding"
    bench.step(settings(1, strategy__name="margin", strategy__explore=0.0))
    ranking = bench.last(Ranking)
    assert ranking.strategy == "margin"
    scores = [entry.score for entry in ranking.entries]
    assert scores == sorted(scores, reverse=True)


def test_settings_of_the_welcome_are_in_force_before_anything_is_learnt(make: Make) -> None:
    bench = begun(make(), settings(3, train__C=0.5, train__evaluate_every=100))
    np.testing.assert_allclose(weights(bench), expected(bench, 0.5), atol=0.02)


def test_the_newest_revision_counts_and_a_reset_is_one(make: Make) -> None:
    bench = begun(make())
    bench.step(settings(2, train__C=0.5), settings(1, train__C=7.0))
    np.testing.assert_allclose(weights(bench), expected(bench, 0.5), atol=0.02)
    bench.step(settings(3))
    np.testing.assert_allclose(weights(bench), expected(bench, 30.0), atol=0.05)


def test_goals_are_looked_at_from_then_on(make: Make) -> None:
    bench = begun(make())
    assert bench.last(MetricsReport).outlook == []
    bench.step(settings(1, stop__thresholds={"accuracy": {"at_least": 0.5}}))
    assert [line.metric for line in bench.last(MetricsReport).outlook] == ["accuracy"]


def test_what_changes_nothing_costs_no_fit(make: Make) -> None:
    bench = begun(make())
    version, sent = bench.talk.checkpoint.model.version, len(bench.link.of(Ranking))
    bench.step(Steering(revision=1, named=[version]))
    assert bench.trainer.versions.named == {version}
    assert bench.talk.checkpoint.model.version == version
    assert len(bench.link.of(Ranking)) == sent


def test_what_cannot_be_used_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    config = in_force(Config(), settings(1, train__C=0.5, train__gone=1, strategy__explore=7))
    assert config.train.C == 0.5
    assert config.strategy == Config().strategy
    assert len(caplog.messages) == 2


def test_the_status_says_whether_the_slow_loop_is_on(make: Make) -> None:
    assert begun(make()).last(TrainerStatus).slow is None


@pytest.mark.parametrize(
    ("change", "otherwise"),
    [
        ({"C": 2.0}, True),
        ({"class_weights": {"a": 2.0}}, True),
        ({"class_balanced": False}, True),
        ({"threads": 3}, False),
    ],
)
def test_when_the_temperature_is_due_again(change: dict[str, Any], otherwise: bool) -> None:
    assert fits_otherwise(Train(), Train.model_validate(change)) is otherwise
