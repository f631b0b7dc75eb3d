"""`python -m labeler.datasets NAME`: a known data set below the image folder, with its labels imported."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from labeler.datasets.archives import Say, locate, unpack, writing_to
from labeler.datasets.download import download
from labeler.datasets.importing import import_labels
from labeler.datasets.placing import LABELS, is_placed, place
from labeler.datasets.table import DATASETS, Dataset, find_dataset
from labeler.lock import held
from shared.config import Config, load_config
from shared.errors import ConfigError, InvalidInput, LabelstreamError

EXIT_REFUSED = 2
FOLDER = "datasets"


def main(argv: list[str] | None = None) -> int:
    """Put the set in place and say so. Returns the exit status: 2 where the name or the configuration is at fault."""
    given = _parser().parse_args(argv)
    try:
        config = load_config(given.config, flags={"paths.images": given.images, "paths.data": given.data})
        dataset = find_dataset(given.name)
    except (ConfigError, InvalidInput) as error:
        print(f"datasets: {error}", file=sys.stderr)
        return EXIT_REFUSED
    try:
        folder = config.paths.data / FOLDER
        with held(folder, "datasets.lock", f"another command puts a data set into {folder}; wait until it is done"):
            install(dataset, config, given.archives, given.limit, given.labeler or config.trainer.labeler_url, _say)
    except LabelstreamError as error:
        print(f"datasets: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("datasets: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def install(
    dataset: Dataset, config: Config, archives: Path | None, limit: int | None, labeler_url: str, say: Say
) -> None:
    """Place the set's images, unless they are in place, and import their labels.

    archives: a folder to look for the archives before they are downloaded. limit: at most so many images.
    Raises DatasetError, StorageFull, InvalidInput.
    """
    images = config.paths.images
    if is_placed(images, dataset.name):
        say(f"{images / dataset.name} is in place already; its labels are imported")
    else:
        count = _place(dataset, config, archives, limit, say)
        say(f"{count:,} images are in {images / dataset.name}; their labels are imported")
    missing = import_labels(config, images / dataset.name / LABELS, labeler_url, say)
    if missing:
        say(f"{missing:,} images of {images / dataset.name / LABELS} were not found, and their labels are left out;")
        say("where they are only not indexed yet, run the same command again")
    say("done: the labels are there, and training begins as soon as labeler and trainer run (make run)")


def _place(dataset: Dataset, config: Config, archives: Path | None, limit: int | None, say: Say) -> int:
    folder = config.paths.data / FOLDER
    root = folder / f"{dataset.name}.unpacked"
    paths = [
        locate(each, archives, folder, lambda archive, part: download(archive, part, say)) for each in dataset.archives
    ]
    say(f"unpacking {', '.join(path.name for path in paths)}")
    try:
        with writing_to(folder):
            shutil.rmtree(root, ignore_errors=True)
            unpack(paths, root / dataset.unpack_in)
            return place(dataset.read(root), config.paths.images, dataset.name, limit)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _say(line: str) -> None:
    print(line, flush=True)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m labeler.datasets",
        description="Puts a known data set below the image folder and imports its labels, to watch a training.",
    )
    parser.add_argument("name", metavar="NAME", help=f"one of {', '.join(DATASETS)}")
    parser.add_argument("--config", type=Path, help="YAML file (default: config.yaml, where there is one)")
    parser.add_argument("--images", type=Path, help="folder of images (default: images)")
    parser.add_argument("--data", type=Path, help="folder for everything that is written (default: data)")
    parser.add_argument("--archives", type=Path, help="folder with archives that are there already")
    parser.add_argument("--limit", type=_positive, metavar="N", help="only N images, drawn at random")
    parser.add_argument("--labeler", metavar="URL", help="the labeler, where one is running (default: the trainer's)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
