from __future__ import annotations

import os
from pathlib import Path

import pytest

from trainer.service.places import Roots, list_images
from trainer.service.refusals import BadCall, OutsideRoots


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_a_path_below_a_root_is_found(root: Path) -> None:
    roots = Roots([root])
    assert roots.locate(str(root), "f") == root
    assert roots.locate(str(root / "a" / ".." / "b.tsv"), "f") == root / "b.tsv"


def test_a_relative_path_starts_where_the_trainer_does(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    assert Roots([root]).locate("root/labels.tsv", "f") == root / "labels.tsv"


@pytest.mark.parametrize(
    "given", ["/etc/passwd", "{root}/../secret", "{root}-other/x", "relative", "/", "{root}/link/x"]
)
def test_everything_else_is_refused_whether_it_exists_or_not(root: Path, given: str) -> None:
    (root / "link").symlink_to("/etc")
    with pytest.raises(OutsideRoots, match=r"trainer\.roots") as caught:
        Roots([root]).locate(given.format(root=root), "path_to_img")
    assert caught.value.field == "path_to_img"


def test_a_link_that_leads_below_another_root_is_followed(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (root / "link").symlink_to(other)
    assert Roots([root, other]).locate(str(root / "link" / "x"), "f") == other / "x"


@pytest.mark.parametrize("given", ["a\0b", "\ud800"])
def test_what_is_no_path_is_refused(root: Path, given: str) -> None:
    with pytest.raises(BadCall):
        Roots([root]).locate(given, "f")


def test_a_loop_of_links_is_refused(root: Path) -> None:
    (root / "a").symlink_to(root / "b")
    (root / "b").symlink_to(root / "a")
    with pytest.raises(BadCall):
        Roots([root]).locate(str(root / "a"), "f")


def test_images_of_all_folders_sorted_without_hidden_ones_and_others(root: Path) -> None:
    for name in ["b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "cats/1.webp", "cats/.x/2.jpg", "cats/more/3.tif"]:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (root / "loop").symlink_to(root)
    assert list_images(root, "f") == ["a.PNG", "b.jpg", "cats/1.webp", "cats/more/3.tif"]


def test_a_file_name_that_is_not_utf8_is_kept(root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9.jpg")).touch()
    assert [os.fsencode(name) for name in list_images(root, "f")] == [b"caf\xe9.jpg"]


@pytest.mark.parametrize("name", ["nothing", "file.jpg"])
def test_what_is_no_folder_is_refused(root: Path, name: str) -> None:
    (root / "file.jpg").touch()
    with pytest.raises(BadCall, match=f"no folder .*{name}"):
        list_images(root / name, "path_to_img")
