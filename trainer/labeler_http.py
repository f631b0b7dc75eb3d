"""What goes between trainer and labeler over HTTP: the pool's directory, images, answers to pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import requests
from pydantic import ConfigDict, Field

from shared.errors import LabelstreamError, ProtocolError
from shared.wire import Message

PAGE = 2_000
TIMEOUT_S = (5.0, 60.0)
MAX_IMAGES = 2**26


class PoolRow(Message):
    """An image as the labeler knows it; docs/protocol.md explains the fields."""

    model_config = ConfigDict(extra="ignore")

    number: Annotated[int, Field(ge=0, lt=MAX_IMAGES)]
    image_id: str
    content_hash: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    lane: Literal["train", "test"]
    path: str
    removed: bool = False
    change: Annotated[int, Field(ge=0)]


class PoolPage(Message):
    """Some rows in order of `change`; `last` is the newest change there is."""

    model_config = ConfigDict(extra="ignore")

    images: list[PoolRow]
    last: int


class MaskRow(Message):
    """A mask that was painted, or taken away, on an image of width × height pixels."""

    model_config = ConfigDict(extra="ignore")

    number: Annotated[int, Field(ge=0, lt=MAX_IMAGES)]
    image_id: str
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    change: Annotated[int, Field(ge=0)]
    painted: bool


class MaskPage(Message):
    """Some masks in order of `change`; `last` is the newest change there is."""

    masks: list[MaskRow]
    last: int


class LabelerUnreachable(LabelstreamError):
    """The labeler did not answer, or with an error."""

    code = "labeler_unreachable"


class LabelerHttp:
    """A client of the labeler; raises LabelerUnreachable or ProtocolError."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._session = requests.Session()
        self._session.trust_env = False  # the labeler is never behind the system's proxy

    def pool(self, after: int, limit: int = PAGE) -> PoolPage:
        """The rows that changed after `after`, at most `limit`."""
        answer = self._get("/api/pool", {"after": after, "limit": limit})
        try:
            return PoolPage.parse(answer.json())
        except requests.JSONDecodeError as error:
            raise ProtocolError(f"{self._url}/api/pool did not answer with JSON: {error}") from error

    def image(self, image_id: str) -> bytes | None:
        """The bytes of an image, as the labeler serves them; None where it is gone."""
        answer = self._get(f"/images/{image_id}", {}, missing_is_fine=True)
        return answer.content if answer.ok else None

    def masks(self, after: int, limit: int = PAGE) -> MaskPage:
        """The masks that changed after `after`, at most `limit`."""
        answer = self._get("/api/masks", {"after": after, "limit": limit})
        try:
            return MaskPage.parse(answer.json())
        except requests.JSONDecodeError as error:
            raise ProtocolError(f"{self._url}/api/masks did not answer with JSON: {error}") from error

    def mask(self, image_id: str) -> bytes | None:
        """The painted mask of an image; None where it has none any more."""
        answer = self._get(f"/api/masks/{image_id}", {}, missing_is_fine=True)
        return answer.content if answer.ok else None

    def answer(self, id: str, body: bytes) -> None:  # noqa: A002 - the question's id
        """Hand over what a question is answered with."""
        self._request("POST", f"/api/trainer/answers/{id}", data=body, missing_is_fine=True)

    def _get(self, path: str, params: dict[str, int], missing_is_fine: bool = False) -> requests.Response:
        return self._request("GET", path, params=params, missing_is_fine=missing_is_fine)

    def _request(
        self,
        method: str,
        path: str,
        params: dict[str, int] | None = None,
        data: bytes | None = None,
        missing_is_fine: bool = False,
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token()}"}
        try:
            answer = self._session.request(
                method, self._url + path, params=params, data=data, headers=headers, timeout=TIMEOUT_S
            )
            if not (missing_is_fine and answer.status_code in (404, 410)):
                answer.raise_for_status()
        except requests.RequestException as error:
            reason = "no connection" if isinstance(error, requests.ConnectionError) else str(error)
            raise LabelerUnreachable(f"{self._url}{path}: {reason}") from error
        return answer
