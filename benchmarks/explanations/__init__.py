"""How far saliency maps are to be trusted, method by method: `python -m benchmarks.explanations --help`."""
