"""Text can be read, and classes are told apart, in both themes and by colour-blind eyes."""

from __future__ import annotations

from itertools import combinations

import pytest

from .colours import DEFICIENCIES, contrast, distance, themes

CLASSES = [f"--class-{i}" for i in range(10)]
GROUNDS = ["--ground", "--panel", "--raised", "--chosen"]
TEXT = [
    *[("--text", ground) for ground in [*GROUNDS, "--warn-ground", "--bad-ground", "--quiet-ground"]],
    *[("--muted", ground) for ground in GROUNDS],
    *[(f"--{kind}", f"--{kind}-ground") for kind in ("uncertain", "diverse", "random", "test")],
    ("--on-accent", "--accent"),
    ("--accent", "--ground"),
    ("--accent", "--panel"),
    ("--bad", "--panel"),
    ("--good", "--panel"),
]
MARKS = ["--accent", "--good", "--busy", "--bad", "--edge", *CLASSES]

THEMES = pytest.mark.parametrize("theme", list(themes()))


@THEMES
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_has_the_contrast_of_wcag_aa(theme: str, text: str, ground: str) -> None:
    colours = themes()[theme]
    assert contrast(colours[text], colours[ground]) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["--panel", "--raised", "--chosen"])
def test_marks_stand_out_from_their_ground(theme: str, ground: str) -> None:
    colours = themes()[theme]
    faint = [mark for mark in MARKS if contrast(colours[mark], colours[ground]) < 3]
    assert faint == []


@THEMES
@pytest.mark.parametrize("deficiency", list(DEFICIENCIES))
def test_any_two_classes_differ_clearly_for_every_eye(theme: str, deficiency: str) -> None:
    colours = themes()[theme]
    near = [
        (one, other)
        for one, other in combinations(CLASSES, 2)
        if distance(colours[one], colours[other], deficiency) < 0.07
    ]
    assert near == []


def test_both_ways_to_the_light_theme_agree() -> None:
    assert themes()["light by the system"] == themes()["light chosen"]


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
