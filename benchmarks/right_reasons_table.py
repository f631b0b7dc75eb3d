"""What benchmarks.right_reasons compares, and the table of what it has measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from benchmarks.table import markdown

Doubles = npt.NDArray[np.float64]
Seeds = Mapping[str, Mapping[str, Mapping[str, float]]]

TESTS: Final = ("clean", "marked class", "marker on others")
AS_IS: Final = ("marker", "clean images")
TUNED: Final = ("fine-tuned, marker", "fine-tuned, clean images")


@dataclass(frozen=True, slots=True)
class Arm:
    """network: which it uses. marker: whether its training images carry it. copies: whether the head learns copies.

    between: the arms that have lost everything and nothing.
    """

    network: str
    marker: bool
    copies: bool
    between: tuple[str, str]


ARMS: Final[dict[str, Arm]] = {
    "clean images": Arm("as it is", False, False, AS_IS),
    "marker": Arm("as it is", True, False, AS_IS),
    "marker, copies": Arm("as it is", True, True, AS_IS),
    "fine-tuned, clean images": Arm("clean", False, False, TUNED),
    "fine-tuned, marker": Arm("off", True, False, TUNED),
    "fine-tuned, marker, copies": Arm("off", True, True, TUNED),
    "swapped images, no penalty": Arm("swapped", True, False, TUNED),
    "swapped images, no penalty, copies": Arm("swapped", True, True, TUNED),
    "gradient penalty": Arm("gradient", True, False, TUNED),
    "gradient penalty, copies": Arm("gradient", True, True, TUNED),
    "Grad-CAM penalty": Arm("gradcam", True, False, TUNED),
    "Grad-CAM penalty, copies": Arm("gradcam", True, True, TUNED),
}


def rows(seeds: Seeds) -> list[dict[str, str]]:
    """A line per arm: mean accuracies over its seeds, and the share of the lost accuracy on clean images that is back.

    seeds: seed → arm → test → accuracy.
    """
    return [_row(name, [found for found in seeds.values() if name in found]) for name in ARMS if _measured(name, seeds)]


def _measured(name: str, seeds: Seeds) -> bool:
    return any(name in found for found in seeds.values())


def _row(name: str, of: list[Mapping[str, Mapping[str, float]]]) -> dict[str, str]:
    bad, good = ARMS[name].between
    lost = np.array([found[good]["clean"] - found[bad]["clean"] for found in of])
    back = np.array([found[name]["clean"] - found[bad]["clean"] for found in of])
    means = {test: f"{np.mean([found[name][test] for found in of]):.3f}" for test in TESTS}
    return {"trained on": name, "seeds": f"{len(of)}", **means, "recovered": recovered(back, lost)}


def recovered(back: Doubles, lost: Doubles) -> str:
    """The ratio of the means with the 95 % interval of a ratio [Cochran 1977, 2.11]; without one below three seeds.

    back, lost: (n,), differences of accuracy, paired by seed.
    """
    n, share = len(back), float(back.mean() / lost.mean())
    if n < 3 or share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    error = float((back - share * lost).std(ddof=1)) / np.sqrt(n) / float(lost.mean())
    half = float(student.ppf(0.975, n - 1)) * error
    return f"{100 * share:.0f} % ({100 * (share - half):.0f} to {100 * (share + half):.0f})"


COMMAND: Final = (
    "python -m benchmarks.right_reasons --images SETS/neu_surface_defects --labels SETS/neu_surface_defects/labels.csv "
    "--weights WEIGHTS --seeds 12 --tuned 6 --json benchmarks/results/right_reasons.json "
    "--plot docs/benchmarks/right-reasons.png"
)
ABOUT: Final = """NEU at {size} px, MobileNetV2. Each seed draws {labels} labelled training images; those of one \
class, another for each seed, carry a white square near the middle, and at most {painted} of these are painted. \
Accuracy on clean test images, on those of the marked class, and on test images of the other classes with the marker \
on them. Fine-tuned: {steps} batches of {batch}; from "swapped images" on, painted images and those they swap parts \
with come beside each batch. Recovered: of the accuracy on clean test images that the marker costs; 95 % intervals \
over the seeds. [What it means](right-reasons.md)."""


def section(content: Mapping[str, Any], image: str) -> str:
    """For docs/benchmarks.md: what was done, the table, the figure. content: the benchmark's JSON."""
    parts = ["## Make it look elsewhere: a planted marker", f"    {COMMAND}", ABOUT.format(**content["settings"])]
    return "\n\n".join([*parts, markdown(rows(content["seeds"])), f"![maps before and after]({image})"])
