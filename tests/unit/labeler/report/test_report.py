"""The whole page: nothing from outside, nothing that runs, every text as text, figures as scikit-learn has them."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from sklearn import metrics

from labeler.analyst import Analyst
from labeler.image_store import ImageStore
from labeler.questions import TrainerAway
from labeler.report.__main__ import main
from labeler.report.gather import BUDGET_S, looks
from labeler.report.pictures import MOST, MOST_MAPS, albums, lighter, overlaid
from labeler.report.style import hash_of, style_sheet
from labeler.routes.failures import register_failures
from labeler.routes.report import report_blueprint
from shared.errors import Conflict, UnknownImage
from shared.messages import MetricsReport

from ..conftest import World
from ..test_analyst import predictions, say, tests
from ..test_desk import hello

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;'


class Parts(HTMLParser):
    """What a browser would find: elements with their attributes, and rows of tables as text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.rows: list[list[str]] = []
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def get(world: World) -> str:
    answer = world.client.get("/api/report")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="labelstream-report.html"'
    return str(answer.get_data(as_text=True))


def evaluated(world: World, labels: int, value: float) -> None:
    share = {"value": value, "low": value - 0.1, "high": value + 0.05, "n": 30}
    world.labeler.desk.metrics(
        MetricsReport.parse({
            "epoch": world.labeler.desk.view.epoch, "based_on_seq": labels, "model_version": labels // 10,
            "labels": labels, "train_loss": 1 / labels,
            "outlook": [{"metric": "accuracy", "reached": False, "sentence": "not yet"}],
            "metrics": {"accuracy": share, "f1_macro": share, "loss": {"value": 1 - value, "n": 30}},
        })
    )  # fmt: skip


@pytest.fixture
def hostile(make_world: Callable[..., World]) -> World:
    """Names that would be markup wherever a person or a file could put them."""
    world = make_world(classes=[HOSTILE, "dog", "owl"])
    world.find(90, prefix=HOSTILE)
    for i, image in enumerate(tests(world)):
        assert world.annotate(image["image_id"], [HOSTILE, "dog"][i % 2], annotator=HOSTILE)[0] == 201
    hello(world.labeler.desk)
    for step in range(1, 6):
        world.now += 600
        evaluated(world, 10 * step, 0.5 + 0.05 * step)
        say(world, step)
    world.client.patch(f"/api/settings?annotator={HOSTILE[:20]}", json={"train.C": 10.0})
    return world


def test_nothing_runs_and_nothing_comes_from_outside(hostile: World) -> None:
    html = get(hostile)
    parts = Parts(html)
    assert {tag for tag, _ in parts.elements} & {"script", "link", "iframe", "object", "form", "base"} == set()
    for _, attributes in parts.elements:
        assert not any(key.startswith("on") or key == "style" for key in attributes)
        assert all(attributes[key].startswith("data:") for key in ("src", "href") if key in attributes)
    assert "@import" not in html and "url(" not in html
    assert html.count(HOSTILE) == 0 and "alert(1)" in html


def test_its_own_policy_allows_its_style_sheet_alone(hostile: World) -> None:
    html = get(hostile)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    policy = next(a["content"] for tag, a in Parts(html).elements if a.get("http-equiv") == "Content-Security-Policy")
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:")
    assert digest == hash_of(style_sheet())


def test_the_classes_agree_with_scikit_learn_on_the_exported_predictions(hostile: World) -> None:
    truth, probs = predictions(hostile, 5)
    said = probs.argmax(axis=1)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, said, labels=[0, 1], zero_division=0)
    rows = {row[0].removeprefix("● ").strip(): row for row in Parts(get(hostile)).rows if len(row) == 7}
    for k, name in enumerate([HOSTILE, "dog"]):
        auc = metrics.roc_auc_score(truth == k, probs[:, k])
        expected = [f"{100 * share:.1f}\u00a0%" for share in (precision[k], recall[k], f1[k])] + [f"{auc:.3f}"]
        assert rows[name][3:] == expected
    assert rows["owl"][2:] == ["0", "–", "–", "–", "–"]


def test_it_shows_curves_matrix_people_settings_versions_and_the_hold_out(hostile: World) -> None:
    html = get(hostile)
    for title in (
        "Accuracy against labels", "Accuracy against time", "Macro-F1 against labels", "Confusion matrix",
        "Calibration", "Precision against recall", "ROC",
        "Labels per annotator", "Labels per class", "Labels per minute", "Uncertainty, right and wrong",
    ):  # fmt: skip
        assert f"<h3>{title}</h3>" in html
    assert "30 images drawn by the hash of their content" in html
    assert "The model now, version 5" in html and "Not yet." in html
    rows = Parts(html).rows
    assert any(row[4:] == ["train.C", "30", "10"] for row in rows if len(row) == 7)
    assert [row[0] for row in rows if len(row) == 6 and row[0].isdigit()] == ["5", "4", "3", "2", "1"]


def test_before_the_first_label_it_says_what_there_is(make_world: Callable[..., World]) -> None:
    html = get(make_world())
    assert "No evaluation yet" in html and "There is no class yet." in html and "nothing was labelled yet" in html


