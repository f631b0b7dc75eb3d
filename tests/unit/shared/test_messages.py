from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ProtocolError
from shared.events import MAX_MESSAGE_BYTES, MAX_RANKING_ENTRIES
from shared.messages import (
    AnnotationBatch,
    Applied,
    ClassInfo,
    Finished,
    Hello,
    Kind,
    LogRow,
    MetricsReport,
    MetricValue,
    PoolChanged,
    Prediction,
    Ranking,
    RankingEntry,
    Reason,
    ReasonKind,
    Resend,
    SessionNews,
    SessionState,
    StopOutlook,
    StopReached,
    TrainerState,
    TrainerStatus,
    UnreadableImage,
    UnreadableImages,
    Welcome,
)
from shared.wire import MAX_NUMBER, Message

numbers = st.integers(0, MAX_NUMBER)
floats = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0, 1)
names = st.text(max_size=30)
classes = st.builds(ClassInfo, id=numbers, name=names)
session = st.builds(SessionNews, state=st.sampled_from(SessionState), reason=names)
rows = st.one_of(
    st.builds(LogRow, seq=numbers, annotation_id=names, image=numbers, kind=st.just(Kind.LABEL), class_id=numbers),
    st.builds(LogRow, seq=numbers, annotation_id=names, image=numbers, kind=st.sampled_from([Kind.SKIP, Kind.FLAG])),
    st.builds(LogRow, seq=numbers, annotation_id=names, image=numbers, kind=st.just(Kind.UNDO), undoes=names),
)
entries = st.builds(
    RankingEntry,
    image=numbers,
    score=floats,
    reason=st.builds(Reason, kind=st.sampled_from(ReasonKind), classes=st.lists(numbers, max_size=2)),
    prediction=st.none() | st.builds(Prediction, top=st.lists(st.tuples(numbers, shares), min_size=1, max_size=3)),
    neighbours=st.lists(numbers, max_size=3),
)
metric = st.builds(MetricValue, value=floats, low=st.none() | floats, high=st.none() | floats, n=numbers)
MESSAGES: dict[type[Message], st.SearchStrategy[Message]] = {
    AnnotationBatch: st.builds(
        AnnotationBatch,
        log_id=names,
        epoch=numbers,
        seq_from=numbers,
        seq_to=numbers,
        rows=st.lists(rows, max_size=3),
        classes=st.lists(classes, max_size=3),
    ),
    SessionNews: session,
    Hello: st.builds(Hello, protocol=numbers, log_id=st.none() | names, applied_seq=numbers, model_version=numbers),
    Welcome: st.builds(
        Welcome,
        log_id=names,
        epoch=numbers,
        start_after=numbers,
        last_seq=numbers,
        ranking_version=numbers,
        classes=st.lists(classes, max_size=3),
        session=session,
    ),
    Applied: st.builds(Applied, epoch=numbers, seq=numbers),
    Resend: st.builds(Resend, epoch=numbers, after=numbers),
    PoolChanged: st.builds(PoolChanged, last=numbers),
    Ranking: st.builds(
        Ranking,
        epoch=numbers,
        version=numbers,
        based_on_seq=numbers,
        model_version=numbers,
        strategy=names,
        entries=st.lists(entries, max_size=3),
    ),
    MetricsReport: st.builds(
        MetricsReport,
        epoch=numbers,
        based_on_seq=numbers,
        model_version=numbers,
        labels=numbers,
        train_loss=st.none() | floats,
        metrics=st.dictionaries(names, metric, max_size=3),
        outlook=st.lists(st.builds(StopOutlook, metric=names, reached=st.booleans(), sentence=names), max_size=2),
    ),
    TrainerStatus: st.builds(
        TrainerStatus,
        epoch=numbers,
        state=st.sampled_from(TrainerState),
        applied_seq=numbers,
        model_version=numbers,
        embedded=numbers,
        pool=numbers,
        backbone=names,
        detail=names,
    ),
    UnreadableImages: st.builds(
        UnreadableImages,
        epoch=numbers,
        images=st.lists(st.builds(UnreadableImage, image=numbers, content_hash=names, reason=names), max_size=2),
    ),
    StopReached: st.builds(StopReached, epoch=numbers, reason=names),
    Finished: st.builds(
        Finished, epoch=numbers, applied_seq=numbers, model_version=numbers, exports=st.lists(names, max_size=3)
    ),
}

