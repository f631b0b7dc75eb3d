"""The first images that the configured strategy asks about a labelled set, drawn with reason and score."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from benchmarks.labelled_set import LabelledSet, read_folder
from benchmarks.replay import SeedPool, drawn
from benchmarks.table import parser_for, print_table, write_json
from shared.config import Config, Strategy
from shared.config import Model as ModelConfig
from shared.images import decode_rgb
from shared.messages import RankingEntry, Reason, ReasonKind
from trainer.learner import Model
from trainer.ranking import Ranker

MAX_PIXELS: Final = 100_000_000
COLUMNS: Final = 5
THUMB: Final = 176  # pixels
GAP: Final = 10
CAPTION: Final = 52  # pixels below each image, three lines
LINE: Final = 16
COLOURS: Final = 256  # of the file, which is a third of the size then
DRAWS: Final = 1000  # of random images, to compare with
INK: Final = "#1f2328"
FAINT: Final = "#59636e"


def first_asked(pool: SeedPool, config: Config, count: int, step: int) -> list[RankingEntry]:
    """The first `count` images: each `step` are answered truthfully, the model is fitted, the pool is ranked again."""
    ranker, model = Ranker(config.strategy, config.train.C), Model()
    entries: list[RankingEntry] = []
    while len(entries) < count:
        asked = [entry.image for entry in entries]
        snapshot = pool.snapshot(asked)
        if not len(snapshot.askable):
            break
        model = model.fitted(snapshot.train, pool.labels, config.train)
        order = ranker.order(snapshot, model, pool.labels, version=len(asked))
        entries += order.entries[: min(step, count - len(entries))]
    return entries


def why(reason: Reason, classes: Sequence[str]) -> str:
    """The reason in a few words."""
    if reason.kind is ReasonKind.UNCERTAIN:
        return " or ".join(classes[number] for number in reason.classes) + "?" if reason.classes else "uncertain"
    return "unlike any before" if reason.kind is ReasonKind.DIVERSE else "at random"


def draw(entries: Sequence[RankingEntry], source: LabelledSet, images: Path) -> Image.Image:
    """The sheet: rank and true class, reason, score below each image."""
    rows = -(-len(entries) // COLUMNS)
    size = (GAP + COLUMNS * (THUMB + GAP), GAP + rows * (THUMB + CAPTION + GAP))
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(14), ImageFont.load_default(12)
    for place, entry in enumerate(entries):
        left = GAP + place % COLUMNS * (THUMB + GAP)
        top = GAP + place // COLUMNS * (THUMB + CAPTION + GAP)
        thumb = decode_rgb((images / source.paths[entry.image]).read_bytes(), MAX_PIXELS, THUMB)
        thumb.thumbnail((THUMB, THUMB))
        sheet.paste(thumb, (left + (THUMB - thumb.width) // 2, top + (THUMB - thumb.height) // 2))
        name = source.classes[source.y[entry.image]]
        pen.text((left, top + THUMB + 2), f"{place + 1}  {name}", INK, large)
        pen.text((left, top + THUMB + 4 + LINE), why(entry.reason, source.classes), FAINT, small)
        pen.text((left, top + THUMB + 3 + 2 * LINE), f"score {entry.score:.4g}", FAINT, small)
    return sheet.quantize(COLOURS)


def report(numbers: Sequence[int], source: LabelledSet, rng: np.random.Generator) -> list[dict[str, object]]:
    """How varied the chosen images are, beside as many random ones of the same pool."""
    pool = np.flatnonzero(~source.test)
    luck = [rng.choice(pool, len(numbers), replace=False).tolist() for _ in range(DRAWS)]
    return [
        {"images": "asked", **_variety([numbers], source)},
        {"images": f"random, mean of {DRAWS:,} draws", **_variety(luck, source)},
    ]


def _variety(draws: Sequence[Sequence[int]], source: LabelledSet) -> dict[str, object]:
    counts = [Counter(source.y[list(numbers)].tolist()) for numbers in draws]
    per_class = {name: f"{np.mean([count[k] for count in counts]):.3g}" for k, name in enumerate(source.classes)}
    return {
        **per_class,
        "classes": f"{np.mean([len(count) for count in counts]):.3g}",
        "most alike": f"{np.mean([most_alike(source, numbers) for numbers in draws]):.3f}",
    }


def most_alike(source: LabelledSet, numbers: Sequence[int]) -> float:
    """The highest cosine between two of these images."""
    vectors = source.x[list(numbers)].astype(np.float32)
    similar = vectors @ vectors.T
    return float(similar[np.triu_indices(len(vectors), 1)].max())


def main() -> None:
    """Ask, draw and print."""
    options = _options()
    torch.set_num_threads(options.threads)
    config = Config()
    if options.strategy:
        config = config.model_copy(update={"strategy": Strategy(name=options.strategy)})
    model = ModelConfig(weights=options.weights)
    source = drawn(read_folder(options.images, options.labels, model, "auto", options.data), None, options.seed)
    with TemporaryDirectory() as folder:
        entries = first_asked(SeedPool(source, Path(folder)), config, options.count, options.step)
    draw(entries, source, options.images).save(options.out, optimize=True)
    rows = report([entry.image for entry in entries], source, np.random.default_rng(options.seed))
    print_table(rows)
    write_json(options.json, {"settings": _settings(config), "entries": _figures(entries, source), "variety": rows})


def _settings(config: Config) -> Mapping[str, object]:
    return config.strategy.model_dump()


def _figures(entries: Sequence[RankingEntry], source: LabelledSet) -> list[dict[str, object]]:
    return [
        {
            "path": source.paths[entry.image],
            "label": source.classes[source.y[entry.image]],
            "reason": why(entry.reason, source.classes),
            "score": entry.score,
        }
        for entry in entries
    ]


def _options() -> argparse.Namespace:
    parser = parser_for("benchmarks.contact_sheet", __doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder that the CSV's file names start from")
    parser.add_argument("--labels", type=Path, required=True, help="CSV with filename, label, optionally split")
    parser.add_argument("--weights", default="default", help="weights file, `default` or `none` (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("data/benchmarks"), help="where embeddings are kept")
    parser.add_argument("--strategy", help="instead of the configured default")
    parser.add_argument("--count", type=int, default=20, help="images on the sheet (default: %(default)s)")
    parser.add_argument("--step", type=int, default=5, help="labels before the next ranking (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="F.png", help="the sheet")
    return parser.parse_args()


if __name__ == "__main__":
    main()
