"""Third-party files of the page are the ones whose checksums and licences are on record."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "labeler" / "static" / "vendor"


def recorded() -> dict[str, str]:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def test_every_file_has_the_recorded_checksum() -> None:
    for name, digest in recorded().items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def test_every_script_and_style_is_recorded_and_has_a_licence() -> None:
    files = {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css"}}
    assert files == set(recorded())
    rows = [line for line in (VENDOR / "README.md").read_text().splitlines() if line.startswith("|")]
    for name in files:
        row = next(row for row in rows if f"`{name}`" in row)
        licences = re.findall(r"`([\w.-]+\.LICENSE)`", row)
        assert len(licences) == 1, row
        assert (VENDOR / licences[0]).stat().st_size > 500


def test_no_file_asks_another_host_for_a_source_map() -> None:
    for name in recorded():
        assert "sourceMappingURL" not in (VENDOR / name).read_text(encoding="utf-8"), name
