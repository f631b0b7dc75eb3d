"""`python -m trainer`: the continuous trainer; `python -m trainer predict`: labels a folder with a saved model."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from threading import Event

from shared.config import load_config
from shared.errors import LabelstreamError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    main_parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__)
    main_parser.add_argument("--config", type=Path, help="configuration file (default: config.yaml, if there is one)")
    main_parser.add_argument("--data", help="folder for everything that is written (paths.data)")
    main_parser.add_argument("--images", help="folder of the images (paths.images)")
    main_parser.add_argument("--labeler", help="address of the labeler (trainer.labeler_url)")
    main_parser.add_argument("--port", type=int, help="port of the trainer's own HTTP service (trainer.port)")
    commands = main_parser.add_subparsers(dest="command")
    predict = commands.add_parser("predict", help="label a folder of images with a saved model")
    predict.add_argument("--model", type=Path, required=True, help="folder such as data/exports/model-12")
    predict.add_argument("--images", type=Path, required=True, dest="folder", help="folder of images")
    predict.add_argument(
        "--out", type=Path, default=Path("predictions.csv"), help="CSV to write (default: %(default)s)"
    )
    return main_parser


def main(arguments: list[str] | None = None) -> int:
    """Run; the answer is the process's exit status."""
    # Threads that wait must not spin, or two services on two cores stall each other; read when torch and numpy load.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s trainer: %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    for name in ("engineio.client", "socketio.client"):  # the link says itself, in a sentence, what happens to it
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return _predict(options) if options.command == "predict" else _train(options)
    except LabelstreamError as error:
        print(f"trainer: {error}", file=sys.stderr)
        return 2


def _train(options: argparse.Namespace) -> int:
    flags = {
        "paths.data": options.data,
        "paths.images": options.images,
        "trainer.labeler_url": options.labeler,
        "trainer.port": options.port,
    }
    config = load_config(options.config, flags=flags)
    ending = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    from trainer.application import run_trainer  # noqa: PLC0415 (after the environment has been set)

    run_trainer(config, ending)
    return 0


def _predict(options: argparse.Namespace) -> int:
    config = load_config(options.config)
    from trainer.application import set_threads  # noqa: PLC0415
    from trainer.predict import predict_folder  # noqa: PLC0415

    set_threads(config)
    count = predict_folder(options.model, options.folder, options.out, config.images.max_pixels)
    print(f"{count} predictions written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