ROW = {"seq": 1, "annotation_id": "a", "image": 0, "kind": "label", "class_id": 0}
ENTRY = {"image": 1, "score": 0.5, "reason": {"kind": "uncertain"}}
RANKING: dict[str, Any] = {
    "epoch": 1,
    "version": 1,
    "based_on_seq": 1,
    "model_version": 1,
    "strategy": "margin",
    "entries": [ENTRY],
}


def refusal(kind: type[Message], payload: object) -> str:
    with pytest.raises(ProtocolError) as caught:
        kind.parse(payload)
    return str(caught.value)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_is_sent_is_what_arrives(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(MESSAGES[kind])
    assert kind.parse(json.loads(json.dumps(message.wire(), allow_nan=False))) == message


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_unknown_and_missing_fields_are_refused(kind: type[Message], data: st.DataObject) -> None:
    wire = data.draw(MESSAGES[kind]).wire()
    assert f"{kind.__name__}.surplus" in refusal(kind, wire | {"surplus": 1})
    required = [name for name, info in kind.model_fields.items() if info.is_required()]
    missing = data.draw(st.sampled_from(required))
    del wire[missing]
    assert f"{kind.__name__}.{missing}" in refusal(kind, wire)


@pytest.mark.parametrize("payload", [None, [], "x", 1, b"x", {}, {"epoch": {}}], ids=repr)
@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_what_is_no_message_is_refused(kind: type[Message], payload: object) -> None:
    assert refusal(kind, payload).startswith(kind.__name__)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, "NaN", None, "high"], ids=repr)
def test_a_score_is_a_finite_number(score: object) -> None:
    assert "entries.0.score" in refusal(Ranking, RANKING | {"entries": [ENTRY | {"score": score}]})


@pytest.mark.parametrize("number", [-1, MAX_NUMBER + 1, 10**400, 0.5, math.nan, "many"], ids=lambda n: repr(n)[:20])
@pytest.mark.parametrize("field", ["epoch", "version", "based_on_seq", "model_version"])
def test_numbers_are_counted_from_zero_and_survive_json(field: str, number: object) -> None:
    assert f"Ranking.{field}" in refusal(Ranking, RANKING | {field: number})


@pytest.mark.parametrize("share", [-0.01, 1.01, math.nan, math.inf])
def test_a_probability_is_a_share(share: float) -> None:
    entry = ENTRY | {"prediction": {"top": [[0, share]]}}
    assert "entries.0.prediction.top.0.1" in refusal(Ranking, RANKING | {"entries": [entry]})


@pytest.mark.parametrize("field", ["value", "low", "high"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_metric_is_finite(field: str, value: float) -> None:
    assert f"MetricValue.{field}" in refusal(MetricValue, {"value": 0.5, "n": 10} | {field: value})


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"class_id": None}, "class_id"),
        ({"kind": "skip"}, "class_id"),
        ({"kind": "undo", "class_id": None}, "undoes"),
        ({"undoes": "b"}, "undoes"),
        ({"class_id": -1}, "class_id"),
        ({"kind": "guess"}, "kind"),
    ],
)
def test_a_row_of_the_log_is_complete(change: dict[str, object], word: str) -> None:
    assert word in refusal(LogRow, ROW | change)


def test_a_ranking_has_an_end() -> None:
    assert "Ranking.entries" in refusal(Ranking, RANKING | {"entries": [ENTRY] * (MAX_RANKING_ENTRIES + 1)})


def test_the_longest_ranking_fits_into_a_message() -> None:
    entry = RankingEntry(
        image=MAX_NUMBER,
        score=-math.pi * 1e-300,
        reason=Reason(kind=ReasonKind.UNCERTAIN, classes=[MAX_NUMBER] * 2),
        prediction=Prediction(top=[(MAX_NUMBER, 1 / 3)] * 3),
        neighbours=[MAX_NUMBER] * 3,
    )
    ranking = Ranking.parse(RANKING | {"entries": [entry.wire()] * MAX_RANKING_ENTRIES})
    assert len(json.dumps(ranking.wire())) < MAX_MESSAGE_BYTES / 4


def test_a_refusal_quotes_no_more_than_a_little() -> None:
    assert len(refusal(Applied, {"epoch": "x" * 10_000, "seq": 1})) < 300


def test_a_message_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Applied(epoch=1, seq=1).seq = 2
