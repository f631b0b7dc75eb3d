"""BALD: the images about which heads that the labels allow disagree most [Houlsby et al. 2011, Gal et al. 2017]."""

from __future__ import annotations

from typing import Final

import numpy as np

from trainer.models.head import Head, softmax
from trainer.strategies.base import Floats, Query, Selection
from trainer.strategies.parts import product
from trainer.strategies.scored import by_score, uncertain
from trainer.uncertainty import UNCERTAINTIES, Learnt, moments

BLOCK: Final = 4_096  # images


def bald(query: Query) -> Selection:
    """The highest mutual information between label and head first, in nats.

    The heads are those of `query.uncertainty`, the same for all images. An asked image narrows them as though it had
    the predicted label. Without a head of two classes all images are equally uncertain.
    """
    if query.head is None or len(query.head.classes) < 2:
        return uncertain(query, lambda probs: np.zeros(len(probs), np.float32))
    heads = UNCERTAINTIES[query.uncertainty](_learnt(query, query.head), query.passes, query.rng)
    weight, bias = np.concatenate([h.weight for h in heads]), np.concatenate([h.bias for h in heads])
    scores = np.empty(len(query), np.float32)
    for start in range(0, len(query), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(query)))
        logits = np.split(product(query.embeddings[block], weight) + bias, len(heads), axis=1)
        scores[block] = moments(softmax(part) for part in logits).information
    return by_score(query, scores)


def _learnt(query: Query, head: Head) -> Learnt:
    x = query.selected()
    predicted: Floats = head.probabilities(x[len(query.labels) :])
    y = np.concatenate([query.labels, predicted.argmax(axis=1)])
    return Learnt(head, x, y, query.c, dropout=query.dropout)
