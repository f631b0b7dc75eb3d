"""Which versions are kept, and what the labeler is told of them."""

from __future__ import annotations

import numpy as np
import pytest

from shared.messages import MetricsReport
from shared.versions import VersionReport, VersionsKept, unpack_probs
from tests.unit.trainer.bench import TEST, Make, train_images
from tests.unit.trainer.conftest import welcome_to
from trainer.evaluation import expected_calibration_error
from trainer.link import LinkUp


def test_every_evaluation_says_what_the_model_thinks_of_the_hold_out(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(*train_images(12), *TEST)
    report, metrics = bench.last(VersionReport), bench.last(MetricsReport)
    assert (report.version, report.based_on_seq) == (metrics.model_version, metrics.based_on_seq)
    assert (sorted(report.images), report.classes, report.kept) == (list(TEST), [0, 1, 2], False)
    probs = unpack_probs(report.probs, 3)
    right = np.mean([image % 3 == row.argmax() for image, row in zip(report.images, probs, strict=True)])
    assert right == metrics.metrics["accuracy"].value
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=2e-3)


def test_the_metrics_are_those_of_the_probabilities_that_are_kept(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(*train_images(6), *TEST)
    report, metrics = bench.last(VersionReport), bench.last(MetricsReport)
    probs, truth = unpack_probs(report.probs, 3), np.array(report.images) % 3
    assert metrics.metrics["ece"].value == expected_calibration_error(probs, truth)
    assert metrics.metrics["loss"].value == pytest.approx(-np.log(probs[np.arange(len(truth)), truth]).mean())


def test_a_report_tells_what_is_said_where_costs_decide(make: Make) -> None:
    bench = make(train__costs={"class 1": {"class 0": 900.0}})
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(*train_images(12), *TEST)
    report, metrics = bench.last(VersionReport), bench.last(MetricsReport)
    right = np.mean([image % 3 == said for image, said in zip(report.images, report.said, strict=True)])
    assert right == metrics.metrics["accuracy"].value
    scaled = np.array([[0, 1, 1], [900 / 450.5, 0, 1 / 450.5], [1, 1, 0]])
    assert report.said == (unpack_probs(report.probs, 3) @ scaled).argmin(axis=1).tolist()


def test_a_version_is_kept_with_each_checkpoint(make: Make) -> None:
    bench = make(train__checkpoint_every=2)
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    for image in train_images(5):
        bench.label(image)
    kept = [report.version for report in bench.link.of(VersionReport) if report.kept]
    assert len(kept) == 2
    assert bench.trainer.versions.numbers(bench.talk.checkpoint.log_id) == kept == bench.last(VersionsKept).versions


def test_after_a_handshake_the_labeler_gets_the_versions_it_lacks(make: Make) -> None:
    bench = make(train__checkpoint_every=1)
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    for image in train_images(3):
        bench.label(image)
    kept = bench.trainer.versions.numbers(bench.talk.checkpoint.log_id)
    bench.link.sent.clear()
    bench.step(LinkUp(), welcome_to(epoch=2, start_after=3, last_seq=3).model_copy(update={"versions": kept[:1]}))
    told = [report for report in bench.link.of(VersionReport) if report.kept]
    assert [report.version for report in told] == kept[1:]
    assert {report.epoch for report in told} == {2}
