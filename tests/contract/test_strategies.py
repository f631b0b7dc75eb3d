"""What every query strategy must do, whatever it prefers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ConfigError
from trainer.strategies import STRATEGIES, Query, Selection, Strategy, explore, find_strategy, select

MEMBERS: dict[str, Strategy] = {
    **STRATEGIES,
    "explore(margin)": explore(STRATEGIES["margin"], 0.3),
    "explore(herding)": explore(STRATEGIES["herding"], 1.0),
}
every_strategy = pytest.mark.parametrize("strategy", MEMBERS.values(), ids=MEMBERS.keys())


def make_query(
    images: int = 30, classes: int = 4, labelled: int = 5, count: int = 10, seed: int = 0, copies: bool = False
) -> Query:
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(images, 8)).astype(np.float32)
    if copies:
        embeddings[:] = embeddings[:1]
    embeddings /= np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-6)
    probs = rng.dirichlet(np.ones(classes), images).astype(np.float32) if classes else np.empty((images, 0), np.float32)
    return Query(
        count=count,
        probs=probs,
        embeddings=embeddings,
        labelled=embeddings[: min(labelled, images)].copy(),
        rng=np.random.default_rng(seed),
        candidates=20,
        landmarks=25,
    )


queries = st.builds(
    make_query,
    images=st.integers(0, 60),
    classes=st.integers(0, 5),
    labelled=st.integers(0, 5),
    count=st.integers(0, 80),
    seed=st.integers(0, 2**32 - 1),
    copies=st.booleans(),
)


@every_strategy
@settings(max_examples=60, deadline=None)
@given(query=queries)
def test_exactly_as_many_distinct_images_as_asked(strategy: Strategy, query: Query) -> None:
    chosen = select(strategy, query)
    assert len(chosen.positions) == len(chosen.scores) == len(chosen.reasons) == min(query.count, len(query))
    assert len(set(chosen.positions.tolist())) == len(chosen.positions)
    assert all(0 <= position < len(query) for position in chosen.positions)


@every_strategy
def test_asked_for_all_it_loses_and_repeats_nothing(strategy: Strategy) -> None:
    query = make_query(images=50, count=50)
    assert sorted(select(strategy, query).positions.tolist()) == list(range(50))


@every_strategy
def test_the_same_seed_gives_the_same_order(strategy: Strategy) -> None:
    first, second = select(strategy, make_query(seed=7)), select(strategy, make_query(seed=7))
    assert first.positions.tolist() == second.positions.tolist()
    assert first.scores.tolist() == second.scores.tolist()
    assert first.reasons == second.reasons


@every_strategy
def test_nothing_it_is_given_is_changed(strategy: Strategy) -> None:
    query = make_query()
    before = (query.probs.copy(), np.array(query.embeddings), np.array(query.labelled))
    select(strategy, query)
    after = (query.probs, np.array(query.embeddings), np.array(query.labelled))
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)


@every_strategy
@pytest.mark.parametrize(
    "query",
    [make_query(images=0), make_query(images=1), make_query(classes=1), make_query(labelled=0), make_query(classes=0)],
    ids=["empty pool", "one image", "one class", "no labels", "no model"],
)
def test_small_cases(strategy: Strategy, query: Query) -> None:
    assert len(select(strategy, query).positions) == min(query.count, len(query))


@every_strategy
def test_asked_for_none_it_returns_none(strategy: Strategy) -> None:
    assert len(select(strategy, make_query(count=0)).positions) == 0


@every_strategy
def test_certain_predictions_are_no_trouble(strategy: Strategy) -> None:
    query = make_query()
    certain = replace(query, probs=np.eye(4, dtype=np.float32)[np.arange(len(query)) % 4])
    assert np.isfinite(select(strategy, certain).scores).all()


@every_strategy
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_probabilities_that_are_not_finite_are_refused(strategy: Strategy, bad: float) -> None:
    query = make_query()
    query.probs[3, 1] = bad
    with pytest.raises(ValueError, match="NaN or infinite"):
        select(strategy, query)


@every_strategy
def test_scores_do_not_rise_down_the_order_but_for_what_was_moved(strategy: Strategy) -> None:
    query = make_query(images=200, count=20)
    chosen = select(strategy, query)
    kept = [s for s, reason in zip(chosen.scores, chosen.reasons, strict=True) if reason != "random"]
    assert kept == sorted(kept, reverse=True)


def everything_twice(query: Query) -> Selection:
    positions = np.zeros(query.count, np.int64)
    return Selection(positions, np.zeros(query.count), STRATEGIES["random"](query).reasons)


def not_a_selection(query: Query) -> list[int]:
    return list(range(query.count))


@pytest.mark.parametrize("name", ["everything_twice", "not_a_selection"])
def test_ones_own_that_breaks_the_rules_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="expected"):
        select(find_strategy(f"{__name__}:{name}"), make_query())


def backwards(query: Query) -> Selection:
    chosen = STRATEGIES["random"](query)
    return Selection(np.sort(chosen.positions)[::-1], chosen.scores, chosen.reasons)


def test_ones_own_is_found_by_dotted_name() -> None:
    assert len(select(find_strategy(f"{__name__}:backwards"), make_query()).positions) == 10


@pytest.mark.parametrize("name", ["margins", "os:nothing", "no.such.module:f", ":", "os:sep"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"package\.module:function"):
        find_strategy(name)
