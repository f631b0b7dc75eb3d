"""Where the service may read, and which images are in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from shared.images import is_candidate
from trainer.service.refusals import BadCall, OutsideRoots


class Roots:
    """The folders below which callers may name paths."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = [folder.resolve() for folder in folders]

    def locate(self, given: str, field: str) -> Path:
        """The real path of what a caller names, links followed; a relative one starts where the trainer does.

        Raises OutsideRoots where that is not below a root, BadCall where it is no path at all.
        """
        try:
            path = Path(given).resolve()
        except (OSError, ValueError, RuntimeError) as error:  # pathlib reports a loop of links as RuntimeError
            raise BadCall("missing_file", field, f"{field}: {given[:200]!r} is no usable path: {error}") from error
        if not any(path.is_relative_to(folder) for folder in self._folders):
            allowed = ", ".join(map(str, self._folders))
            raise OutsideRoots(
                "outside_roots",
                field,
                f"{field}: {given[:200]!r} is outside the folders that may be read ({allowed}); move it there, or add "
                "its folder to trainer.roots",
            )
        return path


def list_images(folder: Path, field: str) -> list[str]:
    """Paths of all images below `folder`, '/' between the parts, sorted; hidden files and linked folders are left out.

    Raises BadCall where there is no such folder.
    """
    if not folder.is_dir():
        raise BadCall("missing_file", field, f"{field}: there is no folder {str(folder)!r}; check the path")
    found = []
    for base, below, files in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        prefix = "" if base == str(folder) else f"{os.path.relpath(base, folder)}/"
        found += [prefix + name for name in files if is_candidate(name)]
    return sorted(found)
