"""Other libraries' strategies; what needs their libraries is marked `peers`."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from benchmarks.label_efficiency import Measured
from benchmarks.peers import table
from benchmarks.peers.__main__ import against_best
from benchmarks.peers.asking import as_strategy, bootstrapped_heads, random_start, seed_of
from benchmarks.peers.table import COMBINATIONS, PEERS, find, is_peer
from shared.errors import ConfigError
from trainer.models.head import fit_head
from trainer.strategies import Query, select
from trainer.strategies.random import random


def query(labels: int, count: int = 6, pool: int = 60, seed: int = 0) -> Query:
    rng = np.random.default_rng(seed)
    y = np.arange(labels + pool) % 3
    x = (np.eye(3, 12)[y] + rng.normal(0, 0.3, (len(y), 12))).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    head = fit_head(x[:labels], y[:labels], 30.0, balanced=False) if labels else None
    probs = head.probabilities(x[labels:]) if head else np.empty((pool, 0), np.float32)
    return Query(count, probs, x[labels:], x[:labels], np.random.default_rng(1), y[:labels], head=head)


@pytest.mark.peers
@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("labels", [0, 1, 9])
def test_a_peer_chooses_as_many_distinct_images_as_asked(name: str, labels: int) -> None:
    asked = query(labels)
    embeddings, labelled = np.array(asked.embeddings), np.array(asked.labelled)
    chosen = select(find(name), asked)
    assert len(set(chosen.positions.tolist())) == 6
    assert (asked.embeddings == embeddings).all()
    assert (asked.labelled == labelled).all()
    assert select(find(name), query(labels)).positions.tolist() == chosen.positions.tolist()


@pytest.mark.peers
@pytest.mark.parametrize("name", ["scikit-activeml/margin", "small-text/BreakingTies", "modAL/margin", "baal/Margin"])
def test_all_mean_the_same_by_margin(name: str) -> None:
    asked = query(9)
    top = np.sort(asked.probs, axis=1)
    expected = np.argsort(top[:, -1] - top[:, -2])[:6]
    assert set(select(find(name), asked).positions.tolist()) == set(expected.tolist())


def test_every_name_of_the_table_is_a_function_with_a_docstring() -> None:
    folder = Path(table.__file__).parent
    for name, place in PEERS.items():
        module, _, function = place.partition(":")
        tree = ast.parse((folder / f"{module}.py").read_text(encoding="utf-8"))
        found = {node.name: ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert found.get(function), name


def test_a_library_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.PEERS, "some/Strategy", "missing:strategy")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="cannot be loaded"):
        find("some/Strategy")


def test_our_strategies_are_found_as_well() -> None:
    assert find("random") is random
    with pytest.raises(ConfigError, match="is not known"):
        find("nonsense")


def test_whose_a_chain_is() -> None:
    assert all(is_peer(name) for name in (*PEERS, *COMBINATIONS))
    assert not is_peer("herding>scikit-activeml/margin")
    assert all(part in PEERS for name in COMBINATIONS for part in name.split(">"))


def test_random_starts_are_all_the_same() -> None:
    first = query(0)
    seed_of(first)
    assert random_start(first)().tolist() == random(query(0)).positions.tolist()
    assert select(as_strategy(random_start), query(0)).positions.tolist() == random(query(0)).positions.tolist()


def test_a_committee_has_as_many_heads_as_asked() -> None:
    assert len(bootstrapped_heads(query(12), 4)) == 4


def test_the_best_peer_is_compared_with_our_first_strategy() -> None:
    rng = np.random.default_rng(0)
    made = {
        name: Measured([5, 10], (level + rng.normal(0, 0.001, (8, 2))).tolist(), [1.0], [1.0])
        for name, level in [("random", 0.2), ("uherding", 0.8), ("baal/BALD", 0.5), ("modAL/margin", 0.7)]
    }
    said = against_best(made)
    assert said.startswith("uherding minus the best peer, modAL/margin: +0.0999")
    assert "above at 5, 10; below at no budget" in said
    assert "Nothing to compare" in against_best({"random": made["random"]})
