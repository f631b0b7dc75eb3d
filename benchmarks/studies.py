"""The comparisons that docs/benchmarks.md shows, in one table."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path("docs/benchmarks.md")
RESULTS: Final = Path("benchmarks/results")
COST: Final = "cost"
OURS: Final = "uherding,random,margin,herding,typiclust,coreset,badge,dropquery,bait"
SEEDS: Final = 20
POOL: Final = 1000


@dataclass(frozen=True, slots=True)
class Study:
    """One set, one kind of features, one head. image_set: None for scikit-learn's digits.

    peers: whether the other libraries are asked as well. own_head: the trainer's own head, which balances classes.
    """

    key: str
    title: str
    image_set: str | None
    weights: bool
    step: int
    budget: int
    targets: str
    peers: bool = True
    own_head: bool = False

    def flags(self, seeds: int) -> list[str]:
        """What the command is given besides where things are."""
        return [
            *("--strategies", f"{OURS},peers" if self.peers else OURS),
            *("--initial", f"{self.step}", "--step", f"{self.step}", "--budget", f"{self.budget}"),
            *("--pool", f"{POOL}", "--seeds", f"{seeds}", "--target", self.targets),
            *([] if self.own_head else ["--plain-head"]),
        ]

    def place(self, sets: str, weights: str) -> list[str]:
        """Where images, labels and weights are. sets: folder of the unpacked sets."""
        if self.image_set is None:
            return ["--digits"]
        folder = f"{sets}/{self.image_set}"
        return [
            "--images",
            folder,
            "--labels",
            f"{folder}/labels.csv",
            "--weights",
            weights if self.weights else "none",
        ]

    def command(self, seeds: int) -> str:
        """As one types it."""
        return shlex.join(["python", "-m", "benchmarks.peers", *self.place("SETS", "WEIGHTS"), *self.flags(seeds)])


STUDIES: Final = (
    Study("neu", "NEU surface defects, MobileNetV2", "neu_surface_defects", True, 6, 90, "0.95,0.99"),
    Study("flowers", "Flowers, MobileNetV2", "flowers5_subset", True, 10, 150, "0.75,0.8"),
    Study("cifar10", "CIFAR-10 subset, MobileNetV2", "cifar10_subset", True, 10, 200, "0.6,0.7"),
    Study("fashion", "Fashion-MNIST subset, MobileNetV2", "fashion_mnist_subset", True, 10, 200, "0.7,0.75"),
    Study("cifar10-pixels", "CIFAR-10 subset, pixel features", "cifar10_subset", False, 10, 200, "0.3"),
    Study("fashion-pixels", "Fashion-MNIST subset, pixel features", "fashion_mnist_subset", False, 10, 200, "0.7"),
    Study("digits", "scikit-learn's digits, raw pixels", None, False, 10, 210, "0.9,0.95"),
    Study(
        "neu-own-head", "NEU surface defects, own head", "neu_surface_defects", True, 6, 90, "0.95,0.99", False, True
    ),
    Study("flowers-own-head", "Flowers, own head", "flowers5_subset", True, 10, 150, "0.75,0.8", False, True),
)
