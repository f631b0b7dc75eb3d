"""What callers may ask, validated once at the boundary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainer.service.refusals import BadCall

Text = Annotated[str, Field(min_length=1, max_length=4096)]
Whole = Annotated[int, Field(strict=True)]


class Call(BaseModel):
    """Base of all calls: no unknown fields, no silent conversion of numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def parse(cls, payload: object) -> Self:
        """Validate a decoded body. Raises BadCall naming the first bad field."""
        if not isinstance(payload, dict):
            raise BadCall(
                "invalid", "", f"the body is {type(payload).__name__}; expected a JSON object with {_fields(cls)}"
            )
        try:
            return cls.model_validate(payload)
        except ValidationError as error:
            raise _explained(dict(error.errors()[0]), cls) from error

    @classmethod
    def parse_query(cls, arguments: Mapping[str, list[str]]) -> Self:
        """Validate the arguments of a query string: whole numbers in digits, `true` or `false`. Raises BadCall."""
        for name, values in arguments.items():
            if len(values) != 1:
                raise BadCall("invalid", name, f"{name} is given {len(values)} times; expected once")
        return cls.parse({name: _typed(cls, name, values[0]) for name, values in arguments.items()})


class ActiveLearning(Call):
    """`/active_learning`: which images to label next."""

    backbone: Text
    add: Annotated[Whole, Field(ge=1)]
    method: Text
    path_to_labels: Text
    path_to_img: Text
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    predictions: Annotated[bool, Field(strict=True)] = False


class F1(Call):
    """`/f1`: how good a model trained on some labels is on others."""

    backbone: Text
    path_to_labels_train: Text
    path_to_img_train: Text
    path_to_labels_val: Text
    path_to_img_val: Text


def _typed(call: type[Call], name: str, value: str) -> object:
    kind = call.model_fields[name].annotation if name in call.model_fields else str
    if kind is int and value.isascii() and value.removeprefix("-").isdigit() and len(value) < 30:
        return int(value)
    if kind is bool and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def _explained(error: dict[str, Any], call: type[Call]) -> BadCall:
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return BadCall("invalid", field, f"{field} is missing; expected {_fields(call)}")
    if error["type"] == "extra_forbidden":
        return BadCall("invalid", field[:80], f"{field[:80]!r} is not known; expected {_fields(call)}")
    expected = error["msg"][0].lower() + error["msg"][1:]
    return BadCall("invalid", field, f"{field}: {expected}; got {repr(error['input'])[:80]}")


def _fields(call: type[Call]) -> str:
    names = [name if info.is_required() else f"{name} (optional)" for name, info in call.model_fields.items()]
    return ", ".join(names)
