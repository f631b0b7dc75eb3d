from __future__ import annotations

import pytest

from shared.web import bearer, hostname, is_foreign_origin, same_secret


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:3333", "localhost"),
        ("[::1]:3333", "::1"),
        ("", ""),
        ("a.example:80", "a.example"),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert hostname(host) == name


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        (None, False),
        ("http://box:3333", False),
        ("http://BOX:3333", False),
        ("http://box", True),
        ("http://box:3334", True),
        ("null", True),
        ("http://[", True),
        ("", True),
    ],
)
def test_an_origin_of_elsewhere(origin: str | None, foreign: bool) -> None:
    environ = {"HTTP_HOST": "box:3333"} | ({} if origin is None else {"HTTP_ORIGIN": origin})
    assert is_foreign_origin(environ) is foreign


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", None), ("", None)]
)
def test_the_bearer_token(header: str, token: str | None) -> None:
    assert bearer({"HTTP_AUTHORIZATION": header}) == token


def test_secrets_are_compared_whole_and_nothing_equals_nothing() -> None:
    assert same_secret("abc", "abc")
    assert not any(same_secret(*pair) for pair in [("abc", "abd"), (None, None), ("", ""), ("abc", None), ("ä", "a")])
