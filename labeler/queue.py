"""Which image next: lanes, leases and the merging of the trainer's order. Pure: no clock, no database.

Images are the numbers 0, 1, 2, … of the catalogue; what is kept per image is two bytes, so that a million fit.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from labeler.holdout import PROVING_SHARE, test_quota
from shared.messages import Lane, Ranking, RankingEntry, ReasonKind

MAX_TEST_SKIPS = 2


class Status(IntEnum):
    """What stands on an image; GONE: no readable file holds it any more."""

    OPEN = 0
    LABELLED = 1
    SKIPPED = 2
    FLAGGED = 3
    GONE = 4


@dataclass(frozen=True, slots=True)
class Lease:
    """An image reserved for one client, with what was said about it when it was handed out."""

    image: int
    client: str
    lane: Lane
    rank: int = 0
    entry: RankingEntry | None = None
    model_version: int = 0


@dataclass(slots=True)
class _Client:
    seen_at: float
    leases: dict[int, Lease] = field(default_factory=dict)


class Shuffled:
    """Images in a random order that does not depend on when they came: by their keys, read front to back."""

    def __init__(self) -> None:
        self._order = np.empty(0, np.int64)
        self._keys = np.empty(0, np.uint64)
        self._arrived = (array("q"), array("Q"))
        self._start = 0
        self._returned: dict[int, None] = {}

    def extend(self, images: Iterable[tuple[int, int]]) -> None:
        """Add images as (number, random 64-bit key)."""
        for number, key in images:
            self._arrived[0].append(number)
            self._arrived[1].append(key)

    def put_back(self, image: int) -> None:
        """Make an image that was passed come first again."""
        self._returned[image] = None

    def scan(self, is_open: Callable[[int], bool]) -> Iterator[int]:
        """Images that are open, in order; what is closed at the front is not looked at again."""
        self.merge()
        for image in [i for i in self._returned if not is_open(i)]:
            del self._returned[image]
        yield from list(self._returned)
        while self._start < len(self._order) and not is_open(int(self._order[self._start])):
            self._start += 1
        for position in range(self._start, len(self._order)):
            image = int(self._order[position])
            if image not in self._returned and is_open(image):
                yield image

    def merge(self) -> None:
        """Sort in what was added."""
        numbers, new_keys = self._arrived
        if numbers:
            order = np.concatenate([self._order[self._start :], np.array(numbers)])
            keys = np.concatenate([self._keys[self._start :], np.array(new_keys)])
            by_key = np.argsort(keys, kind="stable")
            self._order, self._keys, self._start = order[by_key], keys[by_key], 0
            self._arrived = (array("q"), array("Q"))


def merge_ranking(entries: Sequence[RankingEntry], is_free: Callable[[int], bool]) -> list[RankingEntry]:
    """The trainer's order without what has been labelled, leased or doubled since it was made."""
    first = {entry.image: entry for entry in reversed(entries)}
    return [entry for entry in entries if is_free(entry.image) and first[entry.image] is entry]


