"""What all benchmarks print: a small table, and the same figures as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def parser_for(module: str, doc: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has: --json, --quick and --seed."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=(doc or "").splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="a size that takes a minute or less")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn (default: %(default)s)")
    return parser


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile (linear interpolation) and the number of measurements; n ≥ 1."""
    p50, p95 = np.percentile(seconds, [50, 95])
    return {"p50_s": float(p50), "p95_s": float(p95), "n": len(seconds)}


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds for people."""
    return f"{seconds * 1000:.1f} ms"


def markdown(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows that have the same keys, as a table of Markdown."""
    names = list(rows[0])
    cells = [names, *([str(row[name]) for name in names] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def print_table(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows that have the same keys, as a Markdown table."""
    print(markdown(rows), flush=True)


def write_json(path: Path | None, figures: object) -> None:
    """Write the figures, where a file was asked for."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
