"""What the trainer has exported, offered for download."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any

from shared.errors import UnknownImage


class Downloads:
    """The files and model folders below data/exports."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self) -> list[dict[str, Any]]:
        """Everything there is, newest first; a model folder counts as one."""
        entries = [path for path in self._folder.glob("*") if not path.name.startswith(".")]
        return [_describe(path) for path in sorted(entries, key=lambda path: -path.stat().st_mtime)]

    def open(self, name: str) -> tuple[Path | IO[bytes], str]:
        """What to send, and under which name; a folder becomes a zip. Raises UnknownImage."""
        for path in self._folder.glob("*"):
            if path.name == name and not name.startswith("."):
                return (_zipped(path), f"{name}.zip") if path.is_dir() else (path.resolve(), name)
        raise UnknownImage(f"there is no export named {name[:80]!r}; /api/downloads lists them", "name")


def _describe(path: Path) -> dict[str, Any]:
    size = sum(p.stat().st_size for p in path.iterdir()) if path.is_dir() else path.stat().st_size
    return {
        "name": path.name,
        "bytes": size,
        "created_at": path.stat().st_mtime,
        "kind": "model" if path.is_dir() else "predictions",
    }


def _zipped(folder: Path) -> IO[bytes]:
    packed = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - the response closes it
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")
    packed.seek(0)
    return packed
