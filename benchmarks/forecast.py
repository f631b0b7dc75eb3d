"""How good the dashboard's forecast is, on recorded learning curves.

Every seed's curve of uherding in benchmarks/results is cut at half of its points; from there the labels are forecast
that take it to the accuracy which the mean of all seeds has at three quarters. Said: how often a number was given;
covered: how often the interval (without an upper bound where none was told) holds the true one; off: the median factor
between forecast and truth, of all labels.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.table import parser_for, print_table, write_json
from labeler.analysis.forecast import Forecast, Point, forecast

RESULTS: Final = Path(__file__).parent / "results"
STRATEGY: Final = "uherding"
CUT: Final = 0.5
GOAL: Final = 0.75


def points(labels: list[int], accuracies: list[float], tests: int) -> list[Point]:
    """A curve as the dashboard knows it: with the standard error of a share of `tests` images."""
    return [
        Point(n, value, math.sqrt(max(value * (1 - value), 0.25 / tests) / tests), tests)
        for n, value in zip(labels, accuracies, strict=True)
    ]


def judged(told: Forecast, now: int, truth: int) -> tuple[bool, bool, float | None]:
    """Whether a number was said, whether the interval holds the truth, and the factor they differ by."""
    low = now + (told.low or 0)
    high = math.inf if told.high is None else now + told.high
    off = None if told.needed is None else max((now + told.needed) / truth, truth / (now + told.needed))
    return told.needed is not None, low <= truth <= high, off


def study(result: dict[str, Any]) -> dict[str, Any]:
    """The figures of one file of benchmarks/results."""
    found = result["strategies"][STRATEGY]
    labels = [point["labels"] for point in found["curve"]]
    cut, at = round(CUT * len(labels)), round(GOAL * len(labels))
    goal, now, truth = found["curve"][at]["mean"], labels[cut - 1], labels[at]
    rows = [
        judged(forecast(points(labels, seed, result["settings"]["test"])[:cut], goal, rising=True), now, truth)
        for seed in found["per_seed"]
    ]
    factors = [off for _, _, off in rows if off is not None]
    return {
        "goal": goal,
        "from": now,
        "to": truth,
        "seeds": len(rows),
        "said": sum(said for said, _, _ in rows),
        "covered": sum(covered for _, covered, _ in rows),
        "off": median(factors) if factors else None,
    }


def main(argv: list[str] | None = None) -> int:
    """Study every file, print."""
    parser = parser_for("benchmarks.forecast", __doc__)
    parser.add_argument(
        "results", nargs="*", type=Path, help="files of benchmarks.label_efficiency (default: all kept)"
    )
    given = parser.parse_args(argv)
    files = given.results or sorted(RESULTS.glob("*.json"))
    figures = {file.stem: study(json.loads(file.read_text(encoding="utf-8"))) for file in files}
    print_table(
        [
            {
                "curves": name,
                "labels": f"{f['from']} → {f['to']}",
                "goal": f"{100 * f['goal']:.1f} %",
                "said": f"{f['said']} of {f['seeds']}",
                "covered": f"{f['covered']} of {f['seeds']}",
                "off": "–" if f["off"] is None else f"× {f['off']:.2f}",
            }
            for name, f in figures.items()
        ]
    )
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
