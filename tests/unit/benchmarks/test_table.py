from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.table import milliseconds, percentiles, print_table, write_json


def test_percentiles_interpolate() -> None:
    assert percentiles([0.0, 1.0, 2.0, 3.0, 4.0]) == {"p50_s": 2.0, "p95_s": pytest.approx(3.8), "n": 5}


def test_a_table_lines_up(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"images": "1,000", "p50": milliseconds(0.00512)}, {"images": "10", "p50": "-"}])
    assert capsys.readouterr().out.splitlines() == [
        "| images | p50    |",
        "|--------|--------|",
        "| 1,000  | 5.1 ms |",
        "| 10     | -      |",
    ]


def test_figures_are_written_where_asked(tmp_path: Path) -> None:
    write_json(tmp_path / "f.json", {"p50_s": 0.5})
    write_json(None, {})
    assert json.loads((tmp_path / "f.json").read_text()) == {"p50_s": 0.5}
