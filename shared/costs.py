"""Checks of a cost matrix: true class → said class → cost. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

Matrix = Mapping[str, Mapping[str, float]]


def check_costs(costs: Matrix) -> None:
    """Raise ValueError for a cost of the right answer."""
    for name, row in costs.items():
        if name in row:
            raise ValueError(f"{name!r} said of {name!r} is no mistake and costs nothing; take it out")


def unknown_names(costs: Matrix, names: Collection[str]) -> list[str]:
    """A sentence for each class that the costs name and that there is not, with the nearest that there is."""
    named = {*costs, *(said for row in costs.values() for said in row)} - set(names)
    return [f"train.costs names the class {name!r}, which there is not{_near(name, names)}" for name in sorted(named)]


def _near(name: str, names: Collection[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    return f"; did you mean {near[0]!r}?" if near else ""
