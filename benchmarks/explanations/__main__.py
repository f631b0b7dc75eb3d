"""How far saliency maps are to be trusted: faithfulness, dependence on what was learnt, localisation, seconds.

The backbone's features of the training part are what a head is fitted on; maps explain its predictions of test images
that it gets right. Controls are maps that know nothing of the model. Intervals are 95 % over images.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.explanations.localisation import read_boxes
from benchmarks.explanations.measure import choose, measure, predictor, randomise, subjects
from benchmarks.explanations.tables import (
    against_rows,
    as_json,
    draw,
    faithfulness_rows,
    localisation_rows,
    sanity_rows,
    speed_rows,
)
from benchmarks.labelled_set import BadLabels, read_folder
from benchmarks.table import parser_for, print_table, write_json
from shared.config import Model, Train
from shared.errors import LabelstreamError
from trainer.explanation import METHODS, Explained
from trainer.models.choose import choose_device, choose_space
from trainer.models.head import fit_head
from trainer.uncertainty.temperature import cross_validated_temperature


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = parser_for("benchmarks.explanations", __doc__)
    made.add_argument("--images", type=Path, required=True, help="folder of images")
    made.add_argument("--labels", type=Path, required=True, metavar="CSV", help="filename, label and optionally split")
    made.add_argument("--boxes", type=Path, metavar="F", help="COCO annotations; without them nothing is localised")
    made.add_argument("--weights", default="default", help="of the backbone: a file or `default`")
    made.add_argument("--backbone", default="mobilenet_v2", help="default: %(default)s")
    made.add_argument("--methods", default=",".join(METHODS), help="default: all")
    made.add_argument("--per-class", type=int, default=4, help="test images of each class (default: %(default)s)")
    made.add_argument("--forget", type=int, default=3, help="of these, for the randomisation (default: %(default)s)")
    made.add_argument("--name", help="of the images, for the plot (default: their folder's)")
    made.add_argument("--plot", type=Path, metavar="F.png", help="draw the curves")
    return made


def run(options: argparse.Namespace) -> None:
    """Measure and print. Raises LabelstreamError."""
    model, train = Model(backbone=options.backbone, weights=options.weights), Train()
    space = choose_space(model, choose_device("auto"))
    if space is None:
        raise BadLabels("there is no network to be explained; give --weights")
    source = read_folder(options.images, options.labels, model, "auto", Path("data/benchmarks"))
    x, y = source.x[~source.test].astype(np.float32), source.y[~source.test]
    head = fit_head(x, y, train.C, train.class_balanced)
    temperature = cross_validated_temperature(x, y, train.C, train.class_balanced, head)
    size = space.info.image_size
    rows = choose(source, head, 1 if options.quick else options.per_class, options.seed)
    boxes = read_boxes(options.boxes, size) if options.boxes else {}
    chosen = list(subjects(options.images, source, head, rows, size, boxes))
    explained = Explained.of(space, head)
    figures = measure(explained, predictor(space, head, temperature), chosen, options.methods.split(","), options.seed)
    step = max(1, len(chosen) // max(1, options.forget))
    randomise(explained, chosen[::step][: 1 if options.quick else options.forget], figures, options.seed)
    for rows_of in (faithfulness_rows, localisation_rows, against_rows, sanity_rows, speed_rows):
        if table := rows_of(figures):
            print_table(table)
            print()
    settings = {"set": source.name, "features": source.features, "images": len(chosen), "seed": options.seed}
    write_json(options.json, as_json(figures, settings))
    if options.plot:
        draw(figures, options.plot, f"{options.name or source.name}, {len(chosen)} test images")


def main() -> None:
    """Measure and print."""
    try:
        run(parser().parse_args())
    except LabelstreamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
