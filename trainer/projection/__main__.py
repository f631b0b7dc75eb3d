"""`python -m trainer.projection NAME CODES TARGET NICENESS`: draws one map; the share done goes to the output.

CODES: an .npy file of (n, d). TARGET: an .npz file that gets `landmarks`, positions (k,), and `places`, (n, 2).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np

from trainer.projection import PROJECTIONS
from trainer.projection.near import place_near

FITTING = 0.9  # of the time; the rest goes to placing what is no landmark


def main(name: str, codes_path: str, target: str, niceness: str) -> int:
    """Lay out the landmarks, place the others, write both. The answer is the process's exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which ends this process
    os.nice(int(niceness))
    projection, out = PROJECTIONS[name], sys.stdout
    if projection.fit is None:
        return 2
    codes = np.load(codes_path, allow_pickle=False)
    landmarks = np.sort(np.random.default_rng(len(codes)).permutation(len(codes))[: projection.landmarks])
    laid_out = projection.fit(codes[landmarks], 0, lambda share: print(FITTING * share, file=out, flush=True))
    print(FITTING, file=out, flush=True)
    places = place_near(codes, codes[landmarks], laid_out, lambda _: None)
    places[landmarks] = laid_out
    draft = Path(target).with_suffix(".part")
    with draft.open("wb") as file:
        np.savez(file, landmarks=landmarks, places=places)
    draft.replace(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
