"""Who may talk to the trainer: programs on this machine, or with the token; never a web page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from shared.config import LOOPBACK, TrainerService
from shared.web import bearer, hostname, is_foreign_origin, same_secret

OPEN_PATHS: Final = frozenset({"/healthz"})
FROM_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})  # other pages, another port of this machine too
HEADERS: Final = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Guard:
    """Checks Host, Origin and token before anything else runs.

    link_token: what callers send where trainer.token is not set and the host is not this machine's own.
    """

    def __init__(self, config: TrainerService, link_token: Callable[[], str]) -> None:
        self._hosts = LOOPBACK | {config.host.lower()} | {host.lower() for host in config.allowed_hosts}
        self._is_open = config.token is None and config.host in LOOPBACK
        self._token = config.token
        self._link_token = link_token

    def wrap(self, app: WsgiApp) -> WsgiApp:
        """The application behind this guard."""

        def guarded(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            if refusal := self._refusal(environ):
                return _refuse(start_response, *refusal)

            def with_headers(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                return start_response(status, headers + HEADERS, *rest)

            return app(environ, with_headers)

        return guarded

    def _refusal(self, environ: Environ) -> tuple[HTTPStatus, str, str] | None:
        host = str(environ.get("HTTP_HOST", ""))
        if hostname(host) not in self._hosts:
            sentence = (
                f"this trainer is not known as {host[:80]!r}; add the name to trainer.allowed_hosts if it should be"
            )
            return HTTPStatus.FORBIDDEN, "foreign_host", sentence
        if is_foreign_origin(environ) or environ.get("HTTP_SEC_FETCH_SITE") in FROM_ELSEWHERE:
            return HTTPStatus.FORBIDDEN, "foreign_origin", "a web page may not talk to the trainer; use a program"
        if environ.get("PATH_INFO") in OPEN_PATHS or self._is_open:
            return None
        if same_secret(bearer(environ), self._token or self._link_token()):
            return None
        sentence = "the trainer asks for its token: send the header `Authorization: Bearer …` with trainer.token, or "
        return HTTPStatus.UNAUTHORIZED, "token", sentence + "with what tokens/trainer in the data folder holds"


def _refuse(start_response: Callable[..., Any], status: HTTPStatus, code: str, message: str) -> list[bytes]:
    body = json.dumps({"error": {"code": code, "field": "", "message": message}}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *HEADERS]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
