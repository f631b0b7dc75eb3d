"""The scanner against a folder that changes under it, whatever the files are called and whoever fails."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from labeler import scanner
from labeler.scanner import FULL_SHARE, QUICK_SHARE, Finding, Scanner
from shared.images import content_hash

from .scanning import LONG_AGO, Bench, Catalogue, image_bytes, put


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    root = tmp_path / "images"
    root.mkdir()
    return Bench(root)


class TestFinding:
    def test_images_are_found_in_every_folder(self, bench: Bench) -> None:
        for name in ("a.png", "b/c.PNG", "b/d/e/f.png", ".hidden.png", ".git/x.png", "b/notes.txt", "g.gif"):
            put(bench.root, name)
        sink = bench.look()
        assert sink.usable() == {b"a.png", b"b/c.PNG", b"b/d/e/f.png"}
        finding = sink.files[b"b/c.PNG"]
        assert finding == Finding(
            b"b/c.PNG", len(image_bytes()), LONG_AGO * 10**9, content_hash(image_bytes()), 8, 6, ""
        )
        assert sink.steps[0] == (3, 0, False)
        assert sink.steps[-1] == (3, 3, True)

    @pytest.mark.parametrize(
        "name",
        [
            b"new\nline.png",
            b"quote'\".png",
            b"\xff\xfe.png",
            b"x" * 251 + b".png",
            "\u202egpj.png".encode(),
            b"%2e%2e.png",
            b"..png.png",
            b"a\\b.png",
            b"<b>.png",
            b" .png",
            b"-rf.png",
        ],
    )
    def test_any_name_works(self, bench: Bench, name: bytes) -> None:
        put(bench.root, name)
        put(bench.root, b"folder \xfe\n/" + name)
        assert bench.look().usable() == {name, b"folder \xfe\n/" + name} or name.startswith(b".")
        (bench.root / os.fsdecode(name)).unlink()
        assert name not in bench.look().files

    def test_bad_files_have_reasons_and_stop_nothing(self, bench: Bench) -> None:
        put(bench.root, "empty.png", b"")
        put(bench.root, "fake.jpg", b"<html>")
        put(bench.root, "big.png", image_bytes(size=(1001, 1000)))
        put(bench.root, "cut.png", image_bytes(size=(400, 400))[:100])
        put(bench.root, "good.png")
        os.mkfifo(bench.root / "pipe.png")
        (bench.root / "folder.png").mkdir()
        sink = bench.look()
        assert sink.usable() == {b"good.png"}
        assert {path: reason.split(":")[0] for path, reason in sink.reasons().items()} == {
            b"empty.png": "is empty (0 bytes)",
            b"fake.jpg": "is not a JPEG, PNG, WebP, BMP or TIFF image",
            b"big.png": "is larger than the limit",
            b"cut.png": "is truncated",
            b"pipe.png": "is not a file",
        }

    def test_links(self, bench: Bench) -> None:
        put(bench.root, "a/real.png")
        put(bench.root.parent, "outside/secret.png")
        (bench.root / "inside.png").symlink_to("a/real.png")
        (bench.root / "out.png").symlink_to("../outside/secret.png")
        (bench.root / "outside").symlink_to("../outside")
        (bench.root / "a" / "round").symlink_to("..")
        (bench.root / "broken.png").symlink_to("nowhere.png")
        sink = bench.look()
        assert sink.usable() == {b"a/real.png", b"inside.png"}
        assert set(sink.reasons()) == {b"out.png", b"outside", b"a/round"}
        assert "leads out" in sink.reasons()[b"out.png"]
        assert not bench.look(3).reports and not bench.look(3).reports

    def test_a_missing_folder_is_empty(self, bench: Bench) -> None:
        bench.root.rmdir()
        assert bench.look().steps[-1] == (0, 0, True)
        put(bench.root, "a.png")
        assert bench.look().usable() == {b"a.png"}
        (bench.root / "a.png").unlink()
        bench.root.rmdir()
        assert not bench.look().files

    def test_chunks_come_early(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("labeler.scanner.CHUNK_FILES", 4)
        for i in range(10):
            put(bench.root, f"{i}.png")
        assert [step[1] for step in bench.look().steps] == [0, 4, 8, 10]

    def test_a_slow_sink_is_told_less_often(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file takes 0.01 s to read, being told anything 5 s: at least half of the time must go into reading."""
        for i in range(2000):
            put(bench.root, f"{i}.png")
        told = []

        def report_slowly() -> None:
            told.append(bench.time)
            bench.time += 5

        def read_slowly(root: Path, path: bytes, *_: object) -> Finding:
            bench.time += 0.01
            return Finding(path, 1, 1, "00", 1, 1, "")

        bench.sink.fail = report_slowly
        monkeypatch.setattr(scanner, "examine", read_slowly)
        bench.look()
        assert 2 <= len(told) <= 2 + 2000 * 0.01 / 5


