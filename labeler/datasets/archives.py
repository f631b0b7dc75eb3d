"""The archives of a data set: found where they are already, else downloaded; whole, as their checksum says, or not."""

from __future__ import annotations

import errno
import gzip
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.errors import LabelstreamError, StorageFull

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
PART: Final = ".part"  # the suffix of a file that is still being downloaded

Say = Callable[[str], None]


class DatasetError(LabelstreamError):
    """A data set cannot be put in place; the text says why and what to do."""

    code = "dataset"


@dataclass(frozen=True, slots=True)
class Archive:
    """A published file and the MD5 that its publisher or torchvision gives for it."""

    url: str
    md5: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turns what the disk refuses into a sentence. Raises StorageFull and DatasetError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageFull(
                f"the disk with {folder} is full; free some space and run the same command again, a download goes on "
                "where it ended"
            ) from error
        raise DatasetError(f"cannot read or write in {folder}: {error.strerror or error}") from error


def md5_of(path: Path) -> str:
    """The MD5 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def locate(archive: Archive, given: Path | None, folder: Path, fetch: Callable[[Archive, Path], None]) -> Path:
    """The archive as a whole, verified file: from `given`, from `folder`, or downloaded there.

    fetch(archive, path): downloads into `path`, going on with what is there. Raises DatasetError and StorageFull.
    """
    if given is not None and (there := given / archive.name).is_file():
        return _verified(there, archive)
    target = folder / archive.name
    part = folder / (archive.name + PART)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if target.is_file():
            return _verified(target, archive)
        resumed = part.exists()
        fetch(archive, part)
        if md5_of(part) != archive.md5 and resumed:  # what was there was not the beginning of this file
            part.unlink()
            fetch(archive, part)
        if (found := md5_of(part)) != archive.md5:
            part.unlink()
            raise DatasetError(
                f"what {archive.url} sent has the MD5 {found}, expected {archive.md5}, and was thrown away; try again, "
                f"or put a good {archive.name} into a folder and name that by --archives"
            )
        return part.replace(target)


def _verified(path: Path, archive: Archive) -> Path:
    with writing_to(path.parent):
        found = md5_of(path)
    if found != archive.md5:
        raise DatasetError(
            f"{path} has the MD5 {found}, expected {archive.md5}: it is damaged or another version; delete it, and it "
            "is downloaded again"
        )
    return path


def unpack(archives: Sequence[Path], folder: Path) -> None:
    """Put what the archives hold into `folder`; what is no archive is copied. Raises StorageFull and DatasetError."""
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in archives:
            _unpack(path, folder)


def _unpack(path: Path, folder: Path) -> None:
    if path.name.endswith((".tgz", ".tar.gz")):
        shutil.unpack_archive(path, folder, "gztar", filter="data")
    elif path.suffix == ".zip":
        shutil.unpack_archive(path, folder, "zip")
    elif path.suffix == ".gz":
        with gzip.open(path) as packed, (folder / path.stem).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    else:
        shutil.copyfile(path, folder / path.name)
