from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labeler.database import Database
from labeler.versions import UnknownVersion, Versions
from shared.errors import ProtocolError
from shared.versions import VersionReport, VersionsKept, pack_probs

from .conftest import World

PROBS = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], np.float32)


def report(version: int, kept: bool = True, **changes: object) -> VersionReport:
    values = {
        "epoch": 1,
        "version": version,
        "based_on_seq": 10 * version,
        "labels": 5 * version,
        "space": "pixels-1",
        "kept": kept,
        "metrics": {"accuracy": {"value": 0.5, "low": 0.1, "high": 0.9, "n": 3}},
        "images": [4, 7, 8],
        "classes": [0, 2],
        "probs": pack_probs(PROBS),
    }
    return VersionReport.parse(values | changes)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "labelstream.db")


def test_kept_versions_survive_a_restart_and_the_present_one_does_not(database: Database) -> None:
    versions = Versions(database, lambda: 7.0)
    versions.take(report(1))
    versions.take(report(2, kept=False))
    assert [version.number for version in versions.all()] == [1, 2]
    (found,) = Versions(database, lambda: 8.0).all()
    assert (found.number, found.seq, found.labels, found.time, found.kept) == (1, 10, 5, 7.0, True)
    np.testing.assert_array_equal(found.probs, PROBS)
    np.testing.assert_array_equal(found.images, [4, 7, 8])
    np.testing.assert_array_equal(found.classes, [0, 2])


def test_what_was_said_is_kept_where_costs_decided(database: Database) -> None:
    versions = Versions(database, lambda: 7.0)
    versions.take(report(1, said=[2, 0, 0]))
    versions.take(report(2))
    first, second = Versions(database, lambda: 8.0).all()
    assert first.said is not None and first.said.tolist() == [2, 0, 0]
    assert second.said is None
    with pytest.raises(ProtocolError, match="one for each of 3 images"):
        report(3, said=[1])


def test_an_older_report_does_not_become_the_present_one(database: Database) -> None:
    versions = Versions(database, lambda: 7.0)
    versions.take(report(5, kept=False))
    versions.take(report(1))
    assert versions.current is not None and versions.current.number == 5
    assert [version.number for version in versions.all([1])] == [1]


def test_what_the_trainer_has_thinned_out_stays_with_its_predictions(database: Database) -> None:
    versions = Versions(database, lambda: 7.0)
    for number in (1, 2, 3):
        versions.take(report(number))
    versions.note_kept(VersionsKept(epoch=1, versions=[1, 3]))
    assert [(version.number, version.kept) for version in versions.all()] == [(1, True), (2, False), (3, True)]
    versions.note_kept(VersionsKept(epoch=1, versions=[]))
    assert not any(version.kept for version in versions.all())


def test_an_unknown_version_is_said_with_the_known_ones(database: Database) -> None:
    versions = Versions(database, lambda: 7.0)
    versions.take(report(4))
    with pytest.raises(UnknownVersion, match="known are: 4"):
        versions.get(9)


def test_a_model_without_a_head_says_nothing_about_any_image(database: Database) -> None:
    versions = Versions(database, lambda: 7.0)
    versions.take(report(1, classes=[], probs=""))
    assert versions.get(1).probs.shape == (3, 0)


@pytest.mark.parametrize("probs", ["AAA", "AAAA", "%%%%"])
def test_probabilities_of_another_size_are_refused(probs: str) -> None:
    with pytest.raises(ProtocolError, match="probs"):
        report(1, probs=probs)


def test_the_versions_are_listed(world: World) -> None:
    desk = world.labeler.desk
    assert world.get("/api/versions") == {"versions": []}
    desk.versions.take(report(1))
    (row,) = world.get("/api/versions")["versions"]
    assert (row["version"], row["labels"], row["metrics"]["accuracy"]["value"]) == (1, 5, 0.5)
