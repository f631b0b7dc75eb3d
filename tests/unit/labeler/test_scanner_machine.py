"""The scanner against any sequence of changes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.images import content_hash

from .scanning import LONG_AGO, Bench, image_bytes, put


class FolderMachine(RuleBasedStateMachine):
    """Whatever is done to a folder, after a full look the sink knows exactly the files that are there."""

    names = st.sampled_from(["a.png", "b.png", "d/a.png", "d/e/a.png", "d/e/b.png", "f/a.png"])

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name) / "images")
        self.expected: dict[str, bytes] = {}
        self.tick = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(name=names, seed=st.integers(0, 3), good=st.booleans())
    def write(self, name: str, seed: int, good: bool) -> None:
        self.tick += 1
        data = image_bytes(seed) if good else b"<html>" + bytes([seed])
        put(self.bench.root, name, data, LONG_AGO + self.tick)
        self.expected[name] = data

    @rule(name=names)
    def remove(self, name: str) -> None:
        (self.bench.root / name).unlink(missing_ok=True)
        self.expected.pop(name, None)

    @rule(old=names, new=names)
    def rename(self, old: str, new: str) -> None:
        if old in self.expected:
            (self.bench.root / new).parent.mkdir(parents=True, exist_ok=True)
            (self.bench.root / old).rename(self.bench.root / new)
            self.expected[new] = self.expected.pop(old)

    @precondition(lambda self: self.bench.root.exists())
    @rule()
    def look_quickly(self) -> None:
        self.bench.look(0)

    @rule()
    def restart(self) -> None:
        self.bench.restart()

    @invariant()
    def agree_after_a_full_look(self) -> None:
        if self.tick % 3 == 0:
            self.bench.time += 10
            sink = self.bench.look()
            good = {n.encode(): content_hash(d) for n, d in self.expected.items() if not d.startswith(b"<")}
            assert {path: f.content_hash for path, f in sink.files.items() if not f.reason} == good
            assert set(sink.files) == {name.encode() for name in self.expected}
            assert sink.steps[-1] == (len(self.expected), len(self.expected), True)


TestAnySequence = FolderMachine.TestCase
TestAnySequence.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
