from __future__ import annotations

from typing import Any

import pytest
import torchvision.datasets as published

from labeler.datasets.table import DATASETS, find_dataset
from shared.errors import InvalidInput


def sums(kind: Any) -> dict[str, str]:
    """File name → MD5, as torchvision gives them."""
    if hasattr(kind, "tgz_md5"):
        return {kind.url: kind.tgz_md5}
    if hasattr(kind, "resources"):
        return {kind.mirrors[0] + name: md5 for name, md5 in kind.resources}
    return {kind._download_url_prefix + name: md5 for name, md5 in kind._file_dict.values()}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cifar-10", published.CIFAR10),
        ("cifar-100", published.CIFAR100),
        ("fashion-mnist", published.FashionMNIST),
        ("flowers-102", published.Flowers102),
    ],
)
def test_addresses_and_sums_are_those_of_torchvision(name: str, kind: Any) -> None:
    assert {each.url: each.md5 for each in DATASETS[name].archives} == sums(kind)


def test_eurosat_is_what_torchvision_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    asked = {}
    monkeypatch.setattr(
        "torchvision.datasets.eurosat.download_and_extract_archive",
        lambda url, download_root, md5: asked.update({url: md5}),
    )
    with pytest.raises(RuntimeError):
        published.EuroSAT(tmp_path, download=True)
    assert asked == {each.url: each.md5 for each in DATASETS["eurosat"].archives}


def test_flowers_have_102_different_names() -> None:
    assert len(set(published.Flowers102.classes)) == 102


@pytest.mark.parametrize(
    ("typed", "name"),
    [("CIFAR10", "cifar-10"), ("cifar_100", "cifar-100"), ("Fashion-MNIST", "fashion-mnist"), ("EuroSAT", "eurosat")],
)
def test_names_are_found_however_they_are_spelled(typed: str, name: str) -> None:
    assert find_dataset(typed) is DATASETS[name]


@pytest.mark.parametrize("typed", ["", "mnist", "../cifar-10x", "🐦"])
def test_an_unknown_name_lists_the_known_ones(typed: str) -> None:
    with pytest.raises(InvalidInput, match="known are cifar-10, cifar-100, fashion-mnist"):
        find_dataset(typed)
