"""Wire messages, validated once at the boundary. Images and classes travel as the labeler's numbers."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from shared.events import MAX_LEASED, MAX_LOOK_ALIKES, MAX_RANKING_ENTRIES
from shared.steering import Steering
from shared.wire import Message, Number, Seq, Share


class Kind(StrEnum):
    """What a row of the log does."""

    LABEL = "label"
    SKIP = "skip"
    FLAG = "flag"
    UNDO = "undo"


class Lane(StrEnum):
    """Why an image is asked. An image itself is either TEST (hold-out) or one of the others."""

    QUERY = "query"
    RANDOM = "random"
    TEST = "test"
    AUDIT = "audit"
    REVIEW = "review"


class SessionState(StrEnum):
    """The session as the labeler sees it; the table of transitions is in labeler/session.py."""

    SETUP = "setup"
    LABELLING = "labelling"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"


class TrainerState(StrEnum):
    """What the trainer is doing."""

    STARTING = "starting"
    EMBEDDING = "embedding"
    TRAINING = "training"
    WAITING = "waiting"
    PAUSED = "paused"
    STOPPED = "stopped"


class ReasonKind(StrEnum):
    """Why a ranked image was chosen."""

    UNCERTAIN = "uncertain"
    DIVERSE = "diverse"
    RANDOM = "random"


class ClassInfo(Message):
    """A class: a number that never changes and the name it has at present."""

    id: Number
    name: str


class LogRow(Message):
    """One row of the annotation log, as far as training needs it."""

    seq: Seq
    annotation_id: str
    image: Number
    kind: Kind
    class_id: Number | None = None
    undoes: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind is Kind.LABEL) != (self.class_id is not None):
            raise ValueError(f"a {self.kind} row has class_id {self.class_id}; a label has one and no other kind does")
        if (self.kind is Kind.UNDO) != (self.undoes is not None):
            raise ValueError(f"a {self.kind} row has undoes {self.undoes!r}; an undo has one and no other kind does")
        return self


class AnnotationBatch(Message):
    """Rows seq_from..seq_to of the log `log_id`, without gaps, and the classes as they are now.

    leased: images that people are looking at or will next, of any lane; a ranking counts them as selected.
    """

    log_id: str
    epoch: Number
    seq_from: Seq
    seq_to: Seq
    rows: list[LogRow]
    classes: list[ClassInfo]
    leased: list[Number] = Field(default_factory=list, max_length=MAX_LEASED)


class SessionNews(Message):
    """The session's state, and why it stopped if it did."""

    state: SessionState
    reason: str = ""


class Hello(Message):
    """The trainer's first message: what it has applied, and of which log."""

    protocol: Number
    log_id: str | None
    applied_seq: Seq
    model_version: Number


class Welcome(Message):
    """The labeler's answer: the log follows from `start_after`; 0 where the log is another one.

    versions: those of the model that the labeler keeps already. steering: the settings as they are now.
    """

    log_id: str
    epoch: Number
    start_after: Seq
    last_seq: Seq
    ranking_version: Number
    classes: list[ClassInfo]
    session: SessionNews
    versions: list[Number] = Field(default_factory=list)
    steering: Steering = Steering()


class Applied(Message):
    """Everything up to `seq` is in the trainer's label set."""

    epoch: Number
    seq: Seq


class Resend(Message):
    """A gap: send again from the row after `after`."""

    epoch: Number
    after: Seq


class PoolChanged(Message):
    """There are images the trainer has not read; `last` is the newest change number."""

    last: Number


class Reason(Message):
    """Why this image: the kind and, for uncertainty, the classes it lies between (class numbers)."""

    kind: ReasonKind
    classes: list[Number] = Field(default_factory=list, max_length=2)


class Prediction(Message):
    """The likeliest classes of one image, best first, as (class number, probability)."""

    top: list[tuple[Number, Share]] = Field(min_length=1, max_length=3)


class RankingEntry(Message):
    """One image of the order; a higher score is asked first.

    neighbours: the nearest labelled images. look_alikes: unlabelled training images that are nearly the same.
    """

    image: Number
    score: float
    reason: Reason
    prediction: Prediction | None = None
    neighbours: list[Number] = Field(default_factory=list, max_length=3)
    look_alikes: list[Number] = Field(default_factory=list, max_length=MAX_LOOK_ALIKES)


class Ranking(Message):
    """The head of the trainer's order of the unlabelled pool; the newest version wins."""

    epoch: Number
    version: Number
    based_on_seq: Seq
    model_version: Number
    strategy: str
    entries: list[RankingEntry] = Field(max_length=MAX_RANKING_ENTRIES)


class MetricValue(Message):
    """A metric on the hold-out with its 95 % interval, over n images."""

    value: float
    low: float | None = None
    high: float | None = None
    n: Number


class StopOutlook(Message):
    """How far one stop threshold is: a sentence for people, and whether it has been reached."""

    metric: str
    reached: bool
    sentence: str


class Advice(Message):
    """What one stop rule says: a sentence with its figures, and whether its condition holds now.

    stops: whether the rule stops the session when it holds, or only advises.
    """

    rule: str
    holds: bool
    stops: bool
    sentence: str


class PoolSummary(Message):
    """What the model says of `scored` unlabelled training images.

    shares: (class number, share taken for it), the most frequent ones. uncertainty: images by 1 − confidence, in bins
    of equal width from 0 to 1.
    """

    scored: Number
    shares: list[tuple[Number, Share]] = Field(max_length=100)
    uncertainty: list[Number] = Field(max_length=100)


class MetricsReport(Message):
    """One evaluation on the hold-out; the newest `based_on_seq` wins.

    `labels` is the number of training labels, `train_loss` the head's mean loss on them.
    `proving`: the stop thresholds look reached and what is missing is proof, that is test labels.
    """

    epoch: Number
    based_on_seq: Seq
    model_version: Number
    labels: Number
    train_loss: float | None
    metrics: dict[str, MetricValue]
    outlook: list[StopOutlook]
    proving: bool = False
    advice: list[Advice] = Field(default_factory=list)
    pool: PoolSummary | None = None


class TrainerStatus(Message):
    """What the trainer does now; `embedded` of `pool` images have been read. slow: whether the slow loop is on."""

    epoch: Number
    state: TrainerState
    applied_seq: Seq
    model_version: Number
    embedded: Number
    pool: Number
    backbone: str
    detail: str = ""
    slow: bool | None = None


class SlowState(StrEnum):
    """How far one round of the slow loop has come, or how it ended."""

    TRAINING = "training"
    EMBEDDING = "embedding"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"


class SlowReport(Message):
    """One round of the slow loop: new weights are trained, the pool is embedded, both are taken over or refused.

    round counts up, also over restarts; the newest report of a round wins. progress: of the present step.
    """

    epoch: Number
    round: Number
    state: SlowState
    labels: Number
    progress: Share
    sentence: str


class UnreadableImage(Message):
    """An image the trainer could not decode, with the reason for the Data page."""

    image: Number
    content_hash: str
    reason: str


class UnreadableImages(Message):
    """Images the trainer could not decode."""

    epoch: Number
    images: list[UnreadableImage] = Field(max_length=1000)


class StopReached(Message):
    """The trainer's stop rule has been met."""

    epoch: Number
    reason: str


class Finished(Message):
    """Model and predictions are on disk, under the names in `exports` below data/exports."""

    epoch: Number
    applied_seq: Seq
    model_version: Number
    exports: list[str]
