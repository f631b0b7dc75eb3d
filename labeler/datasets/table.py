"""The data sets that are known by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from labeler.datasets import readers
from labeler.datasets.archives import Archive
from labeler.datasets.readers import Contents
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set: its archives, the folder below the root where its reader expects them unpacked, and the reader."""

    name: str
    archives: tuple[Archive, ...]
    unpack_in: str
    read: Callable[[Path], Contents]


_FASHION: Final = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_FLOWERS: Final = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
_EUROSAT: Final = (
    "https://huggingface.co/datasets/torchgeo/eurosat/resolve/c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip"
)

_ALL: Final = (
    Dataset(
        "cifar-10",
        (Archive("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"),),
        "",
        readers.cifar10,
    ),
    Dataset(
        "cifar-100",
        (Archive("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85"),),
        "",
        readers.cifar100,
    ),
    Dataset(
        "fashion-mnist",
        (
            Archive(_FASHION + "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            Archive(_FASHION + "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
            Archive(_FASHION + "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
            Archive(_FASHION + "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
        ),
        "FashionMNIST/raw",
        readers.fashion_mnist,
    ),
    Dataset(
        "flowers-102",
        (
            Archive(_FLOWERS + "102flowers.tgz", "52808999861908f626f3c1f4e79d11fa"),
            Archive(_FLOWERS + "imagelabels.mat", "e0620be6f572b9609742df49c70aed4d"),
            Archive(_FLOWERS + "setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c"),
        ),
        "flowers-102",
        readers.flowers102,
    ),
    Dataset("eurosat", (Archive(_EUROSAT, "c8fa014336c82ac7804f0398fcb19387"),), "eurosat", readers.eurosat),
    Dataset(
        "cub-200-2011",
        (
            Archive(
                "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
                "97eceeb196236b17998738112f37df78",
            ),
        ),
        "",
        readers.cub200,
    ),
)

DATASETS: Final[dict[str, Dataset]] = {each.name: each for each in _ALL}


def find_dataset(name: str, known: dict[str, Dataset] = DATASETS) -> Dataset:
    """The data set of that name, however it is spelled (`CIFAR10` is `cifar-10`). Raises InvalidInput."""
    plain = {_plain(each): each for each in known}
    if _plain(name) in plain:
        return known[plain[_plain(name)]]
    near = difflib.get_close_matches(_plain(name), plain, n=1)
    guess = f" Did you mean {plain[near[0]]}?" if near else ""
    raise InvalidInput(f"no data set is known as {name[:40]!r}; known are {', '.join(known)}.{guess}", "name")


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
