"""Numbers, times and names as the report writes them. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

NBSP: Final = "\u00a0"
NOTHING: Final = "–"
SHARES: Final = re.compile(r"(accuracy|accuracy_worst|f1_macro|ece|precision/.*|recall/.*)", re.DOTALL)
NAMES: Final = {
    "accuracy": "Accuracy",
    "f1_macro": "Macro-F1",
    "loss": "Hold-out loss",
    "train_loss": "Training loss",
    "ece": "Calibration error",
    "accuracy_worst": "Accuracy, skipped ones wrong",
    "expected_cost": "Mean cost of an answer",
}
UNITS: Final = ((1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d"))


def count(n: int) -> str:
    """`1,797`."""
    return f"{n:,}"


def counted(n: int, noun: str) -> str:
    """`1 label`, `7 labels`."""
    return f"{n:,}{NBSP}{noun}{'' if n == 1 else 's'}"


def percent(share: float | None) -> str:
    """`93.1 %`; a dash for None."""
    return NOTHING if share is None else f"{100 * share:.1f}{NBSP}%"


def decimal(value: float | None, digits: int = 3) -> str:
    """`0.214`; a dash for None."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def is_share(metric: str) -> bool:
    """Whether a metric is read as a percentage."""
    return SHARES.fullmatch(metric) is not None


def metric_name(metric: str) -> str:
    """A metric of the protocol, for people."""
    family, slash, name = metric.partition("/")
    return f"{family.capitalize()} of {name}" if slash else NAMES.get(metric, metric)


def metric_value(metric: str, value: float | None) -> str:
    """`93.1 %` or `0.214`, whichever the metric is."""
    return percent(value) if is_share(metric) else decimal(value)


def interval(metric: str, value: Mapping[str, Any]) -> str:
    """`91.0 – 94.8 %`; empty where there is no interval."""
    low, high = value.get("low"), value.get("high")
    if low is None or high is None:
        return ""
    return f"{100 * low:.1f} – {percent(high)}" if is_share(metric) else f"{decimal(low)} – {decimal(high)}"


def moment(seconds: float | None) -> str:
    """`2026-11-21 16:50 UTC`; a dash for None."""
    return NOTHING if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def unit_for(span: float) -> tuple[float, str]:
    """The unit in which a span of so many seconds reads well: its length in seconds and its name."""
    return next(((length, name) for length, name in reversed(UNITS) if span >= 2 * length), UNITS[0])


def duration(seconds: float) -> str:
    """`3.2 h`, `45 s`."""
    length, name = unit_for(seconds)
    value = seconds / length
    return f"{value:.0f}{NBSP}{name}" if value >= 10 else f"{value:.1f}{NBSP}{name}"


def sentence(text: str) -> str:
    """A clause as a sentence: capital first, full stop last."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) or not text else ".")


def setting(value: object) -> str:
    """A setting's value: none, yes and no, numbers as short as they are, lists and mappings as text."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float() if math.isfinite(value):
            return f"{value:g}"
        case dict():
            return ", ".join(f"{key}: {setting(each)}" for key, each in value.items() if each is not None) or "none"
        case list() | tuple():
            return ", ".join(map(setting, value)) or "none"
        case _:
            return str(value)


def short(name: str, most: int) -> str:
    """At most so many characters of a name."""
    return name if len(name) <= most else name[: most - 1] + "…"
