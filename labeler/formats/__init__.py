"""Import and export formats: one module each, one table of all."""

from __future__ import annotations

from labeler.formats.csv_format import CSV
from labeler.formats.imagefolder import IMAGEFOLDER
from labeler.formats.json_format import JSON
from labeler.formats.rows import ExportRow, Format, ImportRow
from labeler.formats.tsv_format import TSV

__all__ = ["FORMATS", "ExportRow", "Format", "ImportRow"]

FORMATS: dict[str, Format] = {each.name: each for each in (CSV, TSV, JSON, IMAGEFOLDER)}
