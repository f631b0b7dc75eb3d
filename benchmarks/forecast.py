"""How good the dashboard's forecast is, on recorded learning curves.

Every seed's curve of uherding in benchmarks/results is cut at half of its points; from there the labels are forecast
that take the same curve to the accuracy which the mean of all seeds has at three quarters. Curves that are there
already are left out. Said: how often a number was given; covered: how often the interval (without an upper bound
where none was told) meets the step in which the curve gets there; never: how often it does not get there before it
ends, which an interval that goes on behind the end covers; off: the median factor between forecast and truth, of all
labels.
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


def arrival(labels: list[int], curve: list[float], cut: int, goal: float) -> tuple[int, float]:
    """The step in which a curve gets to the goal behind its first `cut` points: (after, at) labels.

    `at` is infinite where it does not; the step is that behind its end then.
    """
    for i in range(cut, len(labels)):
        if curve[i] >= goal:
            return labels[i - 1], labels[i]
    return labels[-1], math.inf


def judged(told: Forecast, now: int, truth: tuple[int, float]) -> tuple[bool, bool, float | None]:
    """Whether a number was said, whether the interval meets the step of the truth, and the factor they differ by."""
    after, at = truth
    low = now + (told.low or 0)
    high = math.inf if told.high is None else now + told.high
    said = None if told.needed is None or math.isinf(at) else now + told.needed
    off = None if said is None else max(said / at, at / said)
    return told.needed is not None, low <= at and high > after, off


def study(result: dict[str, Any]) -> dict[str, Any]:
    """The figures of one file of benchmarks/results."""
    found = result["strategies"][STRATEGY]
    labels = [point["labels"] for point in found["curve"]]
    cut = round(CUT * len(labels))
    goal, now, tests = found["curve"][round(GOAL * len(labels))]["mean"], labels[cut - 1], result["settings"]["test"]
    open_curves = [curve for curve in found["per_seed"] if curve[cut - 1] < goal]
    truths = [arrival(labels, curve, cut, goal) for curve in open_curves]
    rows = [
        judged(forecast(points(labels, curve, tests)[:cut], goal, rising=True), now, truth)
        for curve, truth in zip(open_curves, truths, strict=True)
    ]
    factors = [off for _, _, off in rows if off is not None]
    return {
        "goal": goal,
        "from": now,
        "curves": len(rows),
        "said": sum(said for said, _, _ in rows),
        "covered": sum(covered for _, covered, _ in rows),
        "never": sum(math.isinf(at) for _, at in truths),
        "off": median(factors) if factors else None,
    }


def kept_results() -> list[Path]:
    """The files of benchmarks/results."""
    return sorted(RESULTS.glob("*.json"))


def main(argv: list[str] | None = None) -> int:
    """Study every file, print."""
    parser = parser_for("benchmarks.forecast", __doc__)
    parser.add_argument(
        "results", nargs="*", type=Path, help="files of benchmarks.label_efficiency (default: all kept)"
    )
    given = parser.parse_args(argv)
    contents = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in given.results or kept_results()}
    figures = {name: study(result) for name, result in contents.items() if STRATEGY in result.get("strategies", {})}
    print_table(
        [
            {
                "curves": name,
                "from": f["from"],
                "goal": f"{100 * f['goal']:.1f} %",
                "said": f"{f['said']} of {f['curves']}",
                "covered": f"{f['covered']} of {f['curves']}",
                "never": f["never"],
                "off": "–" if f["off"] is None else f"× {f['off']:.2f}",
            }
            for name, f in figures.items()
        ]
    )
    covered, curves = (sum(f[key] for f in figures.values()) for key in ("covered", "curves"))
    print(f"covered in all: {covered} of {curves}, {100 * covered / curves:.1f} %")
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
