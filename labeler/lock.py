"""One labeler per data folder, one download at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import StartRefused


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the data folder; the kernel lets go of it when the process ends, however it ends.

    Raises StartRefused where another labeler holds it or the folder cannot be written.
    """
    taken = f"another labeler is at work on the data folder {folder}; stop it, or give this one its own by --data"
    with held(folder, "labeler.lock", taken):
        yield


@contextmanager
def held(folder: Path, name: str, taken: str) -> Iterator[None]:
    """Hold the file `name` in `folder`. Raises StartRefused: with the sentence `taken` where another process has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / name).open("a")
    except OSError as error:
        raise StartRefused(
            f"cannot write to the data folder {folder}: {error.strerror}; choose another by --data"
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartRefused(taken) from error
        yield
