from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from labeler.queue import Queue, Shuffled, Status, merge_ranking
from shared.messages import Lane, Prediction, Ranking, RankingEntry, Reason, ReasonKind


def entry(image: int, kind: ReasonKind = ReasonKind.UNCERTAIN) -> RankingEntry:
    return RankingEntry(image=image, score=1.0, reason=Reason(kind=kind), prediction=Prediction(top=[(0, 0.9)]))


def ranking(images: Sequence[int], version: int = 1) -> Ranking:
    return Ranking(
        epoch=1, version=version, based_on_seq=0, model_version=7, strategy="margin", entries=[entry(i) for i in images]
    )


def queue_of(train: int, test: int = 0) -> Queue:
    queue = Queue(lease_seconds=60)
    queue.add([(i, i >= train, f"{i:032x}") for i in range(train + test)])
    return queue


@given(st.lists(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_merging_keeps_order_and_drops_what_is_taken_or_doubled(images: list[int], taken: set[int]) -> None:
    merged = [e.image for e in merge_ranking([entry(i) for i in images], lambda image: image not in taken)]
    assert merged == [i for i in dict.fromkeys(images) if i not in taken]


def test_the_order_of_the_trainer_is_followed() -> None:
    queue = queue_of(10)
    assert queue.replace_ranking(ranking([7, 2, 5]))
    leases = queue.lease("a", 3, now=0.0)
    assert [lease.image for lease in leases] == [7, 2, 5]
    assert {lease.lane for lease in leases} == {Lane.QUERY}
    assert {lease.model_version for lease in leases} == {7}


def test_an_older_order_is_refused() -> None:
    queue = queue_of(10)
    assert queue.replace_ranking(ranking([1, 2], version=5))
    assert not queue.replace_ranking(ranking([3, 4], version=5))
    assert not queue.replace_ranking(ranking([3, 4], version=4))
    assert queue.lease("a", 1, now=0.0)[0].image == 1


def test_what_is_leased_stays_when_a_new_order_comes() -> None:
    queue = queue_of(10)
    held = queue.lease("a", 3, now=0.0)
    queue.replace_ranking(ranking([9, 8, *(lease.image for lease in held)]))
    assert queue.lease("a", 3, now=1.0) == held


def test_a_ranking_never_brings_back_labelled_test_or_unknown_images() -> None:
    queue = queue_of(4, test=3)
    queue.set_status(0, Status.LABELLED)
    queue.replace_ranking(ranking([0, 5, 99, 3]))
    assert [lease.image for lease in queue.lease("a", 1, now=0.0)] == [3]


def test_two_clients_never_hold_the_same_image() -> None:
    queue = queue_of(7)
    held = [lease.image for client in "abc" for lease in queue.lease(client, 3, now=0.0)]
    assert sorted(held) == list(range(7))


def test_a_silent_client_loses_its_leases_and_an_active_one_keeps_them() -> None:
    queue = queue_of(3)
    assert len(queue.lease("a", 3, now=0.0)) == 3
    assert queue.lease("b", 3, now=59.0) == []
    queue.lease("a", 3, now=59.0)
    assert queue.lease("b", 3, now=118.0) == []
    assert len(queue.lease("b", 3, now=180.0)) == 3


def test_what_a_page_still_shows_is_leased_again_after_a_restart() -> None:
    before = queue_of(20)
    shown = [lease.image for lease in before.lease("a", 3, now=0.0)]
    after = queue_of(20)
    after.replace_ranking(ranking([i for i in range(20) if i not in shown]))
    assert [lease.image for lease in after.lease("a", 3, now=0.0, holding=shown)] == shown


def test_three_of_the_first_ten_and_thirty_of_a_hundred_are_test_images() -> None:
    queue = queue_of(200, test=100)
    lanes = []
    for _ in range(200):
        lease = queue.lease("a", 1, now=0.0)[0]
        lanes.append(lease.lane)
        queue.set_status(lease.image, Status.LABELLED)
    assert lanes[:10].count(Lane.TEST) == 3
    assert lanes[:100].count(Lane.TEST) == 30
    assert lanes.count(Lane.TEST) == 45


def test_when_only_proof_is_missing_four_of_five_are_test_images() -> None:
    queue = queue_of(200, test=100)

    def next_lane() -> Lane:
        lease = queue.lease("a", 1, now=0.0)[0]
        queue.set_status(lease.image, Status.LABELLED)
        return lease.lane

    for _ in range(40):
        next_lane()
    queue.prove(True)
    assert [next_lane() for _ in range(50)].count(Lane.TEST) == 40
    queue.prove(False)
    assert [next_lane() for _ in range(20)].count(Lane.TEST) == 0


def test_test_images_carry_no_prediction() -> None:
    queue = queue_of(2, test=2)
    queue.replace_ranking(ranking([0, 1, 2, 3]))
    leases = queue.lease("a", 4, now=0.0)
    assert {lease.image for lease in leases if lease.entry is None} == {2, 3}


def test_a_skipped_test_image_comes_back_once_the_others_are_done() -> None:
    queue = queue_of(0, test=3)
    first = queue.lease("a", 1, now=0.0)[0].image
    queue.set_status(first, Status.SKIPPED)
    others = []
    for _ in range(2):
        others.append(queue.lease("a", 1, now=0.0)[0].image)
        queue.set_status(others[-1], Status.LABELLED)
    assert first not in others
    assert queue.lease("a", 1, now=0.0)[0].image == first
    queue.set_status(first, Status.SKIPPED)
    assert queue.lease("a", 1, now=0.0) == []


def test_upcoming_are_free_distinct_and_not_leased() -> None:
    queue = queue_of(10, test=3)
    queue.replace_ranking(ranking([4, 3, 2]))
    leases = {lease.image for lease in queue.lease("a", 2, now=0.0)}
    ahead = queue.upcoming(5)
    assert len(set(ahead)) == 5
    assert not leases & set(ahead)


def test_numbers_have_no_gaps() -> None:
    with pytest.raises(ValueError, match="expected 0"):
        Queue(60).add([(1, False, "a")])


def test_a_million_images_take_few_bytes_each_and_no_look_at_each_of_them() -> None:
    count, chunk = 200_000, 5_000
    tracemalloc.start()
    queue = Queue(60)
    for start in range(0, count, chunk):
        queue.add([(i, i % 100 == 0, f"{(i * 0x9E3779B97F4A7C15) % 2**64:032x}") for i in range(start, start + chunk)])
    queue.settle()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / count < 30
    looks = 0

    def is_open(image: int) -> bool:
        nonlocal looks
        looks += 1
        return queue.status(image) is Status.OPEN

    queue._is_open = is_open  # type: ignore[method-assign]
    for _ in range(200):
        lease = queue.lease("a", 3, now=0.0)[0]
        queue.upcoming(5)
        queue.set_status(lease.image, Status.LABELLED)
    assert looks < 200 * 40


def test_put_back_comes_first() -> None:
    order = Shuffled()
    order.extend([(3, 10), (2, 30), (1, 20)])
    closed = {3}
    assert next(order.scan(lambda i: i not in closed)) == 1
    closed.clear()
    order.put_back(3)
    assert list(order.scan(lambda i: i not in closed)) == [3, 1, 2]


def test_the_random_order_does_not_depend_on_when_images_came() -> None:
    ids = [hashlib.blake2b(str(i).encode(), digest_size=16).hexdigest() for i in range(300)]
    at_once, in_parts = Queue(60), Queue(60)
    images = [(i, False, image_id) for i, image_id in enumerate(ids)]
    at_once.add(images)
    for start in range(0, 300, 50):
        in_parts.add(images[start : start + 50])
        in_parts.upcoming(3)
    assert in_parts.upcoming(300) == at_once.upcoming(300) != list(range(300))


class QueueMachine(RuleBasedStateMachine):
    """Random labelling, undoing, ranking and leasing: nothing lost, nothing handed out twice."""

    @initialize(train=st.integers(0, 12), test=st.integers(0, 6))
    def make(self, train: int, test: int) -> None:
        self.queue = queue_of(train, test)
        self.size = train + test
        self.status = dict.fromkeys(range(self.size), Status.OPEN)
        self.version, self.now = 0, 0.0

    @rule(client=st.sampled_from("abc"), count=st.integers(0, 4), step=st.floats(0, 50))
    def lease(self, client: str, count: int, step: float) -> None:
        self.now += step
        for lease in self.queue.lease(client, count, self.now):
            may_return = self.queue.is_test(lease.image) and self.status[lease.image] is Status.SKIPPED
            assert self.status[lease.image] is Status.OPEN or may_return

    @rule(data=st.data(), status=st.sampled_from(Status))
    def mark(self, data: st.DataObject, status: Status) -> None:
        if self.size:
            image = data.draw(st.integers(0, self.size - 1))
            self.queue.set_status(image, status)
            self.status[image] = status

    @rule(images=st.lists(st.integers(0, 25), max_size=10))
    def rank(self, images: list[int]) -> None:
        self.version += 1
        self.queue.replace_ranking(ranking(images, self.version))

    @invariant()
    def counts_agree(self) -> None:
        for status in Status:
            assert self.queue.count(status) == list(self.status.values()).count(status)

    @invariant()
    def every_open_image_can_be_reached(self) -> None:
        held = {lease.image for lease in self.queue.lease("everything", 1000, self.now)}
        others = {i for i in range(self.size) if self.queue.find_lease(i) and i not in held}
        opened = {i for i, s in self.status.items() if s is Status.OPEN}
        assert opened <= held | others
        for image in held:
            self.queue.release(image)


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestQueueMachine = QueueMachine.TestCase
