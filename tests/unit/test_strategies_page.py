"""docs/strategies.md: its example works as it says, and its table is the code's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.strategies import STRATEGIES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "strategies.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_first_table_has_every_strategy_and_no_other() -> None:
    table = PAGE.split("## What there is")[1].split("\n\n")[2]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert sorted(re.match(r"\| `(\w+)`", row)[1] for row in rows) == sorted(STRATEGIES)


def test_the_example_followed_to_the_letter(tmp_path: Path) -> None:
    """The file where the page says, the name that the page says, and the command that the page says."""
    (tmp_path / "my_strategies.py").write_text(blocks("python")[0])
    name = re.search(r"name: (\S+)", blocks("yaml")[0])[1]
    command = re.search(r"^    LABELSTREAM_TEST_STRATEGIES=(\S+) \.venv/bin/python (.*)$", PAGE, re.MULTILINE)
    assert command[1] == name
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, *command[2].split(), "-k", name, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**os.environ, "LABELSTREAM_TEST_STRATEGIES": name, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 20


@pytest.mark.parametrize("name", ["trainer/strategies/base.py", "trainer/strategies/parts.py"])
def test_files_that_the_page_names_exist(name: str) -> None:
    assert f"`{name}`" in PAGE
    assert (ROOT / name).exists()
