from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shared.config import TrainerService
from trainer.service.guard import Guard

LINK = "the-token-of-the-link-000000000000"


def client(**config: object) -> FlaskClient:
    app = Flask("x")
    app.add_url_rule("/healthz", "healthz", lambda: "fine")
    app.add_url_rule("/jobs/1", "job", lambda: "fine")
    guard = Guard(TrainerService.model_validate(config), lambda: LINK)
    app.wsgi_app = guard.wrap(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app.test_client()


@pytest.mark.parametrize("host", ["localhost:3333", "127.0.0.1:3333", "[::1]:3333", "LOCALHOST"])
def test_this_machine_needs_no_token(host: str) -> None:
    assert client().get("/jobs/1", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "evil.example"}, "foreign_host"),
        ({"Host": "evil.example:3333"}, "foreign_host"),
        ({"Host": ""}, "foreign_host"),
        ({"Origin": "http://evil.example"}, "foreign_origin"),
        ({"Origin": "http://localhost:8000"}, "foreign_origin"),
        ({"Origin": "null"}, "foreign_origin"),
        ({"Origin": "http://["}, "foreign_origin"),
        ({"Sec-Fetch-Site": "cross-site"}, "foreign_origin"),
        ({"Sec-Fetch-Site": "same-site"}, "foreign_origin"),
    ],
)
def test_a_web_page_of_elsewhere_is_refused(headers: dict[str, str], code: str) -> None:
    answer = client().get("/jobs/1", headers={"Host": "localhost:3333"} | headers)
    assert answer.status_code == 403
    assert answer.json
    assert answer.json["error"]["code"] == code


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_an_address_that_someone_types_is_let_in(site: str) -> None:
    assert client().get("/jobs/1", headers={"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize("own", [None, "a-token-of-the-trainer"])
def test_on_the_network_the_token_is_needed(own: str | None) -> None:
    remote = client(host="0.0.0.0", allowed_hosts=["box"], token=own)
    headers = {"Host": "box:3333"}
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {own or LINK}"}):
        answer = remote.get("/jobs/1", headers=headers | given)
        assert answer.status_code == 401
        assert LINK not in answer.text
    assert remote.get("/jobs/1", headers=headers | {"Authorization": f"Bearer {own or LINK}"}).status_code == 200
    assert remote.get("/healthz", headers=headers).status_code == 200
    assert remote.get("/healthz", headers={"Host": "evil"}).status_code == 403


def test_a_token_that_was_set_is_asked_for_on_this_machine_too() -> None:
    here = client(token="a-token-of-the-trainer")
    assert here.get("/jobs/1").status_code == 401
    assert here.get("/jobs/1", headers={"Authorization": "Bearer a-token-of-the-trainer"}).status_code == 200
    assert here.get("/jobs/1", headers={"Authorization": f"Bearer {LINK}"}).status_code == 401


def test_answers_are_neither_kept_nor_taken_for_something_else() -> None:
    headers = client().get("/jobs/1").headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
