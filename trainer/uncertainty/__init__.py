"""How far to believe a prediction: heads that the labels allow as well, and where these disagree."""

from __future__ import annotations

from typing import Final

from trainer.uncertainty.base import Learnt, Moments, Uncertainty, moments, of_images
from trainer.uncertainty.ensemble import ensemble
from trainer.uncertainty.laplace import laplace
from trainer.uncertainty.mc_dropout import mc_dropout

__all__ = ["UNCERTAINTIES", "Learnt", "Moments", "Uncertainty", "moments", "of_images"]

UNCERTAINTIES: Final[dict[str, Uncertainty]] = {
    "mc_dropout": mc_dropout,
    "ensemble": ensemble,
    "laplace": laplace,
}
