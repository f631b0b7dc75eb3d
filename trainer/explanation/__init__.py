"""What a model looks at: saliency maps of one prediction, and how far they are to be trusted."""

from __future__ import annotations

from trainer.explanation.explained import Explained, Report
from trainer.explanation.methods import METHODS, Method
from trainer.explanation.saliency import Saliency, explain, why_not

__all__ = ["METHODS", "Explained", "Method", "Report", "Saliency", "explain", "why_not"]
