from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from shared.errors import StartRefused
from shared.tokens import trainer_token


def test_both_services_get_the_same_token(tmp_path: Path) -> None:
    assert trainer_token(tmp_path) == trainer_token(tmp_path)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    trainer_token(tmp_path)
    assert stat.S_IMODE((tmp_path / "tokens" / "trainer").stat().st_mode) == 0o600


def test_a_file_open_to_others_is_closed(tmp_path: Path) -> None:
    trainer_token(tmp_path)
    path = tmp_path / "tokens" / "trainer"
    path.chmod(0o644)
    trainer_token(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_at_once_agree(tmp_path: Path) -> None:
    for attempt in range(20):
        barrier = Barrier(8)

        def ask(folder: Path, barrier: Barrier = barrier) -> str:
            barrier.wait()
            return trainer_token(folder)

        folder = tmp_path / str(attempt)
        with ThreadPoolExecutor(8) as threads:
            tokens = set(threads.map(ask, [folder] * 8))
        assert len(tokens) == 1
        assert [path.name for path in (folder / "tokens").iterdir()] == ["trainer"]


def test_two_folders_have_two_tokens(tmp_path: Path) -> None:
    assert trainer_token(tmp_path / "a") != trainer_token(tmp_path / "b")


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 40])
def test_a_damaged_file_is_refused_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / "trainer").write_bytes(content)
    with pytest.raises(StartRefused, match="tokens/trainer"):
        trainer_token(tmp_path)