class Queue:
    """The state of every image and the order in which the open ones are handed out."""

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._status = bytearray()
        self._is_test = bytearray()
        self._counts = {(test, status): 0 for test in (False, True) for status in Status}
        self._train_order = Shuffled()
        self._test_order = Shuffled()
        self._skipped_tests: dict[int, int] = {}
        self._entries: list[RankingEntry] = []
        self._clients: dict[str, _Client] = {}
        self._leased: dict[int, str] = {}
        self._proving_since: tuple[int, int] | None = None
        self.version = 0
        self.based_on_seq = 0
        self.model_version = 0
        self.strategy = "random"

    def __len__(self) -> int:
        return len(self._status)

    @property
    def ranked(self) -> int:
        """How many images of the trainer's order have not been handed out."""
        return len(self._entries)

    def add(self, images: Sequence[tuple[int, bool, str]]) -> None:
        """Take in new images as (number, in the hold-out?, image_id); numbers continue without a gap."""
        for number, is_test, _ in images:
            if number != len(self._status):
                raise ValueError(f"got image {number}, expected {len(self._status)}: numbers have no gaps")
            self._status.append(Status.OPEN)
            self._is_test.append(is_test)
            self._counts[is_test, Status.OPEN] += 1
        self._train_order.extend((number, _random_key(id_)) for number, is_test, id_ in images if not is_test)
        self._test_order.extend((number, _random_key(id_)) for number, is_test, id_ in images if is_test)

    def settle(self) -> None:
        """Sort what was added now, not when the next image is asked for."""
        self._train_order.merge()
        self._test_order.merge()

    def is_test(self, image: int) -> bool:
        """Whether an image belongs to the hold-out."""
        return bool(self._is_test[image])

    def status(self, image: int) -> Status:
        """What stands on an image."""
        return Status(self._status[image])

    def columns(self) -> tuple[bytes, bytes]:
        """What stands on every image, as a Status, and whether it belongs to the hold-out; a byte each, by number."""
        return bytes(self._status), bytes(self._is_test)

    def set_status(self, image: int, status: Status) -> None:
        """Note what stands on an image now; its lease ends."""
        before, test = self.status(image), self.is_test(image)
        self._counts[test, before] -= 1
        self._counts[test, status] += 1
        self._status[image] = status
        if status is Status.OPEN and before is not Status.OPEN:
            (self._test_order if test else self._train_order).put_back(image)
        if status is Status.SKIPPED and test:
            self._skipped_tests[image] = self._skipped_tests.pop(image, 0) + 1
        self.release(image)

    def count(self, *statuses: Status, test: bool | None = None) -> int:
        """How many images have one of `statuses`, in one lane or (None) in both."""
        lanes = (False, True) if test is None else (test,)
        return sum(self._counts[lane, status] for lane in lanes for status in statuses)

    def replace_ranking(self, ranking: Ranking) -> bool:
        """Adopt a newer order. Returns False for one that is not newer."""
        if ranking.version <= self.version:
            return False
        self.version, self.based_on_seq = ranking.version, ranking.based_on_seq
        self.strategy, self.model_version = ranking.strategy, ranking.model_version
        self._entries = merge_ranking(ranking.entries, self._is_candidate)
        return True

    def lease(self, client: str, count: int, now: float, holding: Sequence[int] = ()) -> list[Lease]:
        """What `client` holds, topped up to `count` and renewed.

        holding: images the client shows already; they are leased first where they are free.
        """
        self.expire(now)
        mine = self._clients.setdefault(client, _Client(now))
        mine.seen_at = now
        for image in holding:
            if len(mine.leases) < count and self._is_free(image):
                self._grant(mine, Lease(image, client, self._natural_lane(image)))
        while len(mine.leases) < count and (lease := self._next(client, mine)):
            self._grant(mine, lease)
        return list(mine.leases.values())

    def upcoming(self, count: int) -> list[int]:
        """Images that will probably be asked next, not leased; for prefetching."""
        ahead = [entry.image for entry in self._entries if self._is_free(entry.image)][:count]
        test = next(self._test_order.scan(self._is_open), None)
        ahead = [*ahead[: count - 1], test] if test is not None and self._is_free(test) else ahead
        if len(ahead) < count:
            known = set(ahead)
            for image in self._train_order.scan(self._is_open):
                if len(ahead) >= count:
                    break
                if image not in known and self._is_free(image):
                    ahead.append(image)
        return ahead

    def release(self, image: int) -> None:
        """End the lease of an image, if there is one."""
        client = self._leased.pop(image, None)
        if client is not None:
            self._clients[client].leases.pop(image, None)

    def prove(self, wanted: bool) -> None:
        """Ask mostly test images from now on, or no longer: the model seems good enough and lacks the proof."""
        if not wanted:
            self._proving_since = None
        elif self._proving_since is None:
            self._proving_since = self._taken()

    def find_lease(self, image: int) -> Lease | None:
        """The lease of an image."""
        client = self._leased.get(image)
        return self._clients[client].leases.get(image) if client is not None else None

    def expire(self, now: float) -> None:
        """Drop the leases of clients that have been silent too long."""
        silent = [name for name, c in self._clients.items() if now - c.seen_at > self._lease_seconds]
        for name in silent:
            for image in self._clients.pop(name).leases:
                self._leased.pop(image, None)

    def leased(self, limit: int) -> list[int]:
        """The training images that people look at or will next, at most `limit`."""
        return [image for image in self._leased if not self._is_test[image]][:limit]

    def open_to(self, client: str | None, image: int) -> bool:
        """Whether `client` may label an image of the training lane that it was not asked about."""
        return (
            image < len(self._status)
            and self._is_open(image)
            and not self._is_test[image]
            and self._leased.get(image, client) == client
        )

    def _grant(self, client: _Client, lease: Lease) -> None:
        client.leases[lease.image] = lease
        self._leased[lease.image] = lease.client

    def _next(self, client: str, mine: _Client) -> Lease | None:
        first, second = (self._next_train, self._next_test)
        if self._test_due(bool(mine.leases) and self.is_test(next(reversed(mine.leases)))):
            first, second = second, first
        return first(client) or second(client)

    def _test_due(self, last_was_test: bool) -> bool:
        taken, tests = self._taken()
        if self._proving_since:
            taken_before, tests_before = self._proving_since
            return tests + 1 - tests_before <= PROVING_SHARE * (taken + 1 - taken_before)
        return not last_was_test and tests + 1 <= test_quota(taken + 1)

    def _taken(self) -> tuple[int, int]:
        """How many images are labelled or leased, and how many of these are test images."""
        leased_tests = sum(self._is_test[image] for image in self._leased)
        return (
            self.count(Status.LABELLED) + len(self._leased),
            self.count(Status.LABELLED, test=True) + leased_tests,
        )

    def _next_test(self, client: str) -> Lease | None:
        fresh = (image for image in self._test_order.scan(self._is_open) if self._is_free(image))
        again = (i for i in list(self._skipped_tests) if self._may_return(i))
        image = next(fresh, None)
        image = next(again, None) if image is None else image
        return None if image is None else Lease(image, client, Lane.TEST)

    def _may_return(self, image: int) -> bool:
        return (
            self.status(image) is Status.SKIPPED
            and image not in self._leased
            and self._skipped_tests[image] < MAX_TEST_SKIPS
        )

    def _next_train(self, client: str) -> Lease | None:
        for rank, entry in enumerate(self._entries):
            if self._is_free(entry.image):
                self._entries = self._entries[rank + 1 :]
                lane = Lane.RANDOM if entry.reason.kind is ReasonKind.RANDOM else Lane.QUERY
                return Lease(entry.image, client, lane, rank, entry, self.model_version)
        free = (image for image in self._train_order.scan(self._is_open) if self._is_free(image))
        image = next(free, None)
        return None if image is None else Lease(image, client, Lane.RANDOM)

    def _natural_lane(self, image: int) -> Lane:
        return Lane.TEST if self.is_test(image) else Lane.RANDOM

    def _is_open(self, image: int) -> bool:
        return self._status[image] == Status.OPEN

    def _is_free(self, image: int) -> bool:
        return image < len(self._status) and self._is_open(image) and image not in self._leased

    def _is_candidate(self, image: int) -> bool:
        return self._is_free(image) and not self._is_test[image]


def _random_key(image_id: str) -> int:
    """64 bits of the id that the hold-out's draw hardly looks at: it goes by the first digits, this by the last."""
    return int(image_id[-16:], 16)
