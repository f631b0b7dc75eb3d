"""The labeler as a process: how it starts, refuses to, and ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.services import free_port
from tests.processes import ROOT, LabelerProcess, labeler_process
from tests.waiting import wait_for

Start = Callable[..., LabelerProcess]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(12):
        Image.new("RGB", (24, 24), (i * 20, 90, 200)).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def start(tmp_path: Path, images: Path) -> Iterator[Start]:
    made: list[LabelerProcess] = []

    def make(name: str = "one", **kwargs: object) -> LabelerProcess:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        service = labeler_process(folder, images, kwargs.pop("data", folder / "data"), **kwargs)  # type: ignore[arg-type]
        made.append(service)
        service.start()
        return service

    yield make
    for service in made:
        if service.alive:
            service.end()


def refused(service: LabelerProcess) -> str:
    assert service.exit_status() == 2
    assert "Traceback" not in service.output
    return service.output


def test_it_serves_finds_the_images_and_ends_at_ctrl_c(start: Start) -> None:
    labeler = start().ready()
    wait_for(lambda: labeler.get("/api/state")["counts"]["images"] == 12, "the images")
    assert f"open {labeler.url}/" in labeler.output
    assert labeler.end(signal.SIGINT) == 0
    assert "Traceback" not in labeler.output


def test_images_that_arrive_later_are_found(start: Start, images: Path) -> None:
    labeler = start(images__scan_every_s="0.2").ready()
    wait_for(lambda: labeler.get("/api/state")["counts"]["images"] == 12, "the images")
    Image.new("L", (24, 24), 3).save(images / "late.png")
    wait_for(lambda: labeler.get("/api/state")["counts"]["images"] == 13, "the late image")
    (images / "late.png").unlink()
    wait_for(lambda: labeler.get("/api/state")["counts"]["images"] == 12, "its end")


def test_a_port_in_use_is_named(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in refused(start(port=port))


def test_a_second_labeler_on_the_same_data_is_refused(start: Start) -> None:
    first = start().ready()
    second = start("two", data=Path(first.arguments[3]))
    assert "another labeler is at work" in refused(second)
    first.end(signal.SIGKILL)
    start("three", data=Path(first.arguments[3])).ready()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("server: {port: 1, port: 2}", "given twice"),
        ("sever: {port: 1}", "did you mean `server`"),
        ("server: {port: many}", "server.port: got 'many'"),
        ("[1, 2", "not valid YAML"),
        ("server: {host: 0.0.0.0}", "set server.token"),
    ],
)
def test_a_bad_configuration_is_explained(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    answer = subprocess.run(
        [sys.executable, "-m", "labeler", "--config", str(file), "--data", str(tmp_path / "data")],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    assert answer.returncode == 2
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_token_file_is_for_its_owner_alone(start: Start) -> None:
    labeler = start().ready()
    token = Path(labeler.arguments[3]) / "tokens" / "trainer"
    assert stat.S_IMODE(token.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    assert len(token.read_text().strip()) >= 32


def test_odd_file_names_are_labelled_like_any_other(start: Start, images: Path) -> None:
    names = [
        b"new\nline.png",
        b"'\"quote.png",
        "\u202ertl.png".encode(),
        b"x" * 251 + b".png",
        b"\xff\xfe.png",
        b"a..png",
    ]
    data = (images / "0.png").read_bytes()
    for i, name in enumerate(names):
        Path(os.fsdecode(os.fsencode(images) + b"/" + name)).write_bytes(data + b"\0" * (i + 1))
    labeler = start(port=free_port(), classes='["<b>bold</b>"]').ready()
    wait_for(lambda: labeler.get("/api/state")["scan"]["done"], "the look to end")
    counts = labeler.get("/api/state")["counts"]
    assert counts["images"] == 12 + len(names), labeler.get("/api/files?problem=unreadable")
    for _ in range(counts["images"]):
        task = labeler.post("/api/leases", {"client": "t", "count": 1}).json()["tasks"][0]
        answer = labeler.post(
            "/api/annotations",
            {"annotation_id": task["image_id"], "image_id": task["image_id"], "kind": "label", "label": "<b>bold</b>"},
        )
        assert answer.status_code == 201


def test_an_empty_folder_serves_a_page(start: Start, images: Path) -> None:
    for path in images.iterdir():
        path.unlink()
    labeler = start(classes='["a"]').ready()
    wait_for(lambda: labeler.get("/api/state")["scan"]["done"], "the look to end")
    assert labeler.post("/api/leases", {"client": "t"}).json()["reason"] == "no_images"
