"""What the scanner remembers of folders."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler.folders import Folder, hashes_of, remember, stamp_of


class TestFolder:
    @settings(max_examples=50)
    @given(st.dictionaries(st.binary(min_size=1, max_size=6), st.integers(1, 2**62)))
    def test_stamps_are_found_again(self, stamps: dict[bytes, int]) -> None:
        folder = Folder.of(0, hashes_of(stamps), np.array(list(stamps.values()), np.int64))
        asked = [*stamps, b"another name"]
        assert folder.stamps_of(hashes_of(asked)).tolist() == [*stamps.values(), 0]

    def test_what_is_known_is_grouped_by_folder(self) -> None:
        folders = remember([(b"a.png", 1, 2), (b"b/c.png", 3, 4), (b"b/d.png", 5, -1)])
        assert set(folders) == {b"", b"b"}
        assert folders[b"b"].stamps_of(hashes_of([b"d.png", b"c.png"])).tolist() == [stamp_of(5, -1), stamp_of(3, 4)]

    def test_a_file_takes_16_bytes(self) -> None:
        (folder,) = remember((b"%d.png" % i, i, i) for i in range(1000)).values()
        assert folder.names.nbytes + folder.stamps.nbytes == 16_000
