"""Which strategies of other libraries there are, under `library/Name`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.peers.asking import Preparer, as_strategy
from trainer.plugins import load_function
from trainer.strategies import Strategy, find_strategy

HERE: Final = "benchmarks.peers"

PEERS: Final[Mapping[str, str]] = {
    "scikit-activeml/MaxHerding": "scikit_activeml:max_herding",
    "scikit-activeml/TypiClust": "scikit_activeml:typi_clust",
    "scikit-activeml/CoreSet": "scikit_activeml:core_set",
    "scikit-activeml/ProbCover": "scikit_activeml:prob_cover",
    "scikit-activeml/margin": "scikit_activeml:margin",
    "scikit-activeml/Falcun": "scikit_activeml:falcun",
    "scikit-activeml/Badge": "scikit_activeml:badge",
    "scikit-activeml/DropQuery": "scikit_activeml:drop_query",
    "small-text/BreakingTies": "small_text:breaking_ties",
    "small-text/LeastConfidence": "small_text:least_confidence",
    "small-text/PredictionEntropy": "small_text:prediction_entropy",
    "small-text/EmbeddingKMeans": "small_text:embedding_k_means",
    "small-text/GreedyCoreset": "small_text:greedy_coreset",
    "small-text/LightweightCoreset": "small_text:lightweight_coreset",
    "small-text/ContrastiveAL": "small_text:contrastive",
    "modAL/margin": "modal:margin",
    "modAL/entropy": "modal:entropy",
    "modAL/uncertainty": "modal:uncertainty",
    "modAL/ranked-batch": "modal:ranked_batch",
    "modAL/density": "modal:density",
    "modAL/committee": "modal:committee",
    "baal/Margin": "baal:margin",
    "baal/Entropy": "baal:entropy",
    "baal/Certainty": "baal:certainty",
    "baal/Variance": "baal:variance",
    "baal/BALD": "baal:bald",
    "baal/BatchBALD": "baal:batch_bald",
    "baal/EPIG": "baal:epig",
}

COMBINATIONS: Final = (  # what a good user of theirs would build
    "scikit-activeml/MaxHerding>scikit-activeml/margin",
    "scikit-activeml/TypiClust>scikit-activeml/margin",
    "scikit-activeml/TypiClust>scikit-activeml/Falcun",
)

SLOW: Final = "baal/BatchBALD"  # minutes per query, gigabytes
SAME: Final = (  # as scikit-activeml/margin, small-text/LeastConfidence and small-text/PredictionEntropy choose
    "small-text/BreakingTies",
    "modAL/margin",
    "baal/Margin",
    "modAL/uncertainty",
    "baal/Certainty",
    "modAL/entropy",
    "baal/Entropy",
)
EVERYTHING: Final = (*(name for name in PEERS if name not in (SLOW, *SAME)), *COMBINATIONS)
SELECTED: Final = (
    *(name for name in PEERS if name.startswith("scikit-activeml/")),
    "small-text/EmbeddingKMeans",
    "baal/BALD",
    *COMBINATIONS,
)
SHORTLIST: Final = (  # those that one would try first
    "scikit-activeml/MaxHerding",
    "scikit-activeml/TypiClust",
    "scikit-activeml/margin",
    "scikit-activeml/DropQuery",
    *COMBINATIONS,
)
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "peers": EVERYTHING,
    "selected": SELECTED,
    "shortlist": SHORTLIST,
}


def is_peer(name: str) -> bool:
    """Whether it is another library's, or a chain that begins with one."""
    return name.partition(">")[0] in PEERS


def preparer_of(name: str) -> Preparer:
    """What asks the library. Raises ConfigError where the library is not installed."""
    found: Preparer = load_function(f"{HERE}.{PEERS[name]}", "peer")
    return found


def find(name: str) -> Strategy:
    """A peer's strategy, one of ours, or one's own by dotted name. Raises ConfigError."""
    return as_strategy(preparer_of(name)) if name in PEERS else find_strategy(name)
