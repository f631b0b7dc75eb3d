"""What the labeler asks of the trainer on behalf of a page, and how the answer travels.

The question goes over the socket; the answer comes as an HTTP request, because it may be large.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field

from shared.errors import LabelstreamError, ProtocolError
from shared.wire import Message, Number, Share

MAX_HEAD_BYTES: Final = 100_000
MAX_GRID: Final = 500  # images


class Question(Message):
    """One thing to be asked. Equal questions have equal answers: all that an answer rests on is in its question."""


class MapQuestion(Question):
    """Where every embedded image lies on the map, and what the model says of it now.

    turn: another number whenever it is asked anew, because embeddings and model move on. The data are the columns
    PLACES of shared/mapping.py; the facts have `model_version` and `space`. While the map is being drawn there are no
    data, and the facts have `progress`, 0..1.
    """

    projection: Literal["pca", "tsne"]
    turn: Number


class GridQuestion(Question):
    """Open training images that the model gives one class, surest first, those that look alike side by side.

    turn: as in MapQuestion. The facts have `model_version`, `images`: [[number, confidence, group]], where images of a
    group look alike, and `counts`: class number → how many open images the model gives it.
    """

    class_id: Number
    limit: Annotated[int, Field(ge=1, le=MAX_GRID)]
    turn: Number


class ExplainQuestion(Question):
    """What the model looks at in one image.

    content: the image's hash, as `image_id` has it. method: a name of the trainer's table. class_id: which class speaks
    for itself; None for the likeliest. version: None for the present one, of which `turn` is the number that the
    labeler knows. layer: None for the usual one. shifted: whether the model is that of shifted images, see
    docs/explanations.md.
    The data are a grey PNG of the prepared image's size, to be stretched over the whole image; the facts are those of
    trainer/explanation/answers.py.
    """

    image: Number
    content: Annotated[str, Field(max_length=200)]
    method: Annotated[str, Field(max_length=40)]
    class_id: Number | None = None
    version: Number | None = None
    layer: Annotated[str, Field(max_length=200)] | None = None
    shifted: bool = False
    turn: Number = 0


class MethodsQuestion(Question):
    """Which saliency methods the present model allows. turn: as in MapQuestion. The facts have `methods`, `layers`."""

    turn: Number


class LabelIssuesQuestion(Question):
    """Which training labels are probably wrong. turn: as in MapQuestion.

    The facts are those of trainer/label_issues.py.
    """

    turn: Number


QUESTIONS: Final[dict[str, type[Question]]] = {
    "map": MapQuestion,
    "grid": GridQuestion,
    "explain": ExplainQuestion,
    "methods": MethodsQuestion,
    "label_issues": LabelIssuesQuestion,
}


class Ask(Message):
    """A question on its way; `kind` is its name in QUESTIONS."""

    epoch: Number
    id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    kind: str
    question: dict[str, Any]

    @classmethod
    def of(cls, epoch: int, id: str, question: Question) -> Ask:  # noqa: A002 - the field's name
        """`question` on its way."""
        return cls(epoch=epoch, id=id, kind=kind_of(question), question=question.wire())

    def read(self) -> Question:
        """The question. Raises ProtocolError where this version does not know its kind."""
        if self.kind not in QUESTIONS:
            raise ProtocolError(
                f"got a question of the kind {self.kind[:40]!r}; expected one of {', '.join(QUESTIONS)}"
            )
        return QUESTIONS[self.kind].parse(self.question)


def kind_of(question: Question) -> str:
    """The name of a question's kind."""
    return next(kind for kind, made in QUESTIONS.items() if type(question) is made)


class AnswerState(StrEnum):
    """How far an answer is. DROPPED: newer questions have taken its place; it may be asked again."""

    WORKING = "working"
    DONE = "done"
    DROPPED = "dropped"
    REFUSED = "refused"


class AnswerHead(Message):
    """What is said of an answer beside its bytes.

    progress: while WORKING. sentence: why it was REFUSED. facts: what else the page needs to know, as JSON.
    """

    state: AnswerState
    progress: Share = 0.0
    sentence: str = ""
    facts: dict[str, Any] = Field(default_factory=dict)


class Answer(NamedTuple):
    """What a question is answered with. data: empty where `facts` say everything."""

    facts: dict[str, Any]
    data: bytes = b""


class QuestionRefused(LabelstreamError):
    """There is no answer to this question; the text says why, and what to ask instead."""

    code = "refused"


def pack_answer(head: AnswerHead, data: bytes = b"") -> bytes:
    """The body of the HTTP request: a line of JSON, then the bytes."""
    return json.dumps(head.wire()).encode() + b"\n" + data


def unpack_answer(body: bytes) -> tuple[AnswerHead, bytes]:
    """What `pack_answer` packed. Raises ProtocolError."""
    end = body.find(b"\n", 0, MAX_HEAD_BYTES)
    if end < 0:
        raise ProtocolError(f"an answer of {len(body):,} bytes has no first line of JSON; expected one")
    try:
        head = json.loads(body[:end])
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the first line of an answer is not JSON: {error}") from error
    return AnswerHead.parse(head), body[end + 1 :]
