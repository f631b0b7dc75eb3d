"""What all messages on the wire are made of."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import ProtocolError

MAX_NUMBER: Final = 2**53 - 1  # the largest integer that every JSON reader keeps exactly
Number = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Seq = Number
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Message(BaseModel):
    """Base of all messages: immutable, no unknown fields, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, payload: object) -> Self:
        """Validate what came over the wire. Raises ProtocolError naming the first bad field."""
        try:
            return cls.model_validate(payload)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "message"
            raise ProtocolError(f"{cls.__name__}.{where}: {first['msg']}; got {_short(first['input'])}") from error

    def wire(self) -> dict[str, Any]:
        """The message as JSON-ready values."""
        return self.model_dump(mode="json")


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + "…"
