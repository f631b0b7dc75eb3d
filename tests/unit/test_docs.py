"""What the documentation tells people to type exists, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def commands(text: str) -> list[str]:
    """Lines of code blocks and code spans that start `make …` or `python -m …` of this project.

    A line that says "(not built yet)" promises nothing.
    """
    text = re.sub(r"^.*\(not built yet\).*$", "", text, flags=re.MULTILINE)
    lines = [line.strip().removeprefix("$ ") for block in FENCE.findall(text) for line in block.splitlines()]
    lines += re.findall(r"^ {4,}(.+)$", text, re.MULTILINE)
    spans = SPAN.findall(FENCE.sub("", text))
    ours = re.compile(r"(?:[A-Z_]+=\S* )*(make [a-z]|python -m (labeler|trainer|benchmarks)\b)")
    return [command for command in lines + spans if ours.match(command)]


FOUND = sorted({(page.relative_to(ROOT).as_posix(), c) for page in PAGES for c in commands(page.read_text())})


@cache
def help_of(module: str, *subcommand: str) -> str:
    command = [sys.executable, "-m", module, *subcommand, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"python -m {module} --help: {done.stderr}"
    return done.stdout


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize(("page", "command"), [pair for pair in FOUND if "make " in pair[1]])
def test_every_make_target_exists(page: str, command: str) -> None:
    words = shlex.split(re.sub(r"^.*?\bmake ", "", command), comments=True)
    named = [word for word in words if "=" not in word and not word.startswith("-")]
    assert set(named) <= make_targets(), f"{page}: {command}"


@pytest.mark.parametrize(("page", "command"), [pair for pair in FOUND if "python -m" in pair[1]])
def test_every_module_and_flag_exists(page: str, command: str) -> None:
    words = re.sub(r"[\[\]]", " ", command.split("python -m ", 1)[1]).split()
    subcommand = [word for word in words[1:2] if word.isalpha() and word.islower()]
    known = help_of(words[0], *subcommand)
    for flag in re.findall(r"(?<!\S)--[\w-]+", " ".join(words)):
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", known), f"{page}: {command}: {words[0]} knows no {flag}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    for plain, image in LINK.findall(FENCE.sub("", page.read_text())):
        target = (plain or image).partition("#")[0]
        if target and not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_commands_of_the_interface_are_among_those_checked() -> None:
    typed = {command for _, command in FOUND}
    assert {"make run", "make test", "make bench"} <= typed
