"""How fast a folder is embedded, decoding included, compared with the network's plain forward pass.

Both are measured in one run, in turns, and the ratio of the medians is printed. The plain forward pass gets prepared
pixels, its best batch size of those tried, and as many threads as the embedder; nothing is decoded or written.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path


def main() -> None:
    """The command line."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of images")
    parser.add_argument("--weights", required=True, help="weights file, or `default`")
    parser.add_argument("--backbone", default="mobilenet_v2", help="torchvision name (default: %(default)s)")
    parser.add_argument("--image-size", type=int, default=224, help="pixels (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=256, help="most images to use (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=8, help="the embedder's batch size (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="torch threads (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the result to this file")
    options = parser.parse_args()
    from benchmarks.embedding import measure  # noqa: PLC0415 (after the environment has been set)

    result = measure(options)
    print(
        f"{result['backbone']} at {result['image_size']} px, {result['threads']} threads, {result['images']} images:\n"
        f"  plain forward pass  {result['as_given_per_s']:7.1f} images/s (batches of {result['best_batch']})\n"
        f"  the same, batch normalisation folded {result['forward_per_s']:7.1f} images/s\n"
        f"  embedding a folder  {result['embedder_per_s']:7.1f} images/s\n"
        f"  ratio               {result['ratio']:7.1%}; to the folded one {result['ratio_to_fused']:.1%}"
    )
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
