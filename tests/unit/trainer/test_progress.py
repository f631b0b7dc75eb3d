from __future__ import annotations

import io
import logging

import pytest

from trainer.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_drawn_over() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    progress.show(500, 1000)
    progress.show(1000, 1000)
    assert terminal.getvalue().count("\n") == 1
    assert "500 of 1,000" in terminal.getvalue()
    assert terminal.getvalue().endswith("1,000 of 1,000\n")


def test_elsewhere_a_line_for_each_tenth(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress(io.StringIO())
    for done in range(1, 1001):
        progress.show(done, 1000)
    assert len(caplog.records) == 10
    assert caplog.records[-1].getMessage() == "read 1000 of 1000 images"


def test_an_empty_pool_is_no_trouble() -> None:
    Progress(io.StringIO()).show(0, 0)
