"""What is in the unpacked archives: through torchvision where it has the set, by hand for CUB-200-2011.

torchvision is imported when a set is read: the labeler itself does without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from labeler.datasets.archives import DatasetError


class Part(Protocol):
    """Images with their class numbers; an image is a file, or in memory."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int, /) -> tuple[Path | Image.Image, int]:
        """One image and its class, a place in `Contents.classes`."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A data set: the names of its classes, and its official parts (`train`, `val`, `test`; "" where it has none)."""

    classes: Sequence[str]
    parts: Mapping[str, Part]


def cifar10(root: Path) -> Contents:
    """CIFAR-10 [Krizhevsky 2009]."""
    return train_and_test(_torchvision().CIFAR10, root)


def cifar100(root: Path) -> Contents:
    """CIFAR-100 with its 100 fine labels [Krizhevsky 2009]."""
    return train_and_test(_torchvision().CIFAR100, root)


def fashion_mnist(root: Path) -> Contents:
    """Fashion-MNIST [Xiao et al. 2017]."""
    return train_and_test(_torchvision().FashionMNIST, root)


def flowers102(root: Path) -> Contents:
    """Oxford 102 Flowers [Nilsback & Zisserman 2008]."""
    return three_parts(_torchvision().Flowers102, root)


def eurosat(root: Path) -> Contents:
    """EuroSAT in RGB, which has no official split [Helber et al. 2019]."""
    found = _torchvision().EuroSAT(root, loader=Path)
    return Contents(found.classes, {"": found})


def train_and_test(kind: Any, root: Path) -> Contents:
    """A torchvision set that holds its images in memory and has the parts train and test. kind: its class."""
    parts = {"train": kind(root, train=True), "test": kind(root, train=False)}
    return Contents(parts["train"].classes, parts)


def three_parts(kind: Any, root: Path) -> Contents:
    """A torchvision set of files with the parts train, val and test. kind: its class."""
    return Contents(kind.classes, {split: kind(root, split=split, loader=Path) for split in ("train", "val", "test")})


def _torchvision() -> Any:
    import torchvision.datasets  # noqa: PLC0415 - seconds, and nobody else in the labeler needs it

    return torchvision.datasets


def cub200(root: Path) -> Contents:
    """CUB-200-2011 [Wah et al. 2011], from the lists that come with it: `<number> <value>` in each line."""
    folder = root / "CUB_200_2011"
    names = _table(folder / "classes.txt")
    paths, labels, training = (
        _table(folder / name) for name in ("images.txt", "image_class_labels.txt", "train_test_split.txt")
    )
    place = {number: i for i, number in enumerate(names)}
    parts: dict[str, list[tuple[Path | Image.Image, int]]] = {"train": [], "test": []}
    try:
        for number, path in paths.items():
            part = "train" if training[number] == "1" else "test"
            parts[part].append((folder / "images" / path, place[labels[number]]))
    except KeyError as error:
        raise DatasetError(f"the lists in {folder} do not fit together: {error} is missing in one of them") from error
    return Contents([_bird(name) for name in names.values()], parts)


def _bird(name: str) -> str:
    """`001.Black_footed_Albatross` → `Black footed Albatross`."""
    return name.partition(".")[2].replace("_", " ")


def _table(path: Path) -> dict[str, str]:
    lines = (line.partition(" ") for line in path.read_text(encoding="utf-8").splitlines() if line)
    return {number: value.strip() for number, _, value in lines}
