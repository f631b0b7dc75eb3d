"""Runs every comparison of docs/benchmarks.md, writes the figures as JSON, and then the page.

Needs benchmarks/peers/requirements.txt and the folder with the image sets (zip files) and the weights. Sets are
unpacked, and their embeddings kept, under --work. What has its figures already is left out, unless --again is given.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.report import write_page
from benchmarks.studies import COST, PAGE, RESULTS, SEEDS, STUDIES, Study

WEIGHTS: Final = "mobilenet_v2_imagenet1k.safetensors"


def unpack(data: Path, sets: Path, name: str) -> None:
    """The set's zip file into a folder of its own, once."""
    if (sets / name / "labels.csv").exists():
        return
    with zipfile.ZipFile(data / f"{name}.zip") as archive:
        archive.extractall(sets / name)


def run_study(study: Study, given: argparse.Namespace) -> None:
    """Measure, in processes of their own."""
    sets, cnn = given.work / "sets", given.work / f"{study.key}.npz"
    if study.image_set is not None:
        unpack(given.data, sets, study.image_set)
    if study.features == "cnn" and (given.again or not cnn.exists()):
        _call("benchmarks.pretraining", *study.images(f"{sets}"), "--save", f"{cnn}")
    _call(
        "benchmarks.peers",
        *study.place(f"{sets}", f"{given.data / WEIGHTS}", f"{cnn}"),
        *study.flags(given.seeds),
        *("--data", f"{given.work / 'embeddings'}", "--jobs", f"{given.jobs}"),
        *("--json", f"{given.results / study.key}.json"),
    )


def run_cost(given: argparse.Namespace) -> None:
    """Measure what queries cost."""
    _call("benchmarks.peers.cost", "--json", f"{given.results / COST}.json")


def _call(module: str, *flags: str) -> None:
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", module, *flags], check=True)
    print(f"{module}: {(time.monotonic() - start) / 60:.1f} minutes", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    keys = [*(study.key for study in STUDIES), COST]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.full", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets' zip files and the weights")
    parser.add_argument("--work", type=Path, default=Path("data/benchmarks"), help="(default: %(default)s)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the figures (default: %(default)s)")
    parser.add_argument("--page", type=Path, default=PAGE, help="(default: %(default)s)")
    parser.add_argument("--only", default=",".join(keys), help="(default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="also what has its figures already")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="(default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    given = parser.parse_args(argv)
    if unknown := set(given.only.split(",")) - set(keys):
        parser.error(f"--only names {', '.join(sorted(unknown))}; expected some of {', '.join(keys)}")
    given.results.mkdir(parents=True, exist_ok=True)
    for key in given.only.split(","):
        if given.again or not (given.results / f"{key}.json").exists():
            study = next((study for study in STUDIES if study.key == key), None)
            run_cost(given) if study is None else run_study(study, given)
    write_page(given.results, given.page)


if __name__ == "__main__":
    main()
