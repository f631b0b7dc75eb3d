"""Every known data set with a handful of images, in archives of its real format."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torchvision.datasets as published
from PIL import Image
from scipy.io import savemat

from labeler.datasets.archives import Archive, md5_of
from labeler.datasets.readers import three_parts, train_and_test
from labeler.datasets.table import DATASETS, Dataset

CIFAR_TRAIN, CIFAR_TEST = 30, 10


def pixels(number: int, shape: tuple[int, ...] = (32, 32, 3)) -> np.ndarray:
    """Noise that is different for each number."""
    return np.random.default_rng(number).integers(0, 256, shape, np.uint8)


def jpeg(number: int) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(pixels(number)).save(sink, "jpeg")
    return sink.getvalue()


def tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def small(name: str, folder: Path) -> Dataset:
    """The data set `name`, small, with its archives in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    read = _MAKERS[name](folder)
    archives = tuple(replace(each, md5=md5_of(folder / each.name)) for each in DATASETS[name].archives)
    return replace(DATASETS[name], archives=archives, read=read or DATASETS[name].read)


def served(dataset: Dataset, url: str) -> Dataset:
    """The same, to be downloaded from below `url`."""
    return replace(dataset, archives=tuple(Archive(f"{url}/{each.name}", each.md5) for each in dataset.archives))


def _cifar(kind: Any, folder: Path) -> Callable[[Path], Any]:
    """Batches are pickled dictionaries with rows of 3,072 values, red, green, blue [Krizhevsky 2009]."""
    fine = kind is published.CIFAR100
    names = [f"kind_{i}" for i in range(100)] if fine else [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]  # fmt: skip
    files, number = {kind.meta["filename"]: pickle.dumps({kind.meta["key"]: names}, 2)}, 0
    for lists, total in ((kind.train_list, CIFAR_TRAIN), (kind.test_list, CIFAR_TEST)):
        for each, _ in lists:
            count = total // len(lists)
            numbers = range(number, number + count)
            data = np.stack([pixels(i).transpose(2, 0, 1).ravel() for i in numbers])
            key = "fine_labels" if fine else "labels"
            files[each] = pickle.dumps({"data": data, key: [i % len(names) for i in numbers]}, 2)
            number += count
    tar(folder / kind.filename, {f"{kind.base_folder}/{name}": data for name, data in files.items()})
    sums = {name: _md5(data) for name, data in files.items()}
    small_kind = type(
        f"Small{kind.__name__}",
        (kind,),
        {
            "train_list": [[name, sums[name]] for name, _ in kind.train_list],
            "test_list": [[name, sums[name]] for name, _ in kind.test_list],
            "meta": kind.meta | {"md5": sums[kind.meta["filename"]]},
        },
    )
    return lambda root: train_and_test(small_kind, root)


def _fashion(folder: Path) -> None:
    """Four IDX files: a magic number, the sizes, then bytes [yann.lecun.com/exdb/mnist]."""
    for part, start, count in (("train", 0, 20), ("t10k", 20, 10)):
        images = b"".join(pixels(i, (28, 28)).tobytes() for i in range(start, start + count))
        labels = bytes(i % 10 for i in range(start, start + count))
        for name, data in (
            (f"{part}-images-idx3-ubyte.gz", struct.pack(">4i", 2051, count, 28, 28) + images),
            (f"{part}-labels-idx1-ubyte.gz", struct.pack(">2i", 2049, count) + labels),
        ):
            (folder / name).write_bytes(gzip.compress(data, mtime=0))


def _flowers(folder: Path) -> Callable[[Path], Any]:
    """Photographs by number, labels from 1 in one list, and the numbers of each part."""
    tar(folder / "102flowers.tgz", {f"jpg/image_{i:05d}.jpg": jpeg(i) for i in range(1, 13)})
    savemat(folder / "imagelabels.mat", {"labels": np.array([(i * 7) % 102 + 1 for i in range(1, 13)])})
    parts = {"trnid": [1, 2, 3], "valid": [4, 5, 6], "tstid": [7, 8, 9, 10, 11, 12]}
    savemat(folder / "setid.mat", {name: np.array(ids) for name, ids in parts.items()})
    sums = {key: (name, md5_of(folder / name)) for key, (name, _) in published.Flowers102._file_dict.items()}
    kind = type("SmallFlowers102", (published.Flowers102,), {"_file_dict": sums})
    return lambda root: three_parts(kind, root)


def _eurosat(folder: Path) -> None:
    with zipfile.ZipFile(folder / "EuroSAT.zip", "w") as archive:
        for i in range(12):
            name = ("AnnualCrop", "Forest", "SeaLake")[i % 3]
            archive.writestr(f"2750/{name}/{name}_{i}.jpg", jpeg(i))


def _cub(folder: Path) -> None:
    birds = ["001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Sooty_Albatross"]
    photos = [f"{birds[i % 3]}/{birds[i % 3][4:]}_{i:04d}.jpg" for i in range(12)]
    lists = {
        "classes.txt": [f"{i} {name}" for i, name in enumerate(birds, 1)],
        "images.txt": [f"{i} {path}" for i, path in enumerate(photos, 1)],
        "image_class_labels.txt": [f"{i} {(i - 1) % 3 + 1}" for i in range(1, 13)],
        "train_test_split.txt": [f"{i} {int(i <= 8)}" for i in range(1, 13)],
    }
    files = {f"CUB_200_2011/{name}": ("\n".join(lines) + "\n").encode() for name, lines in lists.items()}
    files |= {f"CUB_200_2011/images/{path}": jpeg(i) for i, path in enumerate(photos)}
    tar(folder / "CUB_200_2011.tgz", files)


def _md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


_MAKERS: dict[str, Callable[[Path], Callable[[Path], Any] | None]] = {
    "cifar-10": lambda folder: _cifar(published.CIFAR10, folder),
    "cifar-100": lambda folder: _cifar(published.CIFAR100, folder),
    "fashion-mnist": _fashion,
    "flowers-102": _flowers,
    "eurosat": _eurosat,
    "cub-200-2011": _cub,
}
