from __future__ import annotations

import pytest

from shared.messages import (
    Applied,
    Hello,
    Kind,
    LogRow,
    PoolChanged,
    Resend,
    SessionNews,
    SessionState,
    TrainerState,
    TrainerStatus,
)
from tests.unit.trainer.conftest import FolderLabeler, MemoryLink, batch_of, label_row, welcome_to
from trainer.checkpoint import Checkpoint
from trainer.conversation import Conversation
from trainer.link import LinkDown, LinkUp
from trainer.pool import Pool


@pytest.fixture
def talk(link: MemoryLink) -> Conversation:
    return Conversation(link, Checkpoint(), Pool())


def test_hello_says_what_has_been_applied(link: MemoryLink) -> None:
    checkpoint = Checkpoint("log-1")
    checkpoint.book.apply_all([label_row(1), label_row(2)])
    Conversation(link, checkpoint, Pool()).take([LinkUp()])
    assert link.sent == [Hello(protocol=1, log_id="log-1", applied_seq=2, model_version=0)]


def test_a_batch_is_applied_and_acknowledged(talk: Conversation, link: MemoryLink) -> None:
    news = talk.take([welcome_to(), batch_of([label_row(1, 4), label_row(2, 5)])])
    assert (news.batches, news.welcomed) == (1, True)
    assert link.sent == [Applied(epoch=1, seq=2)]
    assert talk.checkpoint.book.labels() == {4: 0, 5: 0}
    assert talk.classes == {0: "class 0", 1: "class 1", 2: "class 2"}


def test_a_gap_is_asked_for_again(talk: Conversation, link: MemoryLink) -> None:
    talk.take([welcome_to(), batch_of([label_row(1)]), batch_of([label_row(3)])])
    assert link.of(Resend) == [Resend(epoch=1, after=1)]
    assert talk.checkpoint.book.applied_seq == 1
    assert not talk.level


def test_a_batch_that_was_applied_is_acknowledged_again_and_is_no_news(talk: Conversation, link: MemoryLink) -> None:
    talk.take([welcome_to(), batch_of([label_row(1)])])
    assert talk.take([batch_of([label_row(1)])]).batches == 0
    assert link.of(Applied) == [Applied(epoch=1, seq=1)] * 2


def test_a_batch_of_another_epoch_or_log_is_dropped(talk: Conversation, link: MemoryLink) -> None:
    talk.take([welcome_to(epoch=2)])
    talk.take([batch_of([label_row(1)], epoch=1), batch_of([label_row(1)], epoch=2, log_id="log-9")])
    assert talk.checkpoint.book.applied_seq == 0
    assert link.sent == []


def test_another_log_starts_over(link: MemoryLink, folder: FolderLabeler) -> None:
    pool = Pool()
    folder.list("a.png", b"a")
    checkpoint = Checkpoint("log-1")
    checkpoint.book.apply_all([label_row(1), label_row(2)])
    talk = Conversation(link, checkpoint, pool)
    pool.update(folder.rows, pool.cursor)
    talk.take([welcome_to(log_id="log-2")])
    assert talk.checkpoint.book.applied_seq == 0
    assert talk.checkpoint.log_id == "log-2"
    assert pool.counts().images == 0


def test_a_log_that_has_lost_its_end_starts_over(link: MemoryLink) -> None:
    checkpoint = Checkpoint("log-1")
    checkpoint.book.apply_all([label_row(1), label_row(2), label_row(3)])
    talk = Conversation(link, checkpoint, Pool())
    talk.take([welcome_to(start_after=2, last_seq=2)])
    assert talk.checkpoint.book.applied_seq == 0
    assert link.of(Resend) == [Resend(epoch=1, after=0)]


def test_the_first_log_keeps_the_pool(link: MemoryLink, folder: FolderLabeler) -> None:
    pool = Pool()
    folder.list("a.png", b"a")
    talk = Conversation(link, Checkpoint(), pool)
    pool.update(folder.rows, pool.cursor)
    talk.take([welcome_to()])
    assert pool.counts().images == 1


def test_without_a_handshake_nothing_is_sent(talk: Conversation, link: MemoryLink) -> None:
    status = TrainerStatus(
        epoch=0, state=TrainerState.WAITING, applied_seq=0, model_version=0, embedded=0, pool=0, backbone=""
    )
    assert not talk.send(status)
    talk.take([welcome_to()])
    assert talk.send(status)
    talk.take([LinkDown()])
    assert not talk.send(status)


def test_it_is_level_when_all_known_rows_are_applied(talk: Conversation) -> None:
    assert not talk.level
    talk.take([welcome_to(last_seq=2)])
    assert not talk.level
    talk.take([batch_of([label_row(1), label_row(2)])])
    assert talk.level


def test_news_of_session_and_pool(talk: Conversation) -> None:
    talk.take([welcome_to()])
    news = talk.take([SessionNews(state=SessionState.PAUSED), PoolChanged(last=4)])
    assert (news.session, news.pool) == (True, True)
    assert talk.session.state is SessionState.PAUSED


def test_labels_close_images_and_undoing_opens_them(
    talk: Conversation, folder: FolderLabeler, link: MemoryLink
) -> None:
    pool = Pool()
    talk = Conversation(link, Checkpoint(), pool)
    folder.list("a.png", b"a", lane="test")
    pool.update(folder.rows, pool.cursor)
    talk.take([welcome_to(), batch_of([label_row(1, 0)])])
    assert pool.counts().test_open == 0
    talk.take([batch_of([LogRow(seq=2, annotation_id="u", image=0, kind=Kind.UNDO, undoes="a1")])])
    assert pool.counts().test_open == 1
