from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import TRAINER_TOKEN, World

SECRET = "a-secret-of-sixteen-or-more"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3334", "127.0.0.1.evil.example", "", "[::2]", "0x7f.1"])
@pytest.mark.parametrize("path", ["/api/state", "/", "/socket.io/?EIO=4&transport=polling", "/static/css/tokens.css"])
def test_a_foreign_host_is_refused(world: World, host: str, path: str) -> None:
    answer = world.client.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert "server.allowed_hosts" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3334", "127.0.0.1:80", "[::1]:3334"])
def test_loopback_names_are_known(world: World, host: str) -> None:
    assert world.client.get("/api/state", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9999", "http://127.0.0.1"])
def test_a_foreign_origin_is_refused(world: World, origin: str) -> None:
    headers = {"Host": "localhost:3334", "Origin": origin}
    for path in ("/api/state", "/socket.io/?EIO=4&transport=polling"):
        assert world.client.get(path, headers=headers).status_code == 403
    assert world.client.post("/api/control", json={"action": "stop"}, headers=headers).status_code == 403


def test_its_own_origin_is_welcome(world: World) -> None:
    headers = {"Host": "localhost:3334", "Origin": "http://localhost:3334"}
    assert world.client.get("/api/state", headers=headers).status_code == 200


def test_forwarded_hosts_are_not_believed(world: World) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "localhost"}
    assert world.client.get("/api/state", headers=headers).status_code == 403


def test_every_answer_carries_the_security_headers(world: World) -> None:
    for path in ("/", "/api/state", "/nothing", "/socket.io/?EIO=4&transport=polling"):
        headers = world.client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.fixture
def guarded(make_world: Callable[..., World]) -> World:
    return make_world(server__token=SECRET, classes=["cat"])


def test_without_the_token_only_health_is_open(guarded: World) -> None:
    assert guarded.client.get("/healthz").status_code == 200
    for path in ("/", "/api/state", "/images/x", "/api/pool"):
        assert guarded.client.get(path).status_code == 401
    assert guarded.client.get("/api/state", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert guarded.client.post("/api/control?token=" + SECRET, json={"action": "stop"}).status_code == 401


def test_the_token_in_the_address_becomes_a_cookie(guarded: World) -> None:
    client = guarded.client
    answer = client.get(f"/?token={SECRET}")
    assert answer.status_code == 302
    assert "token" not in answer.headers["Location"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert client.get("/api/state").status_code == 200


def test_a_bearer_token_is_enough_for_scripts(guarded: World) -> None:
    assert guarded.client.get("/api/state", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 200


def test_the_trainer_reads_the_pool_with_its_own_token(guarded: World) -> None:
    headers = {"Authorization": f"Bearer {TRAINER_TOKEN}"}
    assert guarded.client.get("/api/pool", headers=headers).status_code == 200
