"""Labels per minute. Pure."""

from __future__ import annotations

from collections.abc import Mapping

MOST_INTERVALS = 240


def per_minute(counts: Mapping[int, int], most: int = MOST_INTERVALS) -> tuple[list[float], list[float], float]:
    """Where intervals of equal length begin (seconds since the epoch), labels per minute in each, and the length in s.

    counts: labels by minute since the epoch. The length is the shortest whole number of minutes that makes no more
    than `most` intervals; intervals without a label are 0.
    """
    if not counts:
        return [], [], 60.0
    first, last = min(counts), max(counts)
    width = (last - first) // most + 1
    sums = [0] * ((last - first) // width + 1)
    for minute, count in counts.items():
        sums[(minute - first) // width] += count
    return [60.0 * (first + i * width) for i in range(len(sums))], [s / width for s in sums], 60.0 * width