def test_no_secret_and_no_address_is_in_it(make_world: Callable[..., World]) -> None:
    secret = "a-secret-of-the-server"
    world = make_world(server__token=secret, trainer__token=secret)
    html = str(world.client.get("/api/report", headers={"Authorization": f"Bearer {secret}"}).get_data(as_text=True))
    assert "train.C" in html and secret not in html and "labeler_url" not in html


def test_a_long_run_with_a_hundred_classes_stays_small(make_world: Callable[..., World]) -> None:
    world = make_world(classes=[f"class number {i}" for i in range(100)])
    world.find(400)
    for i, image in enumerate(tests(world)):
        world.annotate(image["image_id"], f"class number {i % 100}")
    hello(world.labeler.desk)
    for step in range(1, 30):
        evaluated(world, step, 0.5 + step / 200)
    say(world, 30, classes=100)
    assert len(get(world)) < 1_000_000


def png(colour: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", size, colour).save(sink, "PNG")
    return sink.getvalue()


def test_albums_hold_mistakes_and_right_answers_few_and_with_maps_while_they_come(hostile: World) -> None:
    analyst = Analyst(hostile.labeler.desk.versions, hostile.labeler.board, ImageStore(hostile.database))
    table = analyst.tables([5])["versions"][0]
    vanished = tests(hostile)[0]["image_id"]
    asked: list[str] = []

    def show(image_id: str, _size: int) -> tuple[bytes, str]:
        if image_id == vanished:
            raise UnknownImage("no file holds it any more")
        return png((10, 20, 30)), "image/png"

    def explain(image_id: str, _size: int) -> bytes | None:
        asked.append(image_id)
        return png((255, 255, 255)) if len(asked) <= MOST_MAPS else None

    found = {album.title.split(":")[0]: album for album in albums(analyst, 5, table, show, explain)}
    truth, probs = predictions(hostile, 5)
    right = int((probs.argmax(axis=1) == truth).sum())
    assert found["Right, one of each class"].total == right
    wrong = [album for title, album in found.items() if "istakes" in title]
    assert sum(album.total for album in wrong) == len(truth) - right
    pictures = [picture for album in found.values() for picture in album.pictures]
    assert all(len(album.pictures) <= MOST for album in found.values())
    assert all((p.label == p.predicted) == (p in found["Right, one of each class"].pictures) for p in pictures)
    assert sum(bool(picture.looked) for picture in pictures) == MOST_MAPS


def test_a_map_lies_on_its_picture_and_glows_where_the_model_looks() -> None:
    heat = np.zeros((30, 40), np.uint8)
    heat[:, 20:] = 255
    sink = io.BytesIO()
    Image.fromarray(heat).save(sink, "PNG")
    mixed = np.asarray(Image.open(io.BytesIO(overlaid(png((100, 100, 100)), sink.getvalue()))), float)
    assert mixed.shape == (30, 40, 3)
    assert mixed[15, 5].mean() < 40
    assert mixed[15, 35].mean() > 150


def test_large_pictures_become_small_ones() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    sink = io.BytesIO()
    Image.fromarray(noise).save(sink, "PNG")
    data, kind = lighter(sink.getvalue(), "image/png")
    assert kind == "image/jpeg" and max(Image.open(io.BytesIO(data)).size) == 160 and len(data) < 30_000
    assert lighter(png((1, 2, 3)), "image/png") == (png((1, 2, 3)), "image/png")


def test_the_command_needs_nothing_but_the_database(
    hostile: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile.config.paths.data)
    hostile.database.close()
    data = hostile.config.paths.data
    out = data / "a" / "folder" / "run.html"
    assert main(["--data", str(data), "--images", str(data), "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    assert "Accuracy against labels" in out.read_text() and "version 5" in out.read_text()


def test_a_folder_without_a_run_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--data", str(tmp_path)]) == 2
    assert f"there is no run in {tmp_path}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


class Answers:
    """Explanations whose answers are errors in turn, then a map."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked = 0

    def map(self, *_asked: object) -> tuple[bytes, dict[str, object]]:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return b"map", {}


def test_a_report_does_not_wait_for_the_trainer() -> None:
    away, one_image = Answers(TrainerAway("it is away")), Answers(Conflict("this one is still asked"))
    explain = looks(away, lambda: 0.0)  # type: ignore[arg-type]
    assert [explain("a", 160), explain("b", 160)] == [None, None] and away.asked == 1
    explain = looks(one_image, lambda: 0.0)  # type: ignore[arg-type]
    assert [explain("a", 160), explain("b", 160)] == [None, b"map"]
    times = iter([0.0, 1.0, BUDGET_S + 1])
    explain = looks(Answers(), lambda: next(times))  # type: ignore[arg-type]
    assert [explain("a", 160), explain("b", 160)] == [b"map", None]


def test_one_report_is_made_at_a_time() -> None:
    app, inner = Flask(__name__), list[int]()
    register_failures(app)

    def make() -> bytes:
        if not inner:
            inner.append(0)
            inner[0] = app.test_client().get("/api/report").status_code
        return b"<!doctype html>"

    app.register_blueprint(report_blueprint(make))
    assert app.test_client().get("/api/report").status_code == 200 and inner == [409]
    assert app.test_client().get("/api/report").status_code == 200
