"""The report's style sheet: the tokens of the pages, light on paper, and the rules of the report."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

from labeler.report.svg import Markup

FOLDER: Final = Path(__file__).parent.parent / "static" / "css"
LIGHT: Final = re.compile(r':root\[data-theme="light"\] \{(.*?)\n\}', re.DOTALL)
COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)

_SIGNS: Final = {
    "line": '<path class="line" d="M0 5h18"/>',
    "dashed": '<path class="line dashed" d="M0 5h18"/>',
    "mark": '<path class="mark" d="M9 0v10"/>',
    "band": '<rect class="band" width="18" height="10"/>',
    "bar": '<rect class="bar" x="4" width="10" height="10"/>',
    "dot": '<circle class="dot" cx="9" cy="5" r="4"/>',
    "cell-0": '<rect class="cell-ground" x="4" width="10" height="10"/>',
    "cell-1": '<rect class="cell" x="4" width="10" height="10" fill-opacity=".5"/>',
    "cell-2": '<rect class="cell" x="4" width="10" height="10"/>',
}
SIGNS: Final = {shape: Markup(sign) for shape, sign in _SIGNS.items()}
"""What stands in a legend for each shape of a Key."""


def style_sheet() -> str:
    """The whole style sheet, without comments. Paper is white, whatever the system prefers."""
    tokens, rules = ((FOLDER / name).read_text(encoding="utf-8") for name in ("tokens.css", "report.css"))
    light = LIGHT.search(tokens)
    paper = f"@media print {{ :root:root {{{light[1] if light else ''} --ground: #ffffff; --panel: #ffffff; }} }}"
    return COMMENT.sub("", f"{tokens}\n{paper}\n{rules}")


def hash_of(style: str) -> str:
    """SHA-256 as a Content-Security-Policy names it [CSP Level 3, 2.3.1]."""
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
