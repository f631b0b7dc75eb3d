from __future__ import annotations

import json
import shlex
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import full
from benchmarks.curves import Curves, summary
from benchmarks.label_efficiency import parser
from benchmarks.report import Figures, overview, read_figures, read_json, render, study_table, write_page
from benchmarks.studies import PAGE, RESULTS, STUDIES

ROOT = Path(__file__).parents[3]
LEVELS = {"uherding": 0.805, "random": 0.6, "scikit-activeml/MaxHerding": 0.75, "modAL/margin": 0.7}


def figures() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    curves = {
        name: Curves((10, 20, 30), level + np.array([0, 0.05, 0.1]) + rng.normal(0, 0.00002, (5, 3)))
        for name, level in LEVELS.items()
    }
    settings = {"seeds": 5, "train": 1440, "test": 360, "classes": 6, "features": "made", "pool": 50, "budget": 30}
    strategies = {name: summary(found, [0.85], {}) | {"seconds_per_query": 0.5} for name, found in curves.items()}
    return {"strategies": strategies, "settings": {**settings, "set": "made", "versions": {"numpy": "2"}}}


def costs() -> dict[str, Any]:
    settings = {"dim": 1280, "count": 50, "limit_s": 120, "limit_gb": 12.0, "pools": [2000, 10000]}
    found = [
        {"strategy": "herding", "pool": 2000, "seconds": 0.5, "mb": 3.0, "reason": ""},
        {"strategy": "scikit-activeml/MaxHerding", "pool": 2000, "seconds": 5.0, "mb": 30.0, "reason": ""},
        {"strategy": "herding", "pool": 10000, "seconds": 0.6, "mb": 3.0, "reason": ""},
        {
            "strategy": "scikit-activeml/MaxHerding",
            "pool": 10000,
            "seconds": None,
            "mb": None,
            "reason": "not in 120 s",
        },
    ]
    return {"settings": {**settings, "versions": {"baal": "2.1.0"}}, "costs": found}


def test_a_table_compares_ours_with_every_other() -> None:
    lines = study_table(Figures(STUDIES[0], figures()))
    assert [line["strategy"] for line in lines] == [
        "**uherding**",
        "scikit-activeml/MaxHerding",
        "modAL/margin",
        "random",
    ]
    assert lines[0]["uherding minus it"] == ""
    assert lines[1]["uherding minus it"].startswith("+0.05")
    assert lines[2]["labels to 0.95"] == "> 30"
    assert lines[1]["below random at"] == "-"


def test_the_overview_names_the_best_peer() -> None:
    (line,) = overview([Figures(STUDIES[0], figures())])
    assert line["best peer"] == "scikit-activeml/MaxHerding 0.800"
    assert line["uherding minus it"].startswith("+0.05")
    (line,) = overview([Figures(STUDIES[1], figures())])
    assert (line["labels to"], line["uherding "]) == ("0.8", "10")
    assert line["best peer "] in ("20 (scikit-activeml/MaxHerding)", "30 (scikit-activeml/MaxHerding)")


def test_the_page_says_what_a_query_costs_and_how_much_faster_ours_is() -> None:
    page = render([Figures(STUDIES[0], figures())], costs(), "benchmarks")
    assert "| herding " in page
    assert "0.50 s, 3 MB" in page
    assert "10.0 times" in page
    assert "not in 120 s" in page
    assert "**uherding minus the best peer, scikit-activeml/MaxHerding: +0.05" in page


def test_the_page_is_written_with_its_plots(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "neu.json").write_text(json.dumps(figures()))
    (results / "cost.json").write_text(json.dumps(costs()))
    write_page(results, tmp_path / "page.md")
    assert "(page/neu.png)" in (tmp_path / "page.md").read_text()
    assert (tmp_path / "page" / "neu.png").exists()


def test_the_page_in_the_repository_is_what_its_figures_give() -> None:
    results = ROOT / RESULTS
    cost, marker = (read_json(results / f"{name}.json") for name in ("cost", "right_reasons"))
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render(read_figures(results), cost, PAGE.stem, marker)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.key)
def test_the_command_of_a_study_is_understood(study: Any) -> None:
    *before, last = (shlex.split(command) for command in study.commands(20))
    assert last[:3] == ["python", "-m", "benchmarks.peers"]
    given = parser("benchmarks.peers", None).parse_args(last[3:])
    assert given.plain_head != study.own_head
    assert given.seeds == 20
    assert len(before) == (study.features == "cnn") == bool(given.embeddings)
    assert given.digits == (study.image_set is None and study.features != "cnn")


def test_everything_is_run_that_has_no_figures_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, results = tmp_path / "data", tmp_path / "results"
    data.mkdir()
    results.mkdir()
    (results / "flowers.json").write_text(json.dumps(figures()))
    with zipfile.ZipFile(data / "neu_surface_defects.zip", "w") as archive:
        archive.writestr("labels.csv", "filename,label,split\n")
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(full, "_call", lambda *command: ran.append(command))
    where = ["--work", str(tmp_path / "work"), "--results", str(results), "--page", str(tmp_path / "page.md")]
    full.main(["--data", str(data), *where, "--only", "neu,flowers,digits-cnn,cost", "--seeds", "3"])
    assert [command[0].rpartition(".")[2] for command in ran] == ["peers", "pretraining", "peers", "cost"]
    assert (tmp_path / "work" / "sets" / "neu_surface_defects" / "labels.csv").exists()
    assert ran[0][ran[0].index("--seeds") + 1] == "3"
    assert ran[1][ran[1].index("--save") + 1] == ran[2][ran[2].index("--embeddings") + 1]
    assert (tmp_path / "page.md").exists()


def test_an_unknown_study_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        full.main(["--data", ".", "--only", "nonsense"])
    assert "--only names nonsense; expected some of neu" in capsys.readouterr().err
