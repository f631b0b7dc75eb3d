"""What stands before both services: who a request is from, and a refusal with a sentence."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Headers = Sequence[tuple[str, str]]


class Refusal(NamedTuple):
    """Why a request is not let in."""

    status: HTTPStatus
    code: str
    message: str


def guarded(app: WsgiApp, refusal: Callable[[Environ], Refusal | None], headers: Headers) -> WsgiApp:
    """`app` for the requests without a `refusal`, the others are told why; `headers` are added to every answer."""

    def respond(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if found := refusal(environ):
            return _refuse(start_response, found, headers)

        def with_headers(status: str, given: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*given, *headers], *rest)

        return app(environ, with_headers)

    return respond


def _refuse(start_response: Callable[..., Any], refusal: Refusal, headers: Headers) -> list[bytes]:
    body = json.dumps({"error": {"code": refusal.code, "field": "", "message": refusal.message}}).encode()
    own = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{refusal.status.value} {refusal.status.phrase}", [*own, *headers])
    return [body]


def same_secret(given: str | None, secret: str | None) -> bool:
    """Whether a secret was given and is right, in time that does not depend on where it differs."""
    return bool(given and secret) and hmac.compare_digest(str(given).encode(), str(secret).encode())


def bearer(environ: Mapping[str, Any]) -> str | None:
    """The token of the Authorization header."""
    scheme, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def hostname(host: str) -> str:
    """The name in a Host header, without port and brackets, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if host.rpartition(":")[2].isdigit() and ":" in host else host.lower()


def is_foreign_origin(environ: Mapping[str, Any]) -> bool:
    """Whether a page of another place sends this: the Origin header names one, `null` included."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return False
    try:
        return urlsplit(str(origin)).netloc.lower() != str(environ.get("HTTP_HOST", "")).lower()
    except ValueError:  # no address at all
        return True
