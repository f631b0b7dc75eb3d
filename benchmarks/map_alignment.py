"""How far class activation maps lie beside the image when they are simply enlarged, by network and layer.

Measured as trainer.explanation.alignment does it, on patches of noise, with trained and with random weights; beside it
what half-steps of odd-sized convolutions on sides of even size would add up to.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

from benchmarks.table import parser_for, print_table, write_json
from shared.errors import LabelstreamError
from trainer.explanation.alignment import offset
from trainer.explanation.layers import find_layers
from trainer.models.backbone import cut_classifier, torchvision_network
from trainer.models.weights import load_backbone_file

LAYERS = {
    "mobilenet_v2": ("features.3", "features.6", "features.13", "features"),
    "vgg11": ("features.10", "features.20"),
}


def rows_of(name: str, weights: Path | None, size: int, seed: int) -> list[dict[str, str]]:
    """A row for each of LAYERS; random weights where no file is given."""
    torch.manual_seed(seed)
    network = torchvision_network(name)
    if weights is not None:
        load_backbone_file(network, weights)
    made: nn.Module = cut_classifier(network).eval()
    sides = find_layers(made, size).sides
    rows = []
    for layer in LAYERS[name]:
        stride = size / sides[layer]
        rows.append(
            {
                "network": name,
                "weights": "random" if weights is None else "trained",
                "layer": layer,
                "cells a side": f"{sides[layer]}",
                "beside the image, px": f"{offset(made, layer, size):.1f}",
                "half a step": f"{(stride - 1) / 2:.1f}",
            }
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = parser_for("benchmarks.map_alignment", __doc__)
    parser.add_argument("--weights", type=Path, required=True, help="of MobileNetV2, a file")
    parser.add_argument("--size", type=int, default=224, help="pixels (default: %(default)s)")
    given = parser.parse_args()
    try:
        rows = [
            row
            for name, weights in (("mobilenet_v2", given.weights), ("mobilenet_v2", None), ("vgg11", None))
            for row in rows_of(name, weights, given.size, given.seed)
        ]
    except LabelstreamError as error:
        sys.exit(str(error))
    print_table(rows)
    write_json(given.json, rows)


if __name__ == "__main__":
    main()
