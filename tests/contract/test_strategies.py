"""What every query strategy must do, whatever it prefers."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ConfigError
from trainer.models.head import Head
from trainer.strategies import STRATEGIES, Query, Selection, Strategy, explore, find_strategy, select
from trainer.strategies.base import Floats, Integers


def example_of_the_docs() -> Strategy:
    """The function that docs/strategies.md tells people to begin with."""
    page = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text()
    namespace: dict[str, Strategy] = {}
    exec(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0], namespace)
    return namespace["rarest"]


ONES_OWN = [name for name in os.environ.get("LABELSTREAM_TEST_STRATEGIES", "").split(",") if name]
BRIEF: dict[str, Strategy] = {"vae": find_strategy("vae2"), "mixture": find_strategy("mixture3")}
MEMBERS: dict[str, Strategy] = {
    **STRATEGIES,
    **{f"{name}, few epochs": strategy for name, strategy in BRIEF.items()},
    "explore(margin)": explore(STRATEGIES["margin"], 0.3),
    "explore(herding)": explore(STRATEGIES["herding"], 1.0),
    "explore(badge)": explore(STRATEGIES["badge"], 0.3),
    "explore(mixture)": explore(BRIEF["mixture"], 0.5),
    "the example of docs/strategies.md": example_of_the_docs(),
    **{name: find_strategy(name) for name in ONES_OWN},
}
QUICK = {name: strategy for name, strategy in MEMBERS.items() if name not in BRIEF}
READS_NO_EMBEDDING = {"random"}
BLIND_TO_ASKED = {"random", *(name for name in MEMBERS if name.startswith("explore"))}

every_strategy = pytest.mark.parametrize("strategy", MEMBERS.values(), ids=MEMBERS.keys())
every_quick_strategy = pytest.mark.parametrize("strategy", QUICK.values(), ids=QUICK.keys())


def all_but(left_out: set[str]) -> pytest.MarkDecorator:
    members = {name: strategy for name, strategy in MEMBERS.items() if name not in left_out}
    return pytest.mark.parametrize("strategy", members.values(), ids=members.keys())


def make_query(
    *,
    images: int = 30,
    classes: int = 4,
    labelled: int = 5,
    count: int = 10,
    seed: int = 0,
    copies: bool = False,
    asked: int = 0,
    head: bool = True,
) -> Query:
    """A random query; asked images are copies of the last of the pool."""
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(images, 8)).astype(np.float32)
    if copies:
        embeddings[:] = embeddings[:1]
    embeddings /= np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-6)
    probs = rng.dirichlet(np.ones(classes), images).astype(np.float32) if classes else np.empty((images, 0), np.float32)
    known = embeddings[: min(labelled, images)].copy()
    fitted = Head(
        np.arange(classes), rng.normal(size=(classes, 8)).astype(np.float32), np.zeros(classes, np.float32), 0
    )
    return Query(
        count=count,
        probs=probs,
        embeddings=embeddings,
        labelled=known,
        rng=np.random.default_rng(seed),
        labels=rng.integers(0, max(1, classes), len(known)),
        asked=embeddings[max(0, images - asked) :].copy() if asked else None,
        head=fitted if head and classes else None,
        candidates=20,
        landmarks=25,
    )


def arrays_of(query: Query) -> list[Floats | Integers]:
    rows = [np.asarray(given) for given in (query.embeddings, query.labelled, query.asked) if given is not None]
    head = [query.head.weight, query.head.bias] if query.head else []
    return [query.probs, query.labels, *rows, *head]


SMALL_CASES = {
    "empty pool": make_query(images=0),
    "one image": make_query(images=1),
    "one image, and it is asked": make_query(images=1, asked=1),
    "one class": make_query(classes=1),
    "no labels": make_query(classes=0, labelled=0),
    "no labels but asked": make_query(classes=0, labelled=0, asked=2),
    "no model": make_query(classes=0),
    "no head": make_query(head=False),
    "one label": make_query(labelled=1),
    "one label per class": replace(make_query(labelled=4), labels=np.arange(4)),
    "one class among the labels": replace(make_query(), labels=np.zeros(5, np.int64)),
    "more wanted than there are": make_query(images=7, count=50),
    "all asked": make_query(images=3, asked=3),
    "copies of one image": make_query(copies=True),
}

queries = st.builds(
    make_query,
    images=st.integers(0, 60),
    classes=st.integers(0, 5),
    labelled=st.integers(0, 5),
    count=st.integers(0, 80),
    seed=st.integers(0, 2**32 - 1),
    copies=st.booleans(),
    asked=st.integers(0, 3),
    head=st.booleans(),
)


@every_quick_strategy
@settings(max_examples=40, deadline=None)
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
    query = make_query(asked=2)
    before = [given.copy() for given in arrays_of(query)]
    select(strategy, query)
    for left, right in zip(before, arrays_of(query), strict=True):
        np.testing.assert_array_equal(left, right)


@every_strategy
def test_no_generator_but_the_query_s_own_is_used(strategy: Strategy) -> None:
    numpy_before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()
    select(strategy, make_query(seed=3))
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)
    assert torch.equal(torch.get_rng_state(), torch_before)


@every_strategy
@pytest.mark.parametrize(
    "query",
    SMALL_CASES.values(),
    ids=SMALL_CASES.keys(),
)
def test_small_cases(strategy: Strategy, query: Query) -> None:
    query = replace(query, rng=np.random.default_rng(0))
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


@all_but(READS_NO_EMBEDDING)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_embeddings_that_are_not_finite_are_refused(strategy: Strategy, bad: float) -> None:
    query = make_query()
    np.asarray(query.embeddings)[:, 2] = bad
    with pytest.raises(ValueError, match="NaN or infinite"):
        select(strategy, query)


@every_strategy
def test_with_everything_labelled_nothing_is_left_to_ask(strategy: Strategy) -> None:
    query = make_query()
    nothing = replace(query, embeddings=np.empty((0, 8), np.float32), probs=query.probs[:0])
    assert len(select(strategy, nothing).positions) == 0


@all_but(BLIND_TO_ASKED)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [0, 4])
def test_an_image_like_one_that_is_being_asked_waits_while_others_are_left(
    strategy: Strategy, seed: int, classes: int
) -> None:
    query = make_query(images=18, classes=classes, count=10, seed=seed, asked=2)
    assert not {16, 17} & set(select(strategy, query).positions.tolist())


@every_strategy
def test_scores_do_not_rise_down_the_order_but_for_what_was_moved(strategy: Strategy) -> None:
    query = make_query(images=200, count=20)
    chosen = select(strategy, query)
    kept = [s for s, reason in zip(chosen.scores, chosen.reasons, strict=True) if reason != "random"]
    assert kept == sorted(kept, reverse=True)


@pytest.mark.parametrize("name", ["vae1", "vae100", "mixture50", "mixture10000"])
def test_a_number_after_a_trained_strategy_is_its_epochs(name: str) -> None:
    assert callable(find_strategy(name))


def test_the_epochs_make_a_difference() -> None:
    one, many = (select(find_strategy(name), make_query(images=60)).scores for name in ("vae1", "vae30"))
    assert one.tolist() != many.tolist()


@pytest.mark.parametrize("name", ["vae0", "mixture10001", "vae99999999999999999999"])
def test_epochs_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="expected 1 to 10000"):
        find_strategy(name)


def everything_twice(query: Query) -> Selection:
    positions = np.zeros(query.count, np.int64)
    return Selection(positions, np.zeros(query.count), STRATEGIES["random"](query).reasons)


def not_a_selection(query: Query):
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


@pytest.mark.parametrize(
    "name", ["margins", "margin3", "vae-1", "vae1.5", "vae100x", "Vae", "os:nothing", "no.such.module:f", ":", "os:sep"]
)
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"package\.module:function"):
        find_strategy(name)


def no_argument() -> Selection: ...


def two_arguments(query: Query, more: int) -> Selection: ...


def only_by_name(*, query: Query) -> Selection: ...


def of_probabilities(probs: np.ndarray) -> Selection: ...


def positions_only(query: Query) -> list[int]: ...


async def waits(query: Query) -> Selection: ...


class NotAFunction:
    def __init__(self, query: Query) -> None: ...


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_argument", "too many positional arguments"),
        ("two_arguments", "missing a required argument: 'more'"),
        ("only_by_name", "too many positional arguments"),
        ("of_probabilities", "its probs is a ndarray"),
        ("positions_only", "it returns a list"),
        ("waits", "a coroutine"),
        ("NotAFunction", "a class"),
    ],
)
def test_ones_own_with_another_signature_is_refused_before_it_is_called(name: str, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"{why}.*expected a function \(Query\) -> Selection"):
        find_strategy(f"{__name__}:{name}")


class OneOfMyOwn:
    def __call__(self, query: Query) -> Selection:
        return backwards(query)


an_object = OneOfMyOwn()
with_a_default = partial(backwards)


def without_annotations(query, power=2):
    return backwards(query)


@pytest.mark.parametrize("name", ["an_object", "with_a_default", "without_annotations"])
def test_whatever_can_be_called_with_a_query_will_do(name: str) -> None:
    assert len(select(find_strategy(f"{__name__}:{name}"), make_query()).positions) == 10
