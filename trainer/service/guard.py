"""Who may talk to the trainer: programs on this machine, or with the token; never a web page."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from shared.config import LOOPBACK, TrainerService
from shared.web import Environ, Refusal, WsgiApp, bearer, guarded, hostname, is_foreign_origin, same_secret

OPEN_PATHS: Final = frozenset({"/healthz"})
FROM_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})  # other pages, another port of this machine too
HEADERS: Final = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]


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
        return guarded(app, self._refusal, HEADERS)

    def _refusal(self, environ: Environ) -> Refusal | None:
        host = str(environ.get("HTTP_HOST", ""))
        if hostname(host) not in self._hosts:
            sentence = (
                f"this trainer is not known as {host[:80]!r}; add the name to trainer.allowed_hosts if it should be"
            )
            return Refusal(HTTPStatus.FORBIDDEN, "foreign_host", sentence)
        if is_foreign_origin(environ) or environ.get("HTTP_SEC_FETCH_SITE") in FROM_ELSEWHERE:
            return Refusal(
                HTTPStatus.FORBIDDEN, "foreign_origin", "a web page may not talk to the trainer; use a program"
            )
        if environ.get("PATH_INFO") in OPEN_PATHS or self._is_open:
            return None
        if same_secret(bearer(environ), self._token or self._link_token()):
            return None
        sentence = "the trainer asks for its token: send the header `Authorization: Bearer …` with trainer.token, or "
        return Refusal(HTTPStatus.UNAUTHORIZED, "token", sentence + "with what tokens/trainer in the data folder holds")
