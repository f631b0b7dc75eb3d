"""Known data sets by name, with their labels: `python -m labeler.datasets NAME`. docs/datasets.md describes it."""
