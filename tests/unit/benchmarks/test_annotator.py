from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.annotator import Truth

names = st.text("ab.", min_size=1, max_size=3).filter(lambda name: name.strip("."))


@pytest.mark.parametrize(
    ("known", "asked", "label"),
    [
        ("images/cat/1.jpg", "images/cat/1.jpg", "cat"),
        ("images/cat/1.jpg", "cat/1.jpg", "cat"),
        ("cat/1.jpg", "images/cat/1.jpg", "cat"),
        ("1.jpg", "somewhere/else/1.jpg", "cat"),
        ("1.jpg", "2.jpg", None),
    ],
)
def test_a_path_is_known_by_its_end(known: str, asked: str, label: str | None) -> None:
    assert Truth([(known, "cat")]).label(asked) == label


def test_of_equal_names_the_longest_common_end_decides() -> None:
    truth = Truth([("x/cat/1.jpg", "cat"), ("x/dog/1.jpg", "dog"), ("y/dog/1.jpg", "dog")])
    assert truth.label("dog/1.jpg") == "dog"
    assert truth.label("x/cat/1.jpg") == "cat"
    assert truth.label("1.jpg") is None


@given(st.dictionaries(st.tuples(names, names, names), st.sampled_from(["cat", "dog"]), min_size=1, max_size=20))
def test_every_known_path_finds_its_own_label(labels: dict[tuple[str, str, str], str]) -> None:
    truth = Truth([("/".join(parts), label) for parts, label in labels.items()])
    for parts, label in labels.items():
        assert truth.label("/".join(parts)) == label


def test_a_csv_needs_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text('filename,label,split\n"a,b.png",cat,train\nc.png,dog,test\n', encoding="utf-8")
    truth = Truth.read(file)
    assert (truth.label("a,b.png"), truth.label("c.png"), truth.classes) == ("cat", "dog", ["cat", "dog"])
    file.write_text("file,class\n", encoding="utf-8")
    with pytest.raises(ValueError, match="expected filename and label"):
        Truth.read(file)
