"""Who may talk to the labeler. Wraps the whole WSGI application, Socket.IO's own path included."""

from __future__ import annotations

from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie

from shared.config import LOOPBACK, Server
from shared.web import Environ, Refusal, WsgiApp, bearer, guarded, hostname, is_foreign_origin, same_secret

COOKIE = "labelstream_token"
SOCKET_PATH = "/socket.io/"
OPEN_PATHS = frozenset({"/healthz"})
HEADERS = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]


class Guard:
    """Checks Host, Origin and token before anything else runs, and adds the security headers."""

    def __init__(self, server: Server, trainer_token: str) -> None:
        self._hosts = LOOPBACK | {server.host.lower()} | {host.lower() for host in server.allowed_hosts}
        self._token = server.token
        self._trainer_token = trainer_token

    def wrap(self, app: WsgiApp) -> WsgiApp:
        """The application behind this guard."""
        return guarded(app, self._refusal, HEADERS)

    def is_user(self, environ: Environ) -> bool:
        """Whether a person's request carries the token, where one is needed."""
        given = (bearer(environ), _cookie(environ), _query_token(environ))
        return self._token is None or any(same_secret(token, self._token) for token in given)

    def is_trainer(self, environ: Environ) -> bool:
        """Whether the request carries the link's token."""
        return same_secret(bearer(environ), self._trainer_token)

    def _refusal(self, environ: Environ) -> Refusal | None:
        host = str(environ.get("HTTP_HOST", ""))
        if hostname(host) not in self._hosts:
            sentence = (
                f"this labeler is not known as {host[:80]!r}; add the name to server.allowed_hosts if it should be"
            )
            return Refusal(HTTPStatus.FORBIDDEN, "foreign_host", sentence)
        if is_foreign_origin(environ):
            sentence = (
                f"a page of {str(environ.get('HTTP_ORIGIN'))[:80]!r} may not talk to this labeler; open {host} itself"
            )
            return Refusal(HTTPStatus.FORBIDDEN, "foreign_origin", sentence)
        path = str(environ.get("PATH_INFO", ""))
        if path in OPEN_PATHS or path.startswith(SOCKET_PATH) or self.is_trainer(environ) or self.is_user(environ):
            return None
        sentence = "this labeler asks for its token: open the page once with ?token=… as printed at its start"
        return Refusal(HTTPStatus.UNAUTHORIZED, "token", sentence)


def _cookie(environ: Environ) -> str | None:
    try:
        morsel = SimpleCookie(str(environ.get("HTTP_COOKIE", ""))).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _query_token(environ: Environ) -> str | None:
    if environ.get("REQUEST_METHOD") != "GET":
        return None
    parts = (part.partition("=") for part in str(environ.get("QUERY_STRING", "")).split("&"))
    return next((value for key, _, value in parts if key == "token"), None)
