"""Writes docs/benchmarks.md and its plots from the figures that `python -m benchmarks.full` has measured."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import right_reasons_table
from benchmarks.curve_plot import plot
from benchmarks.curves import Comparison, Curves, compare
from benchmarks.peers.cost import Cost
from benchmarks.peers.cost import rows as cost_rows
from benchmarks.peers.table import EVERYTHING, SELECTED, SHORTLIST, is_peer
from benchmarks.studies import COST, PAGE, RESULTS, STUDIES, Study
from benchmarks.table import markdown

OURS: Final = "uherding"
MARKER: Final = "right_reasons"
RANDOM: Final = "random"
SHOWN: Final = 5
SAME: Final = {
    "margin": "scikit-activeml/margin",
    "herding": "scikit-activeml/MaxHerding",
    "typiclust": "scikit-activeml/TypiClust",
    "coreset": "scikit-activeml/CoreSet",
    "badge": "scikit-activeml/Badge",
    "dropquery": "scikit-activeml/DropQuery",
    "bald": "baal/BALD",
}

HEAD: Final = """# Benchmarks of the query strategies

Made by `python -m benchmarks.report` from the figures in [benchmarks/results](../benchmarks/results); not written by
hand. Other measurements, and bad ones, are in [the log](../benchmarks/LOG.md).

