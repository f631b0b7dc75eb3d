"""What every format must do: give back what it was given, refuse what is not its own, and stream."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labeler.formats import FORMATS, ExportRow, Format, ImportRow
from labeler.formats.rows import FORMULA
from shared.errors import ImageRejected, InvalidInput

ODD = [
    "new\nline",
    "tab\t",
    'quo"te',
    "\r",
    "=1+1",
    "+a",
    "-1",
    "@x",
    "..",
    "con",
    "a\\b",
    "escaped:%41",
    "\u202e",
    "é",
    "%",
]

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
components = st.one_of(
    st.sampled_from(ODD).map(str.encode), st.binary(min_size=1, max_size=40), texts.map(str.encode)
).map(lambda part: part.replace(b"/", b"_").replace(b"\0", b"_"))
paths = st.lists(components, min_size=1, max_size=3).map(lambda parts: b"/".join(parts) + b".png")
labels = (
    st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
    .map(lambda text: "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cc").strip())
    .filter(lambda text: 0 < len(text) <= 200 and text == unicodedata.normalize("NFC", text).strip())
)
rows = st.lists(
    st.builds(
        ExportRow,
        path=paths,
        label=labels,
        annotator=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        created_at=st.floats(0, 4e9),
        seq=st.integers(1, 10**9),
        lane=st.sampled_from(["query", "random", "test"]),
    ),
    max_size=12,
    unique_by=lambda row: row.path,
)

every_format = pytest.mark.parametrize("each", FORMATS.values(), ids=FORMATS)
TEXT_FORMATS = ("csv", "tsv", "json")
text_formats = pytest.mark.parametrize("each", [FORMATS[name] for name in TEXT_FORMATS], ids=TEXT_FORMATS)


def row(path: bytes, label: str) -> ExportRow:
    return ExportRow(path, label, "ann", 1.7e9, 1, "query")


def export(each: Format, items: list[ExportRow]) -> bytes:
    return b"".join(each.export(items, lambda path: b"bytes of " + path))


def parse(each: Format, data: bytes) -> list[ImportRow]:
    return list(each.parse(io.BytesIO(data)))


@every_format
@given(items=rows)
@example(items=[ExportRow(b"\xef\xbb\xbf.png", "a", "", 0.0, 1, "query")])
@example(items=[ExportRow(b"PK\x06\x06.png", "a", "", 0.0, 1, "query")])
@settings(max_examples=150, deadline=None)
def test_what_goes_out_comes_back(each: Format, items: list[ExportRow]) -> None:
    back = parse(each, export(each, items))
    assert [(os.fsencode(r.name), r.label) for r in back] == [(r.path, r.label) for r in items]


@text_formats
@given(items=rows)
@settings(max_examples=50, deadline=None)
def test_text_is_plain_utf8(each: Format, items: list[ExportRow]) -> None:
    export(each, items).decode("utf-8", "strict")


@every_format
@given(data=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_garbage_gives_rows_or_a_sentence(each: Format, data: bytes) -> None:
    try:
        parse(each, data)
    except InvalidInput as error:
        assert len(str(error)) > 10


@every_format
@given(items=rows, cut=st.floats(0, 1), byte=st.integers(0, 255))
@settings(max_examples=80, deadline=None)
def test_damage_gives_rows_or_a_sentence(each: Format, items: list[ExportRow], cut: float, byte: int) -> None:
    data = bytearray(export(each, items))
    if data:
        data[int(cut * (len(data) - 1))] = byte
    for damaged in (bytes(data), bytes(data[: int(cut * len(data))])):
        try:
            parse(each, damaged)
        except InvalidInput as error:
            assert str(error)


@every_format
def test_an_export_is_made_while_it_is_read(each: Format) -> None:
    """However many rows there are, only the piece at hand is in memory."""
    taken = itertools.count()

    def endless() -> Iterator[ExportRow]:
        for number in taken:
            yield row(b"%d.png" % number, "cat")

    stream = each.export(endless(), lambda path: bytes(100_000))
    tracemalloc.start()
    size = sum(len(next(stream)) for _ in range(300))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert next(taken) <= 302
    assert peak < 2_000_000 < size or each.name != "imagefolder"


@every_format
def test_a_name_that_is_too_long_is_refused(each: Format) -> None:
    assert parse(each, export(each, [row(b"x" * 4096, "cat")]))
    with pytest.raises(InvalidInput, match="4,097 bytes"):
        parse(each, export(each, [row(b"x" * 4097, "cat")]))


@every_format
def test_a_class_that_is_too_long_is_refused(each: Format) -> None:
    with pytest.raises(InvalidInput, match="201 characters; at most 200"):
        parse(each, export(each, [row(b"a.png", "x" * 201)]))


@every_format
def test_too_many_rows_are_refused(each: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeler.formats.rows.MAX_ROWS", 3)
    assert len(parse(each, export(each, [row(b"%d.png" % i, "cat") for i in range(3)]))) == 3
    with pytest.raises(InvalidInput, match="more than 3 rows"):
        parse(each, export(each, [row(b"%d.png" % i, "cat") for i in range(4)]))


class TestCsv:
    @pytest.mark.parametrize(
        "text",
        [
            "filename,label\na.png,cat\nb.png,dog\n",
            "\ufefffilename,label\r\na.png,cat\r\nb.png,dog",
            "file_name;class\na.png;cat\nb.png;dog\n",
            "id\tcategory\tImage\n1\tcat\ta.png\n\n2\tdog\tb.png\n",
            'path,category,split\n"a.png",cat,train\nb.png," dog ",test\n',
        ],
    )
    def test_the_usual_headers_are_understood(self, text: str) -> None:
        assert parse(FORMATS["csv"], text.encode()) == [ImportRow("a.png", "cat"), ImportRow("b.png", "dog")]

    def test_names_with_line_breaks_stay_readable_for_others(self) -> None:
        data = export(FORMATS["csv"], [row(b'a\n"b",c.png', "cat")]).decode()
        assert next(csv.DictReader(io.StringIO(data, newline="")))["filename"] == 'a\n"b",c.png'

    def test_raw_bytes_of_names_are_kept(self) -> None:
        assert os.fsencode(parse(FORMATS["csv"], b"filename,label\ncaf\xe9.png,cat\n")[0].name) == b"caf\xe9.png"

    @given(items=rows)
    @settings(max_examples=50, deadline=None)
    def test_no_cell_is_a_formula(self, items: list[ExportRow]) -> None:
        text = export(FORMATS["csv"], items).decode()
        for record in csv.reader(io.StringIO(text, newline="")):
            for cell in record:
                assert cell[:1] not in ("=", "@", "\t", "\r") and not FORMULA.search(cell)

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "line 1: the header is ''; expected a column named filename"),
            ("a,b\n1,2", "line 1: the header is 'a,b'"),
            ("filename,x\n1,2", "expected a column named label or class or category"),
            ("filename,label\na.png,cat\nb.png\n", "line 3 has 1 of at least 2 columns"),
            ('filename,label\n"a\nb.png",cat\nb.png,\n', "line 4: the class name is empty"),
            ("filename,label\n,cat\n", "line 2: the file name '' has 0 bytes"),
            ('filename,label\na.png,"cat\n', "unexpected end of data"),
            ("filename,label\na\0.png,cat\n", "line 2: the file name .* none zero"),
            ("filename,label\na.png,b\x07\n", "line 2: the class name 'b\\\\x07' holds a control character"),
            ("x" * 70_000, "line 1 is longer than 65,536 bytes"),
        ],
    )
    def test_errors_name_the_line(self, text: str, sentence: str) -> None:
        with pytest.raises(InvalidInput, match=sentence):
            parse(FORMATS["csv"], text.encode())

    def test_utf16_is_named(self) -> None:
        with pytest.raises(InvalidInput, match="UTF-16; save it as UTF-8"):
            parse(FORMATS["csv"], "filename,label\n".encode("utf-16"))


class TestTsv:
    def test_two_columns_and_no_header(self) -> None:
        assert export(FORMATS["tsv"], [row(b"a b.png", "cat")]) == b"a b.png\tcat\n"

    def test_a_header_and_empty_lines_are_passed_over(self) -> None:
        assert parse(FORMATS["tsv"], b"file_name\tclass\r\n\r\na.png\tcat\r\n") == [ImportRow("a.png", "cat")]

    def test_errors_name_the_line(self) -> None:
        with pytest.raises(InvalidInput, match="line 2 has 2 tabs; expected one"):
            parse(FORMATS["tsv"], b"a.png\tcat\na\tb\tc\n")


class TestJson:
    def test_the_export_is_one_document(self) -> None:
        document = json.loads(export(FORMATS["json"], [row(b"a.png", "cat"), row(b"b.png", "dog")]))
        assert [a["filename"] for a in document["annotations"]] == ["a.png", "b.png"]
        assert document["annotations"][0]["created_at"] == "2023-11-14T22:13:20.000+00:00"

    def test_a_bare_list_works(self) -> None:
        assert parse(FORMATS["json"], b'[{"image": "a.png", "class": "cat"}]') == [ImportRow("a.png", "cat")]

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            (b'[\n{"filename": }]', "line 2, column 14: not JSON"),
            (b'{"labels": []}', "expected a list of annotations"),
            (b'[{"filename": "a", "label": "b"}, 7]', "annotation 2 is '7'"),
            (b'[{"filename": "a", "label": 7}]', "annotation 1 has no text under label"),
            (b'[{"filename": "a", "label": "\\ud800"}]', "annotation 1: .* is not valid Unicode"),
            (b'[{"filename": "\\ud800", "label": "a"}]', "annotation 1: .* is not valid Unicode"),
            (b"[" * 100_000, "not JSON that can be read"),
        ],
    )
    def test_errors_name_the_place(self, text: bytes, sentence: str) -> None:
        with pytest.raises(InvalidInput, match=sentence):
            parse(FORMATS["json"], text)


class TestImagefolder:
    each = FORMATS["imagefolder"]

    def archive(self, members: dict[str, bytes], **options: object) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", **options) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return target.getvalue()

    @given(items=rows)
    @settings(max_examples=80, deadline=None)
    def test_the_zip_is_safe_to_unpack_anywhere(self, items: list[ExportRow]) -> None:
        archive = zipfile.ZipFile(io.BytesIO(export(self.each, items)))
        names = archive.namelist()
        assert archive.testzip() is None
        assert len({name.lower() for name in names}) == len(items)
        for name, item in zip(names, items, strict=True):
            folder, file = name.split("/")
            for part in (folder, file):
                assert 0 < len(part.encode()) <= 200 and part[0] not in ". " and part[-1] not in ". "
                assert not set(part) & set('<>:"\\|?*\0\n\r\t\u202e')
                assert part.split(".")[0].lower() not in ("con", "nul", "prn", "aux")
            assert archive.read(name) == b"bytes of " + item.path

    def test_plain_names_stay_as_they_are(self) -> None:
        items = [row(b"a/x.png", "cat"), row(b"b/x.png", "cat"), row(b"b/X.png", "dog")]
        first, second, third = zipfile.ZipFile(io.BytesIO(export(self.each, items))).namelist()
        assert (first, third) == ("cat/x.png", "dog/X.png")
        assert second.startswith("cat/x-") and second.endswith(".png")

    def test_folders_of_another_zip_are_classes(self) -> None:
        members = [
            "cat/a.jpg",
            "data/train/dog/b.png",
            "top.png",
            "cat/.hidden.png",
            "__MACOSX/cat/._a.jpg",
            "cat/notes.txt",
        ]
        data = self.archive(dict.fromkeys(members, b"x"))
        assert parse(self.each, data) == [ImportRow("cat/a.jpg", "cat"), ImportRow("data/train/dog/b.png", "dog")]

    def test_a_bomb_is_not_unpacked(self) -> None:
        data = self.archive({"cat/a.png": bytes(200_000_000)}, compression=zipfile.ZIP_DEFLATED)
        tracemalloc.start()
        assert parse(self.each, data) == [ImportRow("cat/a.png", "cat")]
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()

    def test_a_huge_table_of_contents_is_refused_unread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = self.archive({f"cat/{i}.png": b"" for i in range(100)})
        monkeypatch.setattr("labeler.formats.imagefolder.MAX_DIRECTORY_BYTES", 5000)
        monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("read"))
        with pytest.raises(InvalidInput, match=r"table of contents has 5,\d+ bytes, limit 5,000"):
            parse(self.each, data)

    def test_more_entries_than_a_small_zip_holds(self) -> None:
        items = [row(b"%d.png" % i, "cat") for i in range(66_000)]
        data = b"".join(self.each.export(items, lambda _: b""))
        assert [os.fsencode(r.name) for r in parse(self.each, data)] == [item.path for item in items]

    def test_what_cannot_be_read_is_listed(self) -> None:
        def read(path: bytes) -> bytes:
            if path == b"gone.png":
                raise FileNotFoundError(2, "No such file", "gone.png")
            if path == b"out.png":
                raise ImageRejected("is a link that leads out")
            return b"x"

        items = [row(b"gone.png", "cat"), row(b"here.png", "cat"), row(b"out.png", "cat")]
        data = b"".join(self.each.export(items, read))
        archive = zipfile.ZipFile(io.BytesIO(data))
        assert archive.namelist() == ["cat/here.png", "not-included.tsv"]
        lines = archive.read("not-included.tsv").decode().splitlines()
        assert [line.split("\t")[0] for line in lines] == ["gone.png", "out.png"]
        assert [r.name for r in parse(self.each, data)] == ["here.png"]

    @pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x05\x06", b"PK\x05\x06" + bytes(18 + 50)])
    def test_what_is_not_a_zip_is_refused(self, data: bytes) -> None:
        try:
            assert parse(self.each, data) == []
        except InvalidInput as error:
            assert "zip" in str(error)
