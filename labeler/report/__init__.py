"""A run as one HTML file that opens offline: `python -m labeler.report`; docs/report.md describes it."""
