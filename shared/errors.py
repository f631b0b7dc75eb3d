"""The error tree. Every message says what was received, what was expected and what to do."""

from __future__ import annotations


class LabelstreamError(Exception):
    """Base of every error a user may see; its text is shown without a traceback."""

    code = "error"


class ConfigError(LabelstreamError):
    """The configuration cannot be used; the text names the key, the value and what was expected."""

    code = "config"


class InvalidInput(LabelstreamError):
    """A request that can never succeed as it is. `field` names the offending part."""

    code = "invalid"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnknownImage(InvalidInput):
    """An image id that is not in the catalogue."""

    code = "unknown_image"


class UnknownClass(InvalidInput):
    """A class name that nobody has added."""

    code = "unknown_class"


class UnknownAnnotation(InvalidInput):
    """An annotation id that is not in the log."""

    code = "unknown_annotation"


class Conflict(InvalidInput):
    """The request is well formed, but does not fit the present state."""

    code = "conflict"


class StorageFull(LabelstreamError):
    """The disk refused a commit; nothing was acknowledged."""

    code = "storage_full"


class ImageRejected(LabelstreamError):
    """A file that cannot be used as an image; the text is the reason shown on the Data page."""

    code = "image_rejected"


class ProtocolError(LabelstreamError):
    """The other service sent something this version does not understand."""

    code = "protocol"


class StartRefused(LabelstreamError):
    """A service cannot start (port in use, folder locked); the text says what to do."""

    code = "start_refused"
