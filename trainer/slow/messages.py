"""What the trainer and the process of a round tell each other: lines of JSON."""

from __future__ import annotations

from pydantic import Field

from shared.config import Config
from shared.messages import SlowState
from shared.wire import Message, Share
from trainer.slow.schedule import Kind


class Job(Message):
    """The one line on the process's standard input.

    network: file of the space to begin from; None begins with the configured network. labels: file with the training
    labels and their embeddings in the present space; None where there are none. class_weights: by class number.
    """

    kind: Kind
    seed: int
    config: Config
    network: str | None
    labels: str | None
    class_weights: dict[int, float] = Field(default_factory=dict)


class Step(Message):
    """A line on its standard output: how far it is."""

    state: SlowState
    progress: Share
    sentence: str


class Outcome(Message):
    """The last line: file of the space it has made, whether it may be used, and the sentence for people."""

    space: str
    accepted: bool
    sentence: str


def parse_line(line: bytes) -> Step | Outcome:
    """A line of the process. Raises ValueError."""
    kind: type[Step] | type[Outcome] = Step if b'"progress"' in line else Outcome
    return kind.model_validate_json(line)
