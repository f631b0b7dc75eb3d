from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from labeler.scanner import Scanner

from .conftest import TRAINER_TOKEN, World

SIX_RED_ABOVE_BLUE = 6  # EXIF orientation 6: shown after a turn of 90° clockwise


@pytest.fixture
def gallery(make_world: Callable[..., World], tmp_path: Path) -> tuple[World, Path]:
    """A world whose images are real files in a folder of its own."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    return make_world(classes=["cat"], paths__images=folder), folder


def look(world: World) -> None:
    scanner = Scanner(world.config.paths.images, world.labeler.catalog, 1.0, world.config.images.max_pixels)
    scanner.look()


def ids(world: World) -> dict[str, str]:
    return {row["path"]: row["image_id"] for row in world.get("/api/pool")["images"]}


def test_an_image_is_served_upright_by_its_id_and_may_be_kept(gallery: tuple[World, Path]) -> None:
    world, folder = gallery
    picture = Image.new("RGB", (40, 20), "red")
    picture.paste("blue", (20, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = SIX_RED_ABOVE_BLUE
    picture.save(folder / "turned.jpg", exif=exif, quality=95)
    look(world)
    answer = world.client.get(f"/images/{ids(world)['turned.jpg']}")
    assert "immutable" in answer.headers["Cache-Control"]
    shown = Image.open(io.BytesIO(answer.data))
    assert shown.size == (20, 40)
    assert shown.getexif().get(0x0112, 1) == 1
    top, bottom = shown.convert("RGB").getpixel((10, 5)), shown.convert("RGB").getpixel((10, 35))
    assert top[0] > 200 > top[2]
    assert bottom[2] > 200 > bottom[0]


def test_a_size_is_the_longest_side_and_is_checked(gallery: tuple[World, Path]) -> None:
    world, folder = gallery
    Image.new("RGB", (300, 100)).save(folder / "a.png")
    look(world)
    image = ids(world)["a.png"]
    assert Image.open(io.BytesIO(world.client.get(f"/images/{image}?size=64").data)).size[0] == 64
    for size in ("0", "-1", "99999", "x", "1e3", "٣٢"):
        assert world.client.get(f"/images/{image}?size={size}").status_code == 400


def test_an_image_that_vanished_or_changed_is_not_served(gallery: tuple[World, Path]) -> None:
    world, folder = gallery
    Image.new("RGB", (30, 30), "red").save(folder / "a.png")
    Image.new("RGB", (30, 30), "blue").save(folder / "b.png")
    look(world)
    known = ids(world)
    (folder / "a.png").unlink()
    Image.new("RGB", (30, 30), "green").save(folder / "b.png")
    for name in ("a.png", "b.png"):
        answer = world.client.get(f"/images/{known[name]}")
        assert answer.status_code == 404
        assert "moved, changed or deleted" in answer.get_json()["error"]["message"]


def test_of_two_equal_files_the_one_that_is_left_is_served(gallery: tuple[World, Path]) -> None:
    world, folder = gallery
    for name in ("a.png", "b.png"):
        Image.new("RGB", (30, 30), "red").save(folder / name)
    look(world)
    (folder / "a.png").unlink()
    assert world.client.get(f"/images/{next(iter(ids(world).values()))}").status_code == 200


def test_an_image_that_turns_out_to_be_broken_leaves_the_queue(gallery: tuple[World, Path]) -> None:
    world, folder = gallery
    data = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(data, "TIFF", compression="tiff_lzw")
    broken = bytearray(data.getvalue())
    broken[20:900] = os.urandom(880)
    (folder / "broken.tif").write_bytes(broken)
    Image.new("RGB", (30, 30)).save(folder / "good.png")
    look(world)
    found = ids(world)
    if "broken.tif" in found:
        assert world.client.get(f"/images/{found['broken.tif']}").status_code == 404
    assert world.state()["counts"]["images"] == 1
    listed = world.get("/api/files?problem=unreadable")["files"]
    assert [row["filename"] for row in listed] == ["broken.tif"]


@pytest.mark.parametrize("name", ["../config.yaml", "..%2f..%2fetc%2fpasswd", "%2e%2e/x", "0" * 32, "a.png", ""])
def test_only_ids_open_images(gallery: tuple[World, Path], name: str) -> None:
    world, folder = gallery
    Image.new("RGB", (30, 30)).save(folder / "a.png")
    look(world)
    assert world.client.get(f"/images/{name}").status_code == 404


def test_the_trainer_gets_the_very_bytes(gallery: tuple[World, Path]) -> None:
    world, folder = gallery
    Image.new("CMYK", (30, 30)).save(folder / "a.jpg")
    look(world)
    headers = {"Authorization": f"Bearer {TRAINER_TOKEN}"}
    answer = world.client.get(f"/images/{ids(world)['a.jpg']}", headers=headers)
    assert answer.data == (folder / "a.jpg").read_bytes()
