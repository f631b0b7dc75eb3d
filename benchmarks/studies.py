"""The comparisons that docs/benchmarks.md shows, in one table."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path("docs/benchmarks.md")
RESULTS: Final = Path("benchmarks/results")
COST: Final = "cost"
OURS: Final = "uherding,random,margin,herding"
MORE: Final = f"{OURS},typiclust,dropquery,bait"
SEEDS: Final = 20
POOL: Final = 1000


CNN: Final = "cnn.npz"


@dataclass(frozen=True, slots=True)
class Study:
    """One set, one kind of features, one head.

    image_set: None for scikit-learn's digits. features: `weights` (MobileNetV2), `pixels`, or `cnn` (the small CNN,
    trained on the training images without their labels). peers: which of the other libraries' strategies, by the names
    that benchmarks.peers has for groups; `` for none. own_head: the trainer's own head, which balances classes.
    """

    key: str
    title: str
    image_set: str | None
    features: str
    step: int
    budget: int
    targets: str
    peers: str = ""
    ours: str = OURS
    own_head: bool = False

    def flags(self, seeds: int) -> list[str]:
        """What the command is given besides where things are."""
        return [
            *("--strategies", f"{self.ours},{self.peers}" if self.peers else self.ours),
            *("--initial", f"{self.step}", "--step", f"{self.step}", "--budget", f"{self.budget}"),
            *("--pool", f"{POOL}", "--seeds", f"{seeds}", "--target", self.targets),
            *([] if self.own_head else ["--plain-head"]),
        ]

    def images(self, sets: str) -> list[str]:
        """Where images and labels are. sets: folder of the unpacked sets."""
        folder = f"{sets}/{self.image_set}"
        return ["--images", folder, "--labels", f"{folder}/labels.csv"] if self.image_set else []

    def place(self, sets: str, weights: str, cnn: str) -> list[str]:
        """Where images, labels and features are. cnn: the file with the small CNN's embeddings."""
        if self.features == "cnn":
            return ["--embeddings", cnn]
        if self.image_set is None:
            return ["--digits"]
        return [*self.images(sets), "--weights", weights if self.features == "weights" else "none"]

    def commands(self, seeds: int) -> list[str]:
        """As one types them."""
        words = [["-m", "benchmarks.peers", *self.place("SETS", "WEIGHTS", CNN), *self.flags(seeds)]]
        if self.features == "cnn":
            words.insert(0, ["-m", "benchmarks.pretraining", *self.images("SETS"), "--save", CNN])
        return [shlex.join(["python", *line]) for line in words]


NEU: Final = "neu_surface_defects"
FLOWERS: Final = "flowers5_subset"
CIFAR: Final = "cifar10_subset"
FASHION: Final = "fashion_mnist_subset"

STUDIES: Final = (
    Study("neu", "NEU surface defects, MobileNetV2", NEU, "weights", 6, 90, "0.95,0.99", "selected", MORE),
    Study("flowers", "Flowers, MobileNetV2", FLOWERS, "weights", 10, 150, "0.75,0.8", "selected", MORE),
    Study("neu-own-head", "NEU surface defects, own head", NEU, "weights", 6, 90, "0.95,0.99", own_head=True),
    Study("flowers-own-head", "Flowers, own head", FLOWERS, "weights", 10, 150, "0.75,0.8", own_head=True),
    Study("cifar10", "CIFAR-10, MobileNetV2", CIFAR, "weights", 10, 200, "0.5,0.55", "shortlist"),
    Study("fashion", "Fashion-MNIST, MobileNetV2", FASHION, "weights", 10, 200, "0.7,0.75", "shortlist"),
    Study("cifar10-cnn", "CIFAR-10, the small CNN", CIFAR, "cnn", 10, 200, "0.3,0.35", "shortlist"),
    Study("fashion-cnn", "Fashion-MNIST, the small CNN", FASHION, "cnn", 10, 200, "0.7,0.75", "shortlist"),
    Study("digits", "scikit-learn's digits, raw pixels", None, "pixels", 10, 210, "0.9,0.95", "shortlist"),
    Study("digits-cnn", "scikit-learn's digits, the small CNN", None, "cnn", 10, 210, "0.9,0.95"),
)
