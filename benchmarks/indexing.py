"""How long it takes to index a folder, and what looking at it again costs: `python -m benchmarks.indexing --files N`.

Makes N small JPEG files in a temporary folder, once all in one folder and once ten to a folder, and indexes them with
the scanner and the catalogue on a real database. Then it lets an hour pass on a clock of its own: the looks are
real, the waiting between them is skipped.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from labeler import create_app
from labeler.catalog import Catalog
from labeler.database import Database
from labeler.scanner import Finding, Scanner
from shared.config import Config, Paths

SIMULATED_S = 3600.0
PATTERNS = 64


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured for one shape of tree. share: of one core, while nothing changes."""

    shape: str
    files: int
    folders: int
    index_s: float
    files_per_s: float
    scan_alone_s: float
    restart_s: float
    quick_look_s: float
    full_look_s: float
    looks: int
    share_of_a_core: float
    bytes_per_file: float
    peak_bytes_per_file: float


class NoSink:
    """Takes in everything and keeps nothing."""

    def __init__(self, known: Callable[[], Iterable[tuple[bytes, int, int]]] = tuple) -> None:
        self.known = known

    def progress(self, found: int, indexed: int, done: bool) -> None:
        """Nobody asks."""

    def found(self, findings: Sequence[Finding]) -> None:
        """Forget them."""

    def gone(self, paths: Sequence[bytes]) -> None:
        """Forget them."""


def make_files(root: Path, count: int, per_folder: int) -> None:
    """`count` different JPEG files of 64 × 64 pixels."""
    rng = np.random.default_rng(0)
    patterns = [_jpeg(rng) for _ in range(PATTERNS)]
    for number in range(count):
        folder = root / f"{number // per_folder // 100:04d}" / f"{number // per_folder % 100:02d}"
        if number % per_folder == 0:
            folder.mkdir(parents=True, exist_ok=True)
        comment = b"\xff\xfe\x00\x0a" + number.to_bytes(8, "big")
        data = patterns[number % PATTERNS]
        (folder / f"image_{number:07d}.jpg").write_bytes(data[:2] + comment + data[2:])


def _jpeg(rng: np.random.Generator) -> bytes:
    target = io.BytesIO()
    coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    coarse.resize((64, 64), Image.Resampling.BICUBIC).save(target, "JPEG")
    return target.getvalue()


def measure(shape: str, count: int, per_folder: int) -> Result:
    """Make a tree, index it, look at it for an hour, and count the bytes that are remembered."""
    with tempfile.TemporaryDirectory(prefix="indexing-") as name:
        root, data = Path(name) / "images", Path(name) / "data"
        root.mkdir()
        data.mkdir()
        make_files(root, count, per_folder)
        database = Database(data / "labelstream.db")
        config = Config(paths=Paths(images=root, data=data))
        catalog = create_app(config, database, "a token that nobody uses", clock=time.time, wait=time.sleep).catalog
        scan_alone_s = _seconds(_scanner(config, NoSink()).look)
        scanner = _scanner(config, catalog)
        index_s = _seconds(scanner.look)
        restart_s = _seconds(_scanner(config, catalog).look)
        quick_s, full_s, looks, share = _look_for_an_hour(config, catalog)
        kept, peak = _memory(config, catalog)
        database.close()
        folders = sum(path.is_dir() for path in root.rglob("*"))
    return Result(
        shape, count, folders, index_s, count / index_s, scan_alone_s, restart_s, quick_s, full_s, looks, share,
        kept / count, peak / count,
    )  # fmt: skip


def _scanner(config: Config, sink: Catalog | NoSink, clock: Callable[[], float] = time.monotonic) -> Scanner:
    return Scanner(config.paths.images, sink, config.images.scan_every_s, config.images.max_pixels, clock=clock)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _look_for_an_hour(config: Config, catalog: Catalog) -> tuple[float, float, int, float]:
    """Median seconds of a quick and of a full look, the number of looks, and the share of a core they took."""
    passed = 0.0
    scanner = _scanner(config, catalog, lambda: passed)
    passed += scanner.look()
    began, costs = passed, list[float]()
    while passed - began < SIMULATED_S:
        cpu = time.process_time()
        wait_s = scanner.look()
        costs.append(time.process_time() - cpu)
        passed += costs[-1] + wait_s
    split = (max(costs) * min(costs)) ** 0.5
    quick, full = ([c for c in costs if (c >= split) == kind] for kind in (False, True))
    return float(np.median(quick)), float(np.median(full)), len(costs), sum(costs) / (passed - began)


def _memory(config: Config, catalog: Catalog) -> tuple[int, int]:
    """Bytes that a scanner keeps, and needs at most, when it starts on a folder that is known."""
    known = list(catalog.known())
    scanner = _scanner(config, NoSink(lambda: known))
    tracemalloc.start()
    scanner.look()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept, peak


def main() -> None:
    """Print one line per figure and shape."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.indexing", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--files", type=int, default=10_000, help="number of files (default: 10000)")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    arguments = parser.parse_args()
    results = [measure("flat", arguments.files, arguments.files), measure("deep", arguments.files, 10)]
    for key in asdict(results[0]):
        print(f"{key:22}", *(f"{_text(asdict(result)[key]):>14}" for result in results))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")


def _text(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
