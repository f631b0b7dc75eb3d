from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.asking import QUESTIONS, AnswerHead, AnswerState, Ask, MapQuestion, kind_of, pack_answer, unpack_answer
from shared.errors import ProtocolError


def test_every_kind_of_question_is_hashable_and_has_one_name() -> None:
    question = MapQuestion(projection="pca", turn=3)
    assert {question: 1}[MapQuestion(projection="pca", turn=3)] == 1
    assert len(set(QUESTIONS.values())) == len(QUESTIONS)
    assert QUESTIONS[kind_of(question)] is MapQuestion


def test_a_question_survives_the_way() -> None:
    question = MapQuestion(projection="pca", turn=3)
    ask = Ask.parse(Ask.of(2, "0" * 32, question).wire())
    assert (ask.epoch, ask.read()) == (2, question)


@pytest.mark.parametrize("change", [{"kind": "weather"}, {"question": {"projection": "umap", "turn": 1}}])
def test_a_question_of_another_version_is_refused_with_what_was_expected(change: dict[str, object]) -> None:
    ask = Ask.of(2, "0" * 32, MapQuestion(projection="pca", turn=3)).model_copy(update=change)
    with pytest.raises(ProtocolError):
        ask.read()


@given(
    data=st.binary(max_size=300),
    facts=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=4),
)
def test_an_answer_survives_the_way(data: bytes, facts: dict[str, object]) -> None:
    head = AnswerHead(state=AnswerState.DONE, progress=1.0, facts=facts)
    assert unpack_answer(pack_answer(head, data)) == (head, data)


@pytest.mark.parametrize("body", [b"", b"no line", b"{]\n", b"[]\n", b'{"state": "perhaps"}\n', b"[" * 99_000 + b"\n"])
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        unpack_answer(body)
