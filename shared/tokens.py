"""The secret that labeler and trainer share: a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from shared.errors import StartRefused

MIN_LENGTH = 32


def trainer_token(data_dir: Path) -> str:
    """The token of `data_dir`/tokens/trainer, made by whichever service asks first.

    The file appears whole or not at all: it is written under another name and then linked, which fails where
    the other service was faster. Raises StartRefused where the file cannot be made, read or used.
    """
    path = data_dir / "tokens" / "trainer"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _create(path, secrets.token_urlsafe(MIN_LENGTH))
        path.chmod(0o600)
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartRefused(
            f"cannot use the token file {path}: {error}; both services need to read it and to write its folder"
        ) from error
    if len(token) < MIN_LENGTH:
        raise StartRefused(
            f"{path} holds {len(token)} characters; expected at least {MIN_LENGTH}. Delete it and start both services"
        )
    return token


def _create(path: Path, token: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # the other service was first; its token counts
    finally:
        draft.unlink()
