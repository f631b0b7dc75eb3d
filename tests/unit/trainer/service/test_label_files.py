from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.service.label_files import parse_labels, read_labels
from trainer.service.refusals import BadCall

TEXT = st.text(st.characters(exclude_characters="\t\n\r", exclude_categories=["Cs"]), min_size=1, max_size=20)
NAMES = TEXT.filter(lambda name: name.strip() and not name.startswith("\ufeff"))
CLASSES = TEXT.map(str.strip).filter(bool)


def plain(data: bytes) -> dict[str, str]:
    return {name: entry.label for name, entry in parse_labels(data, "labels.tsv")}


def refusal(data: bytes) -> str:
    with pytest.raises(BadCall) as caught:
        plain(data)
    assert caught.value.code == "malformed_line"
    return str(caught.value)


@given(st.dictionaries(NAMES, CLASSES, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_whatever_was_written_is_read(labels: dict[str, str], end: str, marked: bool, spaced: bool) -> None:
    lines = [f"{name}\t{label}{end}" for name, label in labels.items()]
    text = (f"  {end}{end}" if spaced else "").join(lines)
    assert plain(("\ufeff" if marked else "").encode() + text.encode()) == labels


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_line(data: bytes) -> None:
    try:
        plain(data)
    except BadCall as error:
        assert "line " in str(error) or "UTF-16" in str(error)


def test_the_last_line_needs_no_end_and_spaces_around_a_class_do_not_count() -> None:
    assert plain(b"a.jpg\t steel sheet \r\nb.jpg\t1") == {"a.jpg": "steel sheet", "b.jpg": "1"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a.jpg\tx\nb.jpg x\n", "labels.tsv, line 2 has 0 tabs"),
        (b"\n\na.jpg\tx\ty\n", "labels.tsv, line 3 has 2 tabs"),
        (b"a.jpg\t \n", "labels.tsv, line 1 has no class"),
        (b"\tx\n", "labels.tsv, line 1 has no file name"),
        (b"a.jpg\tx\ncaf\xe9.jpg\tx\n", "labels.tsv, line 2 is not UTF-8"),
        ("a.jpg\tx\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_malformed_line_is_named_by_its_number(data: bytes, said: str) -> None:
    assert said in refusal(data)


def test_what_a_malformed_line_holds_is_not_told() -> None:
    assert "secret" not in refusal(b"a very secret token\n")


def test_a_folder_of_files_is_their_union(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("1.jpg\tcat\n2.jpg\tdog\n")
    (tmp_path / "b.txt").write_text("2.jpg\tdog\n3.jpg\tcat\n")
    (tmp_path / ".hidden").write_text("no labels")
    (tmp_path / "below").mkdir()
    found = read_labels(tmp_path, "path_to_labels")
    assert {name: entry.label for name, entry in found.items()} == {"1.jpg": "cat", "2.jpg": "dog", "3.jpg": "cat"}


def test_a_conflict_names_both_places(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("1.jpg\tcat\n2.jpg\tdog\n")
    (tmp_path / "b.tsv").write_text("\n2.jpg\tcat\n")
    with pytest.raises(BadCall, match=r"'2.jpg' is 'dog' in a.tsv, line 2, and 'cat' in b.tsv, line 2") as caught:
        read_labels(tmp_path, "path_to_labels")
    assert (caught.value.code, caught.value.field) == ("conflicting_labels", "path_to_labels")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match=r"no file or folder .*nothing.tsv") as caught:
        read_labels(tmp_path / "nothing.tsv", "path_to_labels")
    assert caught.value.code == "missing_file"


def test_an_empty_folder_and_an_empty_file_hold_no_labels(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert read_labels(tmp_path / "folder", "") == read_labels(tmp_path / "file", "") == {}
