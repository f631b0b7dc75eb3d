"""Learning curves that people can read: a band for the interval, the name where the curve ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # [Okabe & Ito 2008]
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
GREY: Final = "#8a8a8a"
MOST: Final = len(COLOURS)
EDGE: Final = 1e-3  # nearest to 0 and 1 that is drawn
SPREAD_OUT: Final = 0.9  # above this accuracy differences would be too small to see
TICKS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
HIGHEST: Final = 0.93  # of the axes; above is what the names' figures mean
LINE_HEIGHT: Final = 0.043  # of the axes, between two names


def plot(
    figures: dict[str, Any], path: Path, title: str | None = None, most: int = MOST, must: str = "random"
) -> list[str]:
    """Draw the curves of `--json` figures: the `most` best, `must` and random, which is grey. Returns their names."""
    strategies: dict[str, Any] = figures["strategies"]
    ranked = sorted((n for n in strategies if n != "random"), key=lambda name: -strategies[name]["aulc"])
    best = ranked[:most] if must in (*ranked[:most], "random") else [*ranked[: most - 1], must]
    drawn = [*best, *(["random"] if "random" in strategies else [])]
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(8.4, 4.8), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for place, name in enumerate(drawn):
            _draw(axes, place, name, strategies[name]["curve"])
        _dress(axes, figures["settings"], title)
        _frame(axes, [strategies[name]["curve"] for name in drawn])
        _name(axes, drawn, strategies)
        figure.savefig(path, dpi=150)
    return drawn


def _colour(place: int, name: str) -> str:
    return GREY if name == "random" else COLOURS[place % MOST]


def _draw(axes: Axes, place: int, name: str, curve: Sequence[dict[str, float]]) -> None:
    labels, mean, low, high = (np.array([point[key] for point in curve]) for key in ("labels", "mean", "low", "high"))
    colour, is_random = _colour(place, name), name == "random"
    low, high = (bound.clip(EDGE, 1 - EDGE) for bound in (low, high))
    axes.fill_between(labels, low, high, color=colour, alpha=0.13, linewidth=0)
    axes.plot(
        labels,
        mean,
        color=colour,
        linewidth=1.6,
        linestyle="--" if is_random else "-",
        marker=None if is_random else MARKERS[place % MOST],
        markersize=3.5,
    )


def _dress(axes: Axes, settings: dict[str, Any], title: str | None) -> None:
    pool = f"own pools of {settings['pool']}" if settings["pool"] else "the whole training part"
    axes.set_title(
        f"{title or settings['set']}: {settings['seeds']} seeds, {pool}; bands are 95 % intervals",
        loc="left",
        fontsize=10,
    )
    axes.set_xlabel("labels")
    axes.set_ylabel("accuracy on the test part")
    axes.yaxis.grid(visible=True, color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _frame(axes: Axes, curves: Sequence[Sequence[dict[str, float]]]) -> None:
    """Show the curves, and of the bands what is beside them; errors below a tenth are spread out."""
    means = [point["mean"] for curve in curves for point in curve]
    low, high = max(min(means), EDGE), min(max(means), 1 - EDGE)
    if high > SPREAD_OUT:
        axes.set_yscale("logit")
        axes.set_yticks([tick for tick in TICKS if low < tick < high])
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0.92 * low, 1 - 0.8 * (1 - high))
    else:
        space = 0.06 * (high - low) + 0.002
        axes.set_ylim(low - space, high + space)
    axes.set_xlim(curves[0][0]["labels"], curves[0][-1]["labels"])


def _name(axes: Axes, drawn: Sequence[str], strategies: dict[str, Any]) -> None:
    """Names beside the ends of the curves, in their order, pushed apart where they would overlap."""
    ends = {name: strategies[name]["curve"][-1]["mean"] for name in drawn}
    order = sorted(drawn, key=ends.__getitem__)
    to_fraction = axes.transData + axes.transAxes.inverted()
    wanted = [float(to_fraction.transform((0, ends[name]))[1]) for name in order]
    for name, y, end in zip(order, spread(wanted), wanted, strict=True):
        place = drawn.index(name)
        axes.annotate(
            f"{shortened(name)}  {strategies[name]['aulc']:.3f}",
            xy=(1.0, end),
            xytext=(1.06, y),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color="#555555" if name == "random" else _colour(place, name),
            va="center",
            fontsize=9,
            arrowprops={
                "arrowstyle": "-",
                "color": _colour(place, name),
                "linewidth": 0.7,
                "shrinkA": 2,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )
    axes.text(1.06, 0.975, "mean of the curve", transform=axes.transAxes, fontsize=8, color="#555555")


def shortened(name: str) -> str:
    """A chain of one library's strategies names the library once."""
    first, *others = name.split(">")
    library = first.rpartition("/")[0]
    return " > ".join([first, *(other.removeprefix(f"{library}/") for other in others)])


def spread(wanted: Sequence[float], gap: float = LINE_HEIGHT) -> list[float]:
    """Ascending heights, at least `gap` apart, near to the wanted ones and not above HIGHEST."""
    heights = list(wanted)
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    top = HIGHEST
    for i in range(len(heights) - 1, -1, -1):
        heights[i] = min(heights[i], top)
        top = heights[i] - gap
    return heights
