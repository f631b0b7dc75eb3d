"""What the trainer answers about what the model looks at."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image

from shared.asking import Answer, ExplainQuestion, MethodsQuestion, Question
from shared.errors import ImageRejected, LabelstreamError
from trainer.clerk import Handler, Report
from trainer.explanation.methods import METHODS
from trainer.explanation.models import SHIFT, Models
from trainer.explanation.saliency import Floats, Saliency, explain, why_not
from trainer.learner import Model
from trainer.loading import Loader
from trainer.models.head import softmax
from trainer.models.space import Pixels
from trainer.pool import Pool

LIKELIEST: Final = 3  # classes named in an answer


class ImageGone(LabelstreamError):
    """The image cannot be read, or is another one now."""

    code = "image_gone"


class Explainer:
    """Answers ExplainQuestion and MethodsQuestion, in the clerk's thread."""

    def __init__(self, pool: Pool, loader: Loader, models: Models) -> None:
        self._pool = pool
        self._loader = loader
        self._models = models

    def handlers(self) -> dict[type[Question], Handler]:
        """For the clerk."""
        return {ExplainQuestion: self.explain, MethodsQuestion: self.methods}

    def explain(self, question: ExplainQuestion, report: Report) -> Answer:
        """The map as PNG. Raises LabelstreamError with a sentence where there is none."""
        report(0.0)
        explained, model = self._models.find(question.version, question.shifted)
        pixels = self._read(question, explained.info.image_size)
        found = explain(explained, pixels, question.method, question.class_id, question.layer, report)
        facts = facts_of(found, model, explained.classes) | {
            "method": question.method,
            "title": METHODS[question.method].title,
            "note": METHODS[question.method].note,
            "shift": SHIFT if question.shifted else 0.0,
        }
        return Answer(facts, to_png(found.shown()))

    def methods(self, _question: MethodsQuestion, report: Report) -> Answer:
        """All methods, each with why it cannot be used, and the layers that can be named. Raises NoModel."""
        report(0.0)
        explained, model = self._models.find(None)
        if explained.layers.target:
            explained.offset(explained.layers.target)  # pages ask this first: then the first map need not wait for it
        methods = [
            {"name": name, "title": method.title, "note": method.note, "why_not": why_not(name, explained.layers)}
            for name, method in METHODS.items()
        ]
        layers = explained.layers
        return Answer(
            {
                "version": model.version,
                "network": explained.info.name,
                "methods": methods,
                "layers": list(layers.sides),
                "layer": layers.target,
            }
        )

    def _read(self, question: ExplainQuestion, size: int) -> Pixels:
        """The image as the network gets it. Raises ImageGone."""
        gone = "the image has vanished from the folder or has changed; it cannot be explained any more"
        try:
            (ref,) = self._pool.refs([question.image])
        except IndexError:
            raise ImageGone("the trainer has not heard of this image yet; ask again in a moment") from None
        if ref.image_id != question.content:
            raise ImageGone(gone)
        try:
            pixels = self._loader.load(ref, size)
        except ImageRejected as error:
            raise ImageGone(f"the image cannot be read: it {error}") from error
        if pixels is None:
            raise ImageGone(gone)
        return pixels


def facts_of(found: Saliency, model: Model, classes: list[int]) -> dict[str, Any]:
    """What is said beside a map: which class of which version, how sure the model is of it, and the likeliest ones.

    confidence and top hold calibrated probabilities. logits: before calibration, in the order of `classes`.
    """
    probs = softmax(found.logits[None] / np.float32(model.temperature))[0]
    order = np.argsort(-probs, kind="stable")[:LIKELIEST]
    return {
        "version": model.version,
        "labels": model.labels,
        "class_id": found.class_id,
        "confidence": float(probs[classes.index(found.class_id)]),
        "top": [[classes[i], float(probs[i])] for i in order],
        "classes": classes,
        "logits": found.logits.tolist(),
        "layer": found.layer,
    }


def to_png(values: Floats) -> bytes:
    """Values in 0..1, (h, w), as an 8-bit grey PNG."""
    target = BytesIO()
    Image.fromarray(np.rint(values * 255).astype(np.uint8)).save(target, "PNG", compress_level=1)
    return target.getvalue()
