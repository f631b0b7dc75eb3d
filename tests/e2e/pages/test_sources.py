"""What the pages' sources must never hold: text as HTML, inline code, other hosts, files nobody can survey."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LABELER = Path(__file__).parents[3] / "labeler"
SCRIPTS = sorted((LABELER / "static" / "js").rglob("*.js"))
STYLES = sorted((LABELER / "static" / "css").glob("*.css"))
TEMPLATES = sorted((LABELER / "templates").glob("*.html"))


def named(path: Path) -> str:
    return path.relative_to(LABELER).as_posix()


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_scripts_set_text_as_text_and_stay_short(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source)
    assert not re.search(r"setAttribute\(\s*[\"'](style|on\w+)[\"']", source)
    assert source.count("\n") <= 300


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_templates_hold_no_inline_code_and_no_unsafe_text(template: Path) -> None:
    source = template.read_text(encoding="utf-8")
    assert not re.search(r"\son\w+\s*=|\sstyle\s*=|<style|javascript:|\|\s*safe", source)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", source))


@pytest.mark.parametrize("source", [*SCRIPTS, *STYLES, *TEMPLATES], ids=named)
def test_nothing_comes_from_another_host(source: Path) -> None:
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", re.sub(r"//\s", "", source.read_text(encoding="utf-8")))
    assert [a for a in addresses if "www.w3.org" not in a] == []


@pytest.mark.parametrize("style", [path for path in STYLES if path.name != "tokens.css"], ids=named)
def test_colours_are_only_written_in_one_file(style: Path) -> None:
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|rgba?\(|hsla?\(", style.read_text(encoding="utf-8")) == []
