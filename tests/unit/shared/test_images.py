"""Paths, ids and decoding: every kind of image becomes the same upright 8-bit RGB, and nothing bad gets through."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from shared.decoding import DECODERS, UPRIGHT
from shared.errors import ImageRejected
from shared.images import (
    content_hash,
    decode_rgb,
    display_bytes,
    inspect,
    is_candidate,
    open_below,
    path_hash,
    resolve,
)

LIMIT = 1_000_000


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def quarters() -> Image.Image:
    """60 × 40, each quarter another colour, so that every orientation differs."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:20, :30], pixels[:20, 30:], pixels[20:, :30] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return Image.fromarray(pixels)


def png(width: int, height: int, body: bytes = b"\0" * 100) -> bytes:
    """A PNG that claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(body)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def grey_of(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image)
    assert (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all()
    return pixels[..., 0]


class TestPaths:
    @pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.b.png", b"\xff.webp", "x.bmp", "x.TIF", "x.tiff", " .png"])
    def test_known_extensions_are_candidates(self, name: str | bytes) -> None:
        assert is_candidate(name)

    @pytest.mark.parametrize("name", ["a.gif", ".hidden.jpg", ".jpg", "jpg", "a.jpg.txt", "a.", "", "a.jpg~"])
    def test_others_are_not(self, name: str) -> None:
        assert not is_candidate(name)

    def test_ids_are_opaque_and_differ(self) -> None:
        ids = {path_hash(path) for path in (b"a.jpg", b"b.jpg", b"a/b.jpg", b"a\nb.jpg", b"\xff.jpg")}
        assert len(ids) == 5
        assert all(len(i) == 24 and set(i) <= set("0123456789abcdef") for i in ids)

    def test_equal_bytes_have_equal_hashes(self) -> None:
        assert content_hash(b"same") == content_hash(b"same") != content_hash(b"other")

    @pytest.mark.parametrize("path", [b"../x.jpg", b"/etc/passwd", b"a/../../x", b"a//b", b"", b"a\0b", b".", b"a/.."])
    def test_a_path_that_climbs_is_refused(self, tmp_path: Path, path: bytes) -> None:
        with pytest.raises(ImageRejected):
            resolve(tmp_path, path)

    @given(st.lists(st.sampled_from(["..", ".", "a", "", "link", "/"]), max_size=6).map("/".join))
    def test_nothing_leaves_the_folder(self, tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
        root = tmp_path_factory.getbasetemp() / "root"
        root.mkdir(exist_ok=True)
        if not (root / "link").is_symlink():
            (root / "link").symlink_to("..")
        with contextlib.suppress(ImageRejected):
            assert resolve(root, path.encode()).is_relative_to(root.resolve())

    def test_links_are_followed_inside_only(self, tmp_path: Path) -> None:
        root = tmp_path / "images"
        root.mkdir()
        (root / "a.jpg").write_bytes(b"inside")
        (tmp_path / "secret.jpg").write_bytes(b"outside")
        (root / "in.jpg").symlink_to("a.jpg")
        (root / "out.jpg").symlink_to("../secret.jpg")
        (root / "loop.jpg").symlink_to("loop.jpg")
        with open_below(root, b"in.jpg") as file:
            assert file.read() == b"inside"
        for name in (b"out.jpg", b"loop.jpg"):
            with pytest.raises(ImageRejected):
                open_below(root, name)

    def test_folders_and_pipes_are_not_opened(self, tmp_path: Path) -> None:
        (tmp_path / "folder.jpg").mkdir()
        os.mkfifo(tmp_path / "pipe.jpg")
        for name in (b"folder.jpg", b"pipe.jpg"):
            with pytest.raises(ImageRejected):
                open_below(tmp_path, name)


class TestDecoding:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_orientation_is_applied_once(self, kind: str, orientation: int) -> None:
        exif = Image.Exif()
        exif[274] = orientation
        exact = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
        data = encode(quarters(), kind, exif=exif, **exact)
        method = UPRIGHT.get(orientation)
        expected = quarters() if method is None else quarters().transpose(method)
        info, image = inspect(data, LIMIT), decode_rgb(data, LIMIT)
        assert (info.width, info.height) == image.size == expected.size
        assert np.abs(np.asarray(image).astype(int) - np.asarray(expected)).max() <= 3
        shown, _ = display_bytes(data, None, LIMIT)
        again = ImageOps.exif_transpose(Image.open(io.BytesIO(shown)))
        assert np.abs(np.asarray(again.convert("RGB")).astype(int) - np.asarray(expected)).max() <= 60

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "HSV", "PA"])
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
    def test_every_mode_becomes_rgb(self, mode: str, kind: str) -> None:
        try:
            data = encode(quarters().convert(mode), kind)
        except (OSError, ValueError, SystemError):
            return  # this format has no such mode
        image = decode_rgb(data, LIMIT)
        assert (image.mode, image.size) == ("RGB", (60, 40))
        bright = np.asarray(image).astype(int).sum(axis=2)
        assert bright[30, 45] < 60 < bright[10, 45]

    @pytest.mark.parametrize(
        ("high", "kind"), [(65535, "PNG"), (4095, "PNG"), (1023, "TIFF"), (65535, "TIFF"), (255, "PNG")]
    )
    def test_more_than_8_bits_use_the_full_range(self, high: int, kind: str) -> None:
        values = np.linspace(0, high, 256).round().astype(np.uint16).reshape(16, 16)
        grey = grey_of(decode_rgb(encode(Image.fromarray(values), kind), LIMIT))
        assert np.abs(grey.astype(float) - values * (255 / high)).max() <= 0.51

    @pytest.mark.parametrize(
        ("low", "high", "expected"), [(0, 1, (0, 255)), (0, 255, (0, 255)), (-5, 5, (0, 255)), (0, 0, (0, 0))]
    )
    def test_fractions_and_negative_values(self, low: float, high: float, expected: tuple[int, int]) -> None:
        values = np.linspace(low, high, 100, dtype=np.float32).reshape(10, 10)
        grey = grey_of(decode_rgb(encode(Image.fromarray(values), "TIFF"), LIMIT))
        assert (grey.min(), grey.max()) == expected

    def test_nan_is_black(self) -> None:
        values = np.full((4, 4), 0.5, np.float32)
        values[0, 0], values[0, 1] = np.nan, np.inf
        grey = grey_of(decode_rgb(encode(Image.fromarray(values), "TIFF"), LIMIT))
        assert grey[0, 0] == grey[0, 1] == 0 and grey[2, 2] == 128

    def test_transparent_parts_are_white(self) -> None:
        clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
        for data in (encode(clear, "PNG"), encode(clear.convert("P"), "PNG", transparency=0), encode(clear, "WEBP")):
            assert not inspect(data, LIMIT).displayable
        assert (np.asarray(decode_rgb(encode(clear, "PNG"), LIMIT)) == 255).all()

    def test_the_first_frame_counts(self) -> None:
        frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
        for kind in ("PNG", "WEBP", "TIFF"):
            data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
            assert np.asarray(decode_rgb(data, LIMIT))[4, 4, 0] > 200
            assert not inspect(data, LIMIT).displayable

    def test_broken_metadata_rejects_nothing(self) -> None:
        data = encode(quarters(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff broken")
        assert inspect(data, LIMIT).width == decode_rgb(data, LIMIT).width == 60

    def test_a_size_hint_is_faster_never_smaller(self) -> None:
        data = encode(quarters().resize((1200, 800)), "JPEG")
        assert decode_rgb(data, LIMIT, 100).size == (150, 100)
        assert decode_rgb(data, LIMIT, 101).size == (300, 200)
        assert decode_rgb(data, LIMIT, 5000).size == (1200, 800)


class TestRejection:
    @pytest.mark.parametrize("size", [(20_000, 20_000), (1_000_001, 1), (2**31 - 1, 2**31 - 1)])
    def test_a_bomb_is_never_decoded(self, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", lambda self: pytest.fail("decoded"))
        for check in (inspect, decode_rgb, lambda data, limit: display_bytes(data, None, limit)):
            with pytest.raises(ImageRejected, match=r"is larger than the limit: .* pixels, limit 1 million \(images"):
                check(png(*size), LIMIT)

    def test_a_webp_is_measured_before_its_decoder_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for lossless in (True, False):
            data = encode(Image.new("RGB", (1001, 1000)), "WEBP", lossless=lossless)
            animated = encode(
                Image.new("RGB", (1001, 1000)), "WEBP", save_all=True, append_images=[quarters().resize((1001, 1000))]
            )
            for each in (data, animated):
                with monkeypatch.context() as patch:
                    patch.setitem(DECODERS, "WEBP", lambda _: pytest.fail("made"))
                    with pytest.raises(ImageRejected, match="1,001 × 1,000"):
                        inspect(each, LIMIT)
                assert inspect(each, 2 * LIMIT).width == 1001

    def test_exactly_the_limit_is_allowed(self) -> None:
        data = encode(Image.new("L", (1000, 1000)), "PNG")
        assert inspect(data, LIMIT).width == 1000
        with pytest.raises(ImageRejected):
            inspect(data, LIMIT - 1)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
    @given(share=st.floats(0, 0.98))
    @settings(max_examples=25, deadline=None)
    def test_a_truncated_file_is_noticed(self, kind: str, share: float) -> None:
        noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
        data = encode(Image.fromarray(noise), kind)
        with pytest.raises(ImageRejected):
            inspect(data[: int(len(data) * share)], LIMIT)

    def test_reasons_are_sentences(self) -> None:
        for data, reason in [
            (b"", "is empty"),
            (b"<html><body>", "is not a JPEG, PNG, WebP, BMP or TIFF image: starts with “<html><body>”"),
            (b"GIF89a\x01\x00", "starts with “GIF89a··”"),
            (encode(quarters(), "JPEG")[:-200], "is truncated"),
            (encode(quarters(), "PNG")[:-80], "is truncated"),
        ]:
            with pytest.raises(ImageRejected, match=reason):
                inspect(data, LIMIT)

    @given(st.sampled_from(["JPEG", "PNG", "WEBP", "BMP", "TIFF"]), st.data())
    @settings(max_examples=150, deadline=None)
    def test_damaged_bytes_give_an_image_or_a_reason(self, kind: str, data: st.DataObject) -> None:
        raw = bytearray(encode(quarters(), kind))
        for _ in range(data.draw(st.integers(1, 8))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        for check in (inspect, decode_rgb, lambda each, limit: display_bytes(each, 20, limit)):
            try:
                check(bytes(raw), LIMIT)
            except ImageRejected as error:
                assert str(error)


class TestDisplay:
    @pytest.mark.parametrize(("kind", "media"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
    def test_plain_images_go_out_as_they_are(self, kind: str, media: str) -> None:
        data = encode(quarters(), kind)
        assert display_bytes(data, None, LIMIT) == (data, media)
        assert display_bytes(data, 60, LIMIT) == (data, media)

    @pytest.mark.parametrize("mode", ["CMYK", "I;16", "RGBA"])
    def test_others_show_what_the_model_sees(self, mode: str) -> None:
        values = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
        image = Image.fromarray(values) if mode == "I;16" else quarters().convert(mode)
        data = encode(image, "TIFF")
        shown, media = display_bytes(data, None, LIMIT)
        assert media == "image/png"
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(shown))), np.asarray(decode_rgb(data, LIMIT)))

    @given(st.integers(1, 80))
    @settings(max_examples=30, deadline=None)
    def test_the_longest_side_is_bounded_and_nothing_is_enlarged(self, size: int) -> None:
        for kind in ("JPEG", "BMP"):
            image = Image.open(io.BytesIO(display_bytes(encode(quarters(), kind), size, LIMIT)[0]))
            assert max(image.size) == min(size, 60)
