"""What both services read from a request's headers before they trust it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


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
