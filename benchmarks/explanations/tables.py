"""The figures as tables, as JSON and as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.curve_plot import COLOURS, GREY
from benchmarks.explanations.controls import CONTROLS
from benchmarks.explanations.faithfulness import SHARES
from benchmarks.explanations.measure import Figures
from benchmarks.explanations.sanity import STAGES
from benchmarks.table import percentiles
from shared.intervals import wilson
from trainer.explanation import METHODS

Doubles = npt.NDArray[np.float64]

SHOWN: Final = ("gradcam", "scorecam", "layercam", "integrated_gradients", "smoothgrad", "occlusion")
DRAWS: Final = 2_000


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean with its 95 % interval by the percentile bootstrap over images."""
    given = np.asarray(values, np.float64)
    rng = np.random.default_rng(0)
    means = given[rng.integers(0, len(given), (DRAWS, len(given)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(given.mean()), float(low), float(high)


def cell(values: Sequence[float]) -> str:
    """`.91 (.88–.93)`; a dash without values."""
    if not values:
        return "–"
    mean, low, high = (f"{value:.2f}".replace("0.", ".", 1) for value in interval(values))
    return f"{mean} ({low}–{high})"


def faithfulness_rows(figures: Mapping[str, Figures]) -> list[dict[str, str]]:
    """Areas below the curves, and what is left with a quarter of the pixels sharp."""
    quarter = SHARES.index(0.25)
    return [
        {
            "method": title(name),
            "deletion, less is better": cell([curve.areas[0] for curve in found.curves]),
            "insertion, more is better": cell([curve.areas[1] for curve in found.curves]),
            "right with 25 % of the pixels": cell([float(curve.right[quarter]) for curve in found.curves]),
            "entropy there": cell([float(curve.entropy[quarter]) for curve in found.curves]),
        }
        for name, found in figures.items()
    ]


def localisation_rows(figures: Mapping[str, Figures]) -> list[dict[str, str]]:
    """Shares inside the boxes, and hits of the pointing game."""
    return [
        {
            "method": title(name),
            "share inside the boxes": cell(found.inside),
            "pointing game": _hits(found.hits),
        }
        for name, found in figures.items()
        if found.inside
    ]


def against_rows(figures: Mapping[str, Figures]) -> list[dict[str, str]]:
    """Every method less the controls, paired by image: deletion, insertion, share inside the boxes."""
    areas = {name: [curve.areas for curve in found.curves] for name, found in figures.items()}
    rows = []
    for name in (name for name in figures if name in METHODS):
        row = {"method": title(name)}
        for part, of in (("deletion", 0), ("insertion", 1)):
            for control in ("random pixels", "random cells"):
                pairs = zip(areas[name], areas[control], strict=True)
                row[f"{part} − {control}"] = signed_cell([own[of] - other[of] for own, other in pairs])
        for control in ("random pixels", "centre") if figures[name].inside else ():
            pairs_of = zip(figures[name].inside, figures[control].inside, strict=True)
            row[f"inside − {control}"] = signed_cell([own - other for own, other in pairs_of])
        rows.append(row)
    return rows


def signed_cell(differences: Sequence[float]) -> str:
    """`+.09 (+.06 to +.12)`: a mean difference with its interval."""
    mean, low, high = (f"{value:+.2f}".replace("0.", ".", 1) for value in interval(differences))
    return f"{mean} ({low} to {high})"


def sanity_rows(figures: Mapping[str, Figures]) -> list[dict[str, str]]:
    """Rank correlation with the map of the trained model, after each stage of forgetting; near 0 is sane."""
    return [
        {"method": title(name)} | {stage: cell(found.stages[stage]) for stage in STAGES}
        for name, found in figures.items()
        if name in METHODS
    ]


def speed_rows(figures: Mapping[str, Figures]) -> list[dict[str, str]]:
    """Seconds per map."""
    rows = []
    for name, found in figures.items():
        if found.seconds:
            times = percentiles(found.seconds)
            rows.append({"method": title(name), "p50, s": f"{times['p50_s']:.2f}", "p95, s": f"{times['p95_s']:.2f}"})
    return rows


def as_json(figures: Mapping[str, Figures], settings: Mapping[str, object]) -> dict[str, Any]:
    """Everything, curve by curve."""
    return {"settings": dict(settings), "shares": SHARES, "methods": {n: _json(f) for n, f in figures.items()}}


def _json(found: Figures) -> dict[str, Any]:
    return {
        "deletion_area": [curve.areas[0] for curve in found.curves],
        "insertion_area": [curve.areas[1] for curve in found.curves],
        **{part: mean_curve(found, part).tolist() for part in ("deletion", "insertion", "entropy", "right")},
        "inside": found.inside,
        "hits": found.hits,
        "seconds": found.seconds,
        "randomised": found.stages if any(found.stages.values()) else {},
    }


def mean_curve(found: Figures, part: str) -> Doubles:
    """The mean over images of one of the curves, (len(SHARES),)."""
    return np.asarray(np.mean([getattr(curve, part) for curve in found.curves], axis=0), np.float64)


def title(name: str) -> str:
    """As people call it."""
    return METHODS[name].title if name in METHODS else f"*{name}*"


def _hits(found: Sequence[bool]) -> str:
    low, high = wilson(sum(found), len(found))
    return f"{sum(found)} of {len(found)} ({low:.0%}–{high:.0%})"


def draw(figures: Mapping[str, Figures], path: Path, name: str) -> None:
    """Deletion, insertion, accuracy and entropy over the share of pixels, of some methods and the controls."""
    parts = {
        "deletion": ("pixels removed", "probability of the class"),
        "insertion": ("pixels kept sharp", "probability of the class"),
        "right": ("pixels kept sharp", "images still right"),
        "entropy": ("pixels kept sharp", "entropy, of the most there can be"),
    }
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(10, 7), layout="constrained")
        FigureCanvasAgg(figure)
        for axes, (part, (across, up)) in zip(figure.subplots(2, 2).flat, parts.items(), strict=True):
            _draw(axes, figures, part)
            axes.set(xlabel=f"{across}, %, most salient first", ylabel=f"{up}, %")
            axes.set_xlim(0, 100)
            axes.grid(alpha=0.25)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
        figure.suptitle(f"What a prediction rests on, by method · {name}")
        figure.savefig(path, dpi=150)


def _draw(axes: Axes, figures: Mapping[str, Figures], part: str) -> None:
    shares = 100 * np.array(SHARES)
    for place, method in enumerate(method for method in SHOWN if method in figures):
        axes.plot(shares, 100 * mean_curve(figures[method], part), color=COLOURS[place], label=title(method))
    for style, control in zip((":", "--", "-."), CONTROLS, strict=True):
        axes.plot(shares, 100 * mean_curve(figures[control], part), color=GREY, linestyle=style, label=control)
