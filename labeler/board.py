"""What the log and the catalogue amount to, in memory: queue, standing labels, session. Guarded by one lock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from labeler.database import Database
from labeler.image_store import ImageStore
from labeler.queue import Queue, Status
from labeler.session import Event, advance
from labeler.store import Annotation, AnnotationStore
from shared.errors import LabelstreamError
from shared.log import LabelBook, Standing
from shared.messages import Kind, Lane, SessionNews, SessionState

ALL_LABELLED = "every image has been labelled"
IMPORTER = "import"  # the annotator of labels that come from a file
STATUS_OF = {Kind.LABEL: Status.LABELLED, Kind.SKIP: Status.SKIPPED, Kind.FLAG: Status.FLAGGED}


class Topic(StrEnum):
    """What may have changed; whoever listens asks for the details."""

    LOG = "log"
    STATE = "state"
    QUEUE = "queue"
    METRICS = "metrics"
    TRAINER = "trainer"
    POOL = "pool"
    SESSION = "session"
    SETTINGS = "settings"
    VERSIONS = "versions"


@dataclass(frozen=True, slots=True)
class Scan:
    """How far the look at the image folder has come; `done` once everything was looked at once."""

    found: int = 0
    indexed: int = 0
    done: bool = False


class Board:
    """The present state. Every method takes the lock itself; `lock` may be held around several calls."""

    def __init__(self, database: Database, lease_seconds: float) -> None:
        """Read the state back from the database."""
        self.lock = threading.RLock()
        self.queue = Queue(lease_seconds)
        self.book = LabelBook()
        self.label_counts: Counter[int] = Counter()
        self.bulk_labels = 0
        self._bulk_seqs: set[int] = set()
        self._imported_last = False
        self.class_names = AnnotationStore(database).class_names()
        self.scan = Scan()
        self.file_counts = ImageStore(database).file_counts()
        self.problem: LabelstreamError | None = None
        self._database = database
        self._listeners: list[Callable[[Topic], None]] = []
        state = database.get_meta("session", SessionState.SETUP.value)
        self.session = SessionNews(state=SessionState(state), reason=database.get_meta("stop_reason"))
        self._load(ImageStore(database), AnnotationStore(database))

    def _load(self, images: ImageStore, annotations: AnnotationStore) -> None:
        gone: list[int] = []
        for chunk in images.image_keys():
            self.queue.add([(number, lane == Lane.TEST, image_id) for number, image_id, lane, _ in chunk])
            gone += [number for number, _, _, usable in chunk if not usable]
        self.queue.settle()
        for row in annotations.whole_log():
            self._take(row)
        for image, standing in self.book:
            self.queue.set_status(image, STATUS_OF[standing.kind])
        for number in gone:
            self.queue.set_status(number, Status.GONE)
        self.label_counts.update(self.book.labels().values())
        self.bulk_labels = sum(standing.seq in self._bulk_seqs for _, standing in self.book)

    def subscribe(self, listener: Callable[[Topic], None]) -> None:
        """Have `listener` called whenever something changes. It must return at once and not raise."""
        self._listeners.append(listener)

    def tell(self, *topics: Topic) -> None:
        """Tell the listeners."""
        for topic in topics:
            for listener in self._listeners:
                listener(topic)

    def apply(self, rows: Iterable[Annotation]) -> None:
        """Take in rows that have been committed to the log."""
        with self.lock:
            for row in rows:
                before = self.book.standing(row.image)
                self._take(row)
                self._recount(before, self.book.standing(row.image))
                self._restore_status(row.image)
            self._settle()
        self.tell(Topic.LOG, Topic.STATE)

    def add_class(self, number: int, name: str) -> None:
        """A class was made or renamed."""
        with self.lock:
            self.class_names[number] = name
            self._settle()
        self.tell(Topic.LOG, Topic.STATE)

    def add_images(self, new: Sequence[tuple[int, bool, str]]) -> None:
        """Images were added to the catalogue, as (number, in the hold-out?, image_id)."""
        if new:
            with self.lock:
                self.queue.add(new)
                self._settle()
            self.tell(Topic.POOL, Topic.STATE)

    def lose_images(self, numbers: Iterable[int]) -> None:
        """Images can no longer be shown; what was said of them stays in the log."""
        with self.lock:
            for number in numbers:
                self.queue.set_status(number, Status.GONE)
            self._settle()
        self.tell(Topic.POOL, Topic.STATE)

    def regain_images(self, numbers: Sequence[int]) -> None:
        """Images that were gone are there again."""
        if numbers:
            with self.lock:
                for number in numbers:
                    self.queue.set_status(number, self._standing_status(number))
                self._settle()
            self.tell(Topic.POOL, Topic.STATE)

    def note_scan(self, scan: Scan, file_counts: dict[str, int]) -> None:
        """The look at the image folder has come this far and found so many unusable, doubled and lost files."""
        with self.lock:
            self.scan, self.file_counts = scan, file_counts
            self._settle()
        self.tell(Topic.STATE)

    def note_problem(self, problem: LabelstreamError | None) -> None:
        """Something stands in the way of saving (None: no longer); the pages show it."""
        if problem is not self.problem:
            self.problem = problem
            self.tell(Topic.STATE)

    def move(self, event: Event, reason: str = "") -> SessionNews:
        """Change the session's state. Raises Conflict where that is not allowed."""
        with self.lock:
            state = advance(self.session.state, event)
            if event is Event.FINISHED:
                reason = self.session.reason
            self.session = SessionNews(state=state, reason=reason)
            self._database.set_meta(session=state.value, stop_reason=reason)
        self.tell(Topic.SESSION, Topic.STATE)
        return self.session

    def _settle(self) -> None:
        """Leave `setup` by itself, stop when nothing is left, go on when new images came after that."""
        state, open_images = self.session.state, self.queue.count(Status.OPEN)
        if state is SessionState.SETUP and self.class_names and len(self.queue):
            self.move(Event.READY)
        elif state is SessionState.LABELLING and not open_images and self._all_labelled_by_hand():
            self.move(Event.STOP, ALL_LABELLED)
        elif state in _AFTER_STOP and open_images and self.session.reason == ALL_LABELLED:
            self.move(Event.RESUME)

    def _all_labelled_by_hand(self) -> bool:
        """Where the last labels came from a file, nobody is done labelling: people watch a training then."""
        return self.scan.done and self.label_counts.total() > 0 and not self._imported_last

    def _take(self, row: Annotation) -> None:
        if row.kind is Kind.LABEL and self.book.standing(row.image) is None:  # no correction
            self._imported_last = row.annotator == IMPORTER
        self.book.apply(row.for_trainer())
        if row.bulk is not None:
            self._bulk_seqs.add(row.seq)

    def _recount(self, before: Standing | None, after: Standing | None) -> None:
        for standing, step in ((before, -1), (after, 1)):
            if standing and standing.class_id is not None:
                self.label_counts[standing.class_id] += step
                self.bulk_labels += step * (standing.seq in self._bulk_seqs)

    def _standing_status(self, image: int) -> Status:
        standing = self.book.standing(image)
        return STATUS_OF[standing.kind] if standing else Status.OPEN

    def _restore_status(self, image: int) -> None:
        if self.queue.status(image) is not Status.GONE:
            self.queue.set_status(image, self._standing_status(image))


_AFTER_STOP = frozenset({SessionState.STOPPING, SessionState.STOPPED})
