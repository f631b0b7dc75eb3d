"""What the service says no with."""

from __future__ import annotations

from shared.errors import Conflict, InvalidInput, LabelstreamError


class BadCall(InvalidInput):
    """A call that can never succeed as it is; `code` tells programs why, the text tells people what to do."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message, field)
        self.code = code


class OutsideRoots(BadCall):
    """A path that the service may not read, whether it exists or not."""


class NoWeights(Conflict):
    """The backbone is known, but its pretrained weights cannot be had or used here."""

    code = "no_weights"


class UnknownJob(InvalidInput):
    """No job has this id, or it ended long ago."""

    code = "unknown_job"


class Cancelled(Conflict):
    """The job was cancelled before it was done."""

    code = "cancelled"


class Busy(LabelstreamError):
    """Too many jobs are waiting; `retry_after_s` says when to ask again."""

    code = "busy"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
