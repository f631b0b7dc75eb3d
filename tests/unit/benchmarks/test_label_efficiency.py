from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.curve_plot import HIGHEST, plot, spread
from benchmarks.label_efficiency import main


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    y = np.arange(120) % 3
    x = np.eye(3, 6)[y] + rng.normal(0, 0.4, (120, 6))
    path = tmp_path / "made.npz"
    np.savez(path, x=x, y=y, test=np.arange(120) >= 90, classes=["a", "b", "c"])
    return path


def run(arrays: Path, *flags: str) -> None:
    main(["--embeddings", str(arrays), "--budget", "24", "--initial", "6", "--step", "6", "--pool", "60", *flags])


def test_it_prints_and_writes_what_was_agreed(arrays: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {what: tmp_path / f"out.{what}" for what in ("json", "csv", "plot")}
    files["plot"] = tmp_path / "out.png"
    wanted = [part for what, path in files.items() for part in (f"--{what}", str(path))]
    run(arrays, "--strategies", "random,margin,herding>margin", "--seeds", "2", "--target", ".8", *wanted)
    figures = json.loads(files["json"].read_text())
    assert list(figures["strategies"]) == ["random", "margin", "herding>margin"]
    for found in figures["strategies"].values():
        assert [point["labels"] for point in found["curve"]] == [6, 12, 18, 24]
        assert all(point["low"] <= point["mean"] <= point["high"] for point in found["curve"])
        assert found["aulc"] == pytest.approx(np.mean([point["mean"] for point in found["curve"]]), abs=1e-4)
        assert found["seconds_per_query"] > 0
        assert found["peak_mb"] >= 0
    assert {"set": "made", "pool": 60, "seeds": 2, "train": 90, "test": 30}.items() <= figures["settings"].items()
    rows = list(csv.DictReader(files["csv"].open()))
    assert len(rows) == 3 * 2 * 4
    assert files["plot"].read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "| strategy" in printed
    assert "labels to 0.8" in printed
    assert "minus random" in printed


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--strategies", "nonsense"], "nonsense"),
        (["--seeds", "0"], "--seeds is 0; expected 1 or more"),
        (["--digits"], "expected --images DIR with --labels CSV"),
    ],
)
def test_what_cannot_be_run_ends_with_a_sentence(arrays: Path, flags: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        run(arrays, *flags)


def test_names_beside_the_curves_do_not_overlap() -> None:
    heights = spread([0.1, 0.1, 0.5, 0.99, 0.99, 1.2], 0.05)
    assert heights == sorted(heights)
    assert all(b - a >= 0.05 - 1e-9 for a, b in pairwise(heights))
    assert heights[-1] == HIGHEST
    assert heights[2] == 0.5


def test_the_plot_shows_random_and_the_best(arrays: Path, tmp_path: Path) -> None:
    run(arrays, "--strategies", "random,margin,least,entropy", "--seeds", "2", "--json", str(tmp_path / "f.json"))
    figures = json.loads((tmp_path / "f.json").read_text())
    drawn = plot(figures, tmp_path / "p.png", most=2)
    best = sorted(("margin", "least", "entropy"), key=lambda name: -figures["strategies"][name]["aulc"])[:2]
    assert drawn == [*best, "random"]
