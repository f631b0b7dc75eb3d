"""Contrast and colour-blind distance of the pages' colours, computed from css/tokens.css."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

STATIC = Path(__file__).parents[3] / "labeler" / "static"

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}

# Ottosson 2020, linear sRGB → LMS → OKLab
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def themes() -> dict[str, dict[str, str]]:
    """The custom properties of each theme, `--name` → value."""
    text = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
    blocks = [dict(re.findall(r"(--[\w-]+):\s*([^;]+);", block)) for block in re.findall(r"\{([^{}]*)\}", text)]
    dark, system_light, chosen_light = blocks[0], blocks[1], blocks[2]
    return {"dark": dark, "light by the system": {**dark, **system_light}, "light chosen": {**dark, **chosen_light}}


def linear(colour: str) -> np.ndarray:
    """`#rrggbb` → (3,) linear RGB in [0, 1]."""
    values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, in [1, 21]."""
    dark, light = sorted(float(linear(colour) @ np.array([0.2126, 0.7152, 0.0722])) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def distance(one: str, other: str, deficiency: str) -> float:
    """How far two colours are apart in OKLab for an eye with this deficiency; 0.02 is just noticeable."""
    labs = []
    for colour in (one, other):
        seen = np.clip(DEFICIENCIES[deficiency] @ linear(colour), 0, 1)
        labs.append(_TO_LAB @ np.cbrt(_TO_LMS @ seen))
    return float(np.linalg.norm(labs[0] - labs[1]))