Known labels are replayed through the trainer's own pool, learner and strategies; the other libraries get the same
embeddings, head, pools, seeds and budget. Each seed draws its own pool of training images; the first batch is chosen
without any label; strategies that need a model then start with random images. `a>b` chooses the first batch by `a` and
all others by `b`. The head is logistic regression, C = 30, as scikit-learn fits it; with "own head" its classes are
balanced, as in the trainer. Intervals are 95 % over the seeds (Student's t); differences are paired by seed, and those
at single budgets hold each by itself. "Labels to" is the first budget at which the mean of the seeds reaches the
accuracy. Seconds are those of one query, on one thread.

Everything again, in one run: `make bench-full`.
"""

GROUPS: Final = f"""In the commands, `selected` stands for {", ".join(SELECTED)}.

`shortlist` stands for {", ".join(SHORTLIST)}: those that one would try first.

`peers` would be all: besides `selected` {", ".join(name for name in EVERYTHING if name not in SELECTED)}.
A strategy that several libraries have is asked once. On one pool of NEU none of those left out was among the best six.
baal's BatchBALD, which takes seconds for each image, is in the table of costs only."""


class Figures:
    """What one study has measured."""

    def __init__(self, study: Study, content: dict[str, Any]) -> None:
        self.study = study
        self.content = content
        self.settings: dict[str, Any] = content["settings"]
        self.curves = {name: _curves(found) for name, found in content["strategies"].items()}
        self.ranked = sorted(self.curves, key=lambda name: -self.curves[name].area.mean)

    @property
    def targets(self) -> list[float]:
        """Accuracies to reach."""
        return [float(target) for target in self.study.targets.split(",")]

    @property
    def best_peer(self) -> str | None:
        """The one with the highest mean of the curve, on the test part itself: that favours it."""
        return next((name for name in self.ranked if is_peer(name)), None)

    def against(self, name: str, other: str) -> Comparison | None:
        """Paired differences; None where one of them was not measured."""
        if name not in self.curves or other not in self.curves or name == other:
            return None
        return compare(self.curves[name], self.curves[other])

    def seconds(self, name: str) -> float:
        """Of one query."""
        return float(self.content["strategies"][name]["seconds_per_query"])


def _curves(found: dict[str, Any]) -> Curves:
    return Curves(tuple(point["labels"] for point in found["curve"]), np.array(found["per_seed"]))


def study_table(figures: Figures) -> list[dict[str, str]]:
    """A line per strategy, the best first."""
    return [_study_line(figures, name) for name in figures.ranked]


def _study_line(figures: Figures, name: str) -> dict[str, str]:
    curves = figures.curves[name]
    line = {"strategy": f"**{name}**" if name == OURS else name, "mean of the curve": str(curves.area)}
    for place in np.unique(np.linspace(0, len(curves.labels) - 1, SHOWN).round().astype(int)):
        line[f"{curves.labels[place]}"] = f"{curves.accuracy[:, place].mean():.3f}"
    for target in figures.targets:
        line[f"labels to {target:g}"] = labels_to(curves, target)
    line[f"{OURS} minus it"] = _signed(figures.against(OURS, name))
    line[f"below {RANDOM} at"] = _budgets(figures.against(name, RANDOM))
    line["s"] = f"{figures.seconds(name):.3f}"
    return line


def labels_to(curves: Curves, target: float) -> str:
    """For people: a number, or `> the budget`."""
    reached = curves.labels_to(target)
    return f"> {curves.labels[-1]}" if reached is None else f"{reached}"


def _signed(found: Comparison | None) -> str:
    return "" if found is None else found.area.signed


def _budgets(found: Comparison | None) -> str:
    return "" if found is None else ", ".join(map(str, found.below)) or "-"


def overview(studies: Sequence[Figures]) -> list[dict[str, str]]:
    """A line per study: ours, the best peer, and where ours is below random."""
    return [_overview_line(figures) for figures in studies if OURS in figures.curves]


def _overview_line(figures: Figures) -> dict[str, str]:
    peer, target = figures.best_peer, figures.targets[-1]
    return {
        "set": figures.study.title,
        OURS: f"{figures.curves[OURS].area.mean:.3f}",
        RANDOM: f"{figures.curves[RANDOM].area.mean:.3f}",
        "best peer": f"{peer} {figures.curves[peer].area.mean:.3f}" if peer else "",
        f"{OURS} minus it": _signed(figures.against(OURS, peer)) if peer else "",
        "below random at": _budgets(figures.against(OURS, RANDOM)),
        "labels to": f"{target:g}",
        f"{OURS} ": labels_to(figures.curves[OURS], target),
        "best peer ": fewest(figures, target),
        f"{RANDOM} ": labels_to(figures.curves[RANDOM], target),
    }


def fewest(figures: Figures, target: float) -> str:
    """The peer that needs the fewest labels, whichever it is."""
    reached = {name: curves.labels_to(target) for name, curves in figures.curves.items() if is_peer(name)}
    found = {name: labels for name, labels in reached.items() if labels is not None}
    if not found:
        return f"> {figures.settings['budget']}" if reached else ""
    best = min(found, key=found.__getitem__)
    return f"{found[best]} ({best})"


def same_table(costs: Sequence[Cost], pools: Sequence[int], studies: Sequence[Figures]) -> list[dict[str, str]]:
    """Our strategy and the same of another library: how many times faster, and the difference in quality."""
    seconds = {(cost.strategy, cost.pool): cost.seconds for cost in costs}
    reasons = {(cost.strategy, cost.pool): cost.reason for cost in costs}
    lines = []
    for ours, theirs in SAME.items():
        line = {"ours": ours, "theirs": theirs}
        for pool in pools:
            mine, other = seconds.get((ours, pool)), seconds.get((theirs, pool))
            line[f"{pool:,}"] = f"{other / mine:.1f} times" if mine and other else reasons.get((theirs, pool), "")
        for figures in studies:
            line[f"ours minus theirs, {figures.study.key}"] = _signed(figures.against(ours, theirs))
        lines.append(line)
    return lines


def cost_section(content: dict[str, Any], studies: Sequence[Figures]) -> str:
    """Seconds and memory, and the comparison of the same strategies."""
    settings = content["settings"]
    costs = [Cost(**cost) for cost in content["costs"]]
    return "\n\n".join(
        [
            "## What a query costs",
            f"`python -m benchmarks.peers.cost`: seconds of processor time and added memory of one query of "
            f"{settings['count']} from pools of embeddings of {settings['dim']:,} values, on one thread, each in a "
            f"process of its own with at "
            f"most {settings['limit_gb']:g} GB and {settings['limit_s']} s. What broke a limit was not tried on a "
            f"larger pool. {versions(settings)}",
            markdown(cost_rows(costs, settings["pools"])),
            "The same strategy, ours and theirs: how many times faster ours is, and the paired difference between the "
            "means of the curves.",
            markdown(same_table(costs, settings["pools"], studies)),
        ]
    )


def versions(settings: Mapping[str, Any]) -> str:
    """One sentence."""
    return "Versions: " + ", ".join(f"{name} {number}" for name, number in settings["versions"].items()) + "."


def study_section(figures: Figures, image: str) -> str:
    """Title, command, table and plot."""
    settings = figures.settings
    facts = (
        f"{settings['seeds']} seeds; {settings['train']:,} training images, {settings['test']:,} to test, "
        f"{settings['classes']} classes; features `{settings['features']}`. {versions(settings)}"
    )
    parts = [f"## {figures.study.title}", _indented(figures.study.commands(settings["seeds"])), facts]
    if (peer := figures.best_peer) and (found := figures.against(OURS, peer)):
        above = ", ".join(map(str, found.above)) or "no budget"
        parts.append(
            f"**{OURS} minus the best peer, {peer}: {found.area.signed}**; above at {above}; "
            f"below at {', '.join(map(str, found.below)) or 'no budget'}."
        )
    return "\n\n".join([*parts, markdown(study_table(figures)), f"![learning curves]({image})"])


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def read_figures(results: Path) -> list[Figures]:
    """Of the studies that have been measured."""
    found = [(study, results / f"{study.key}.json") for study in STUDIES]
    return [Figures(study, json.loads(path.read_text(encoding="utf-8"))) for study, path in found if path.exists()]


def render(
    studies: Sequence[Figures], cost: dict[str, Any] | None, images: str, marker: dict[str, Any] | None = None
) -> str:
    """The page. cost, marker: the figures of benchmarks.peers.cost and of benchmarks.right_reasons, if measured."""
    parts = [HEAD.rstrip(), markdown(overview(studies)), GROUPS] if studies else [HEAD.rstrip()]
    parts += [study_section(figures, f"{images}/{figures.study.key}.png") for figures in studies]
    if cost is not None:
        parts.append(cost_section(cost, [figures for figures in studies if figures.best_peer]))
    if marker is not None:
        parts.append(right_reasons_table.section(marker, f"{images}/right-reasons.png"))
    return "\n\n".join(parts) + "\n"


def write_page(results: Path, page: Path) -> None:
    """The page, and beside it a folder of plots."""
    studies = read_figures(results)
    images = page.with_suffix("")
    images.mkdir(parents=True, exist_ok=True)
    for figures in studies:
        plot(figures.content, images / f"{figures.study.key}.png", figures.study.title, must=OURS)
    cost, marker = (read_json(results / f"{name}.json") for name in (COST, MARKER))
    page.write_text(render(studies, cost, images.name, marker), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any] | None:
    """What the file holds; None where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of figures (default: %(default)s)")
    parser.add_argument("--page", type=Path, default=PAGE, help="(default: %(default)s)")
    given = parser.parse_args()
    write_page(given.results, given.page)


if __name__ == "__main__":
    main()
