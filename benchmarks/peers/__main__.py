"""Other libraries' strategies and ours, replayed side by side: the same embeddings, head, pools, seeds and budget.

Options are those of benchmarks.label_efficiency; `--strategies` takes the names of both, and `peers`, `selected` or
`shortlist` for a group of theirs (benchmarks/peers/table.py). Printed besides: our first strategy minus their best,
paired by pool. Their best is the one with the highest mean on these very test images, which favours them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.curves import compare
from benchmarks.label_efficiency import LIBRARIES, Measured, parser, run
from benchmarks.peers.table import GROUPS, find, is_peer
from shared.config import Strategy
from shared.errors import LabelstreamError

VERSIONS: Final = (*LIBRARIES, "scikit-activeml", "baal", "small-text", "modAL-python")


def against_best(measured: Mapping[str, Measured]) -> str:
    """Our first strategy, `random` apart, minus the best peer."""
    ours = [name for name in measured if not is_peer(name) and name != "random"]
    theirs = sorted((name for name in measured if is_peer(name)), key=lambda name: -measured[name].curves.area.mean)
    if not ours or not theirs:
        return "Nothing to compare: expected a strategy of ours and one of theirs."
    found = compare(measured[ours[0]].curves, measured[theirs[0]].curves)
    below = ", ".join(map(str, found.below)) or "no budget"
    above = ", ".join(map(str, found.above)) or "no budget"
    return (
        f"{ours[0]} minus the best peer, {theirs[0]}: {found.area.signed} in the mean of the curve; "
        f"above at {above}; below at {below}."
    )


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    options = parser("benchmarks.peers", __doc__)
    options.set_defaults(strategies=f"{Strategy().name},random,peers")
    given = options.parse_args(argv)
    given.strategies = ",".join(",".join(GROUPS.get(name, (name,))) for name in given.strategies.split(","))
    try:
        print(against_best(run(given, find, VERSIONS)))
    except LabelstreamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
