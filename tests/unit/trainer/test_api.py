from __future__ import annotations

import pytest
import requests

from shared.errors import StartRefused
from shared.messages import TrainerState
from trainer.api import ApiServer, Health, create_api


def health() -> Health:
    return Health(status="ok", state=TrainerState.WAITING, applied_seq=7, model_version=3)


def test_health_over_http() -> None:
    server = ApiServer(create_api(health), "127.0.0.1", 0)
    server.start()
    try:
        answer = requests.get(f"http://127.0.0.1:{server.port}/healthz", timeout=10)
        assert answer.json() == {"status": "ok", "state": "waiting", "applied_seq": 7, "model_version": 3}
    finally:
        server.close()


@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_nothing_else_is_served(path: str) -> None:
    assert create_api(health).test_client().get(path).status_code == 404


def test_a_port_in_use_is_refused_with_a_remedy() -> None:
    first = ApiServer(create_api(health), "127.0.0.1", 0)
    try:
        with pytest.raises(StartRefused, match=r"--port"):
            ApiServer(create_api(health), "127.0.0.1", first.port)
    finally:
        first.close()