class TestLookingAgain:
    def test_only_what_changed_is_reported(self, bench: Bench) -> None:
        for name in ("a.png", "b/c.png", "b/d.png"):
            put(bench.root, name)
        bench.look()
        assert not bench.look().reports
        put(bench.root, "b/new.png")
        assert bench.look().reports == [b"b/new.png"]
        (bench.root / "a.png").rename(bench.root / "z.png")
        assert sorted(bench.look().reports) == [b"a.png", b"z.png"]
        assert bench.sink.steps[-1] == (4, 4, True)

    def test_a_change_in_place_is_seen_by_a_full_look(self, bench: Bench) -> None:
        put(bench.root, "a.png")
        put(bench.root, "b.png")
        bench.look(3)
        put(bench.root, "a.png", image_bytes(1), LONG_AGO + 1)
        assert bench.look().reports == [b"a.png"]
        assert bench.sink.files[b"a.png"].content_hash == content_hash(image_bytes(1))

    def test_a_folder_that_goes_takes_its_files(self, bench: Bench) -> None:
        for name in ("a/b/c.png", "a/d.png", "e.png"):
            put(bench.root, name)
        bench.look()
        (bench.root / "a").rename(bench.root.parent / "elsewhere")
        assert sorted(bench.look(3).reports) == [b"a/b/c.png", b"a/d.png"]
        (bench.root.parent / "elsewhere").rename(bench.root / "a")
        assert sorted(bench.look().reports) == [b"a/b/c.png", b"a/d.png"]

    def test_a_restart_reads_nothing_twice(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("a.png", "b/c.png", "b/gone.png", "bad/fake.png"):
            put(bench.root, name, b"<html>" if "fake" in name else None)
        bench.look()
        bench.restart()
        (bench.root / "b/gone.png").unlink()
        put(bench.root, "b/new.png")
        examined = []

        real = scanner.examine
        monkeypatch.setattr(
            scanner, "examine", lambda root, path, *rest: examined.append(path) or real(root, path, *rest)
        )
        assert sorted(bench.look().reports) == [b"b/gone.png", b"b/new.png"]
        assert examined == [b"b/new.png"]

    def test_a_folder_that_just_changed_is_listed_again(self, bench: Bench) -> None:
        put(bench.root, "a.png")
        before = bench.root.stat()
        bench.now = before.st_mtime + 1
        bench.look()
        put(bench.root, "b.png")
        os.utime(bench.root, ns=(before.st_mtime_ns, before.st_mtime_ns))
        assert bench.look().reports == [b"b.png"]

    def test_an_unreadable_file_is_tried_again(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        put(bench.root, "a.png")
        denied = PermissionError(13, "Permission denied")

        def deny(root: Path, path: bytes) -> io.BytesIO:
            raise denied

        with monkeypatch.context() as patch:
            patch.setattr("labeler.examination.open_below", deny)
            assert bench.look(3).reasons() == {b"a.png": "cannot be read: Permission denied"}
            assert not bench.look(3).reports
            bench.restart()
            assert not bench.look(3).reports
        assert bench.look().usable() == {b"a.png"}

    def test_a_folder_that_cannot_be_listed_is_kept(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        put(bench.root, "a/b.png")
        put(bench.root, "c.png")
        bench.look(3)

        real = scanner.list_folder

        def deny(base: bytes, path: bytes) -> tuple[list[bytes], list[bytes]]:
            if path == b"a":
                raise PermissionError(13, "Permission denied")
            return real(base, path)

        with monkeypatch.context() as patch:
            patch.setattr(scanner, "list_folder", deny)
            assert not bench.look(3).reports
        assert not bench.look(3).reports
        assert bench.sink.usable() == {b"a/b.png", b"c.png"}


class TestFilesInMotion:
    def test_a_file_still_being_written_waits(self, bench: Bench) -> None:
        data = image_bytes(size=(400, 400))
        bench.now = LONG_AGO + 1
        put(bench.root, "a.png", data[:100])
        assert not bench.look().files
        assert not bench.look().files
        put(bench.root, "a.png", data)
        assert bench.look().usable() == {b"a.png"}

    def test_a_file_that_stays_cut_is_rejected(self, bench: Bench) -> None:
        bench.now = LONG_AGO + 1
        put(bench.root, "a.png", b"<html>")
        assert not bench.look().files
        bench.now = LONG_AGO + 2
        assert set(bench.look().reasons()) == {b"a.png"}

    def test_a_file_that_changes_while_it_is_read_waits(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        path = put(bench.root, "a.png")

        with monkeypatch.context() as patch:
            patch.setattr("labeler.examination.os.fstat", _growing(os.fstat, path))
            assert not bench.look().files
        assert bench.look().usable() == {b"a.png"}

    def test_a_file_that_vanishes_midway_is_no_error(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("a.png", "b.png"):
            put(bench.root, name)

        real = scanner.examine

        def vanish(root: Path, path: bytes, *rest: object) -> Finding | None:
            (root / "b.png").unlink(missing_ok=True)
            (root / "a.png").unlink(missing_ok=True)
            return real(root, path, *rest)

        monkeypatch.setattr(scanner, "examine", vanish)
        assert not bench.look().files
        assert not bench.look().reports


def _growing(real: Callable[[int], os.stat_result], path: Path) -> Callable[[int], os.stat_result]:
    """A file that is appended to after its status was asked for."""

    def fstat(descriptor: int) -> os.stat_result:
        info = real(descriptor)
        with path.open("ab") as writer:
            writer.write(b"more")
        return info

    return fstat


class TestFaults:
    @pytest.mark.parametrize("moment", ["found", "gone"])
    def test_what_the_sink_refused_is_told_again(self, bench: Bench, moment: str) -> None:
        put(bench.root, "a.png")
        put(bench.root, "b/c.png")
        if moment == "gone":
            bench.look()
            (bench.root / "b/c.png").unlink()

        def refuse() -> None:
            raise OSError(28, "No space left on device")

        bench.sink.fail = refuse
        for _ in range(2):
            with pytest.raises(OSError, match="No space"):
                bench.look()
        bench.sink.fail = lambda: None
        bench.look()
        assert bench.sink.usable() == ({b"a.png"} if moment == "gone" else {b"a.png", b"b/c.png"})

    def test_a_file_that_came_back_meanwhile_is_not_gone(self, bench: Bench) -> None:
        path = put(bench.root, "a.png")
        bench.look()
        path.unlink()

        def refuse() -> None:
            raise OSError(28, "No space left on device")

        bench.sink.fail = refuse
        with pytest.raises(OSError, match="No space"):
            bench.look()
        bench.sink.fail = lambda: None
        put(bench.root, "a.png")
        assert bench.look().usable() == {b"a.png"}

    def test_run_goes_on_after_an_error_and_stops_when_asked(self, tmp_path: Path) -> None:
        put(tmp_path, "a.png")
        sink, stop, failures = Catalogue(), threading.Event(), iter([True])

        def once() -> None:
            if next(failures, False):
                raise OSError(28, "No space left on device")
            stop.set()

        sink.fail = once
        scanner = Scanner(tmp_path, sink, 0.01, 1_000_000)
        thread = threading.Thread(target=scanner.run, args=(stop,))
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
        assert sink.usable() == {b"a.png"}

    def test_a_stop_leaves_a_long_look(self, tmp_path: Path) -> None:
        for i in range(20):
            put(tmp_path, f"{i}.png")
        sink, stop = Catalogue(), threading.Event()
        scanner = Scanner(tmp_path, sink, 0.01, 1_000_000, now=lambda: stop.set() or 2e9)
        scanner.run(stop)
        assert not any(done for _, _, done in sink.steps)


class TestShare:
    @pytest.mark.parametrize(("quick_s", "full_s"), [(0.001, 0.004), (0.1, 0.4), (2.0, 9.0), (0.5, 0.6)])
    def test_looking_stays_a_small_share(self, bench: Bench, quick_s: float, full_s: float) -> None:
        """Simulated for hours, with looks that cost what one likes."""
        watcher, looks = bench.scanner, {True: 0, False: 0}

        def visit(folders: object, path: bytes, full: bool) -> list[bytes]:
            bench.spent += full_s if full else quick_s
            looks[full] += 1
            return []

        watcher._visit = visit  # type: ignore[method-assign]
        watcher.look()
        began = bench.spent
        while bench.time < 40_000:
            bench.time += watcher.look()
        assert (bench.spent - began) / bench.time <= 0.02
        assert (bench.spent - began) / bench.time <= QUICK_SHARE + FULL_SHARE + 0.001
        assert looks[True] > 1 and sum(looks.values()) > 20
