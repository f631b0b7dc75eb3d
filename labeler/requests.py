"""What clients may ask, validated once at the boundary."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import InvalidInput
from shared.events import MAX_LOOK_ALIKES
from shared.messages import Kind, Lane

Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Name = Annotated[str, Field(max_length=80)]
ImageIdText = Annotated[str, Field(max_length=128)]
ClassName = Annotated[str, Field(max_length=200)]
DAY_MS = 86_400_000
MAX_BULK = 5_000  # images of one action


class Request(BaseModel):
    """Base of all requests: no unknown fields, no silent conversion of numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, payload: object) -> Self:
        """Validate a decoded body. Raises InvalidInput naming the first bad field."""
        if not isinstance(payload, dict):
            raise InvalidInput(
                f"the body is {type(payload).__name__}; expected a JSON object with the documented fields"
            )
        try:
            return cls.model_validate(payload)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            got = "" if first["type"] == "missing" else f"; got {repr(first['input'])[:80]}"
            raise InvalidInput(f"{field or 'body'}: {first['msg']}{got}", field) from error


class NewAnnotation(Request):
    """`POST /api/annotations`. `boxes` has its place for the detection task and must be empty until then.

    lane: `review` for an image that is answered again because its label is doubted; else left out.
    """

    annotation_id: Token
    image_id: ImageIdText
    kind: Kind
    label: ClassName | None = None
    boxes: list[object] | None = Field(default=None, max_length=0)
    annotator: Name = ""
    lane: Literal[Lane.REVIEW] | None = None
    duration_ms: Annotated[int, Field(strict=True, ge=0, le=DAY_MS)] | None = None
    queue_version: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = None

    @model_validator(mode="after")
    def _label_fits_kind(self) -> Self:
        if self.kind is Kind.UNDO:
            raise ValueError("undo with DELETE /api/annotations/<annotation_id>")
        if (self.kind is Kind.LABEL) != (self.label is not None):
            raise ValueError("kind `label` needs a label, `skip` and `flag` have none")
        return self


class NewBulk(Request):
    """`POST /api/annotations/bulk`: one answer for several images.

    like: an annotation whose label is given to further images that look the same; without it the action stands by
    itself, as in the grid and on the map. corrections: image_id → the label it gets instead. suggestion: the class that
    the model, in the version given, had for all of them.
    """

    bulk_id: Token
    kind: Literal[Kind.LABEL, Kind.FLAG] = Kind.LABEL
    like: Token | None = None
    label: ClassName | None = None
    image_ids: list[ImageIdText] = Field(min_length=1, max_length=MAX_BULK)
    corrections: dict[ImageIdText, ClassName] = Field(default_factory=dict)
    suggestion: ClassName | None = None
    model_version: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = None
    annotator: Name = ""
    client: Token | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if (self.kind is Kind.LABEL) != (self.label is not None):
            raise ValueError("kind `label` needs a label, `flag` has none")
        if self.like is not None and (self.kind is not Kind.LABEL or len(self.image_ids) > MAX_LOOK_ALIKES):
            raise ValueError(f"`like` goes with a label and at most {MAX_LOOK_ALIKES} images")
        if self.kind is Kind.FLAG and (self.corrections or self.suggestion is not None):
            raise ValueError("`flag` has neither corrections nor a suggestion")
        if not set(self.corrections) <= set(self.image_ids):
            raise ValueError("corrections names images that are not among image_ids")
        return self


class MapImagesRequest(Request):
    """`POST /api/map/images`."""

    numbers: list[Annotated[int, Field(strict=True, ge=0, le=2**53)]] = Field(max_length=MAX_BULK)


class LeaseRequest(Request):
    """`POST /api/leases`."""

    client: Token
    annotator: Name = ""
    count: Annotated[int, Field(strict=True, ge=0, le=20)] = 3
    upcoming: Annotated[int, Field(strict=True, ge=0, le=50)] = 5
    holding: list[ImageIdText] = Field(default_factory=list, max_length=50)


class ClassRequest(Request):
    """`POST /api/classes` and `PATCH /api/classes/<name>`."""

    name: Annotated[str, Field(max_length=2000)]


class ControlRequest(Request):
    """`POST /api/control`."""

    action: Literal["pause", "resume", "stop"]


class AskAgainRequest(Request):
    """`POST /api/files/ask-again`."""

    kind: Literal["skip", "flag"]
