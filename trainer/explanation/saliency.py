"""One map: which method, for which class, of which layer, on the grid of the prepared image."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from shared.errors import InvalidInput
from trainer.explanation.alignment import onto_image
from trainer.explanation.explained import Explained, Report
from trainer.explanation.layers import Layers
from trainer.explanation.methods import METHODS
from trainer.models.space import Pixels

Floats = npt.NDArray[np.float32]

SEED = 0


@dataclass(frozen=True, slots=True)
class Saliency:
    """values: (S, S), 0 where nothing speaks for the class, in units of the method's own; finite, not negative.

    class_id: which class is explained. layer: which layer was looked at; empty where the method needs none.
    logits: (K,), of all classes of the head, before the temperature.
    """

    values: Floats
    class_id: int
    layer: str
    logits: Floats

    def shown(self) -> Floats:
        """The values in 0..1, divided by their largest; where single pixels stand far above, by their 99th percentile.

        All 0 where the values are.
        """
        top = float(self.values.max()) if self.layer else float(np.quantile(self.values, 0.99))
        return np.asarray(np.minimum(self.values / (top or float(self.values.max()) or 1.0), 1.0), np.float32)


def explain(
    explained: Explained,
    pixels: Pixels,
    method: str,
    class_id: int | None = None,
    layer: str | None = None,
    report: Report = lambda _share: None,
) -> Saliency:
    """The map of one prepared image, (S, S, 3). class_id: None for the likeliest class. layer: None for the usual one.

    The same arguments give the same map. `report` is called before each forward pass with the share done; what it
    raises ends the work. Raises InvalidInput where the network does not allow the method, or for an unknown name.
    """
    where = chosen_layer(method, explained.layers, layer)
    x = explained.standardised(pixels)
    with torch.no_grad():
        logits = explained(x)[0]
    column = int(logits.argmax()) if class_id is None else _column(explained, class_id)
    with explained.watched(report, METHODS[method].passes), _seeded():
        found = METHODS[method].run(explained, x, column, where)
    values = onto_image(found, x.shape[-1], explained.offset(where)) if where else found
    values = values.detach().nan_to_num(0.0, 0.0, 0.0).clamp_min(0)
    return Saliency(values.cpu().numpy(), explained.classes[column], where, logits.cpu().numpy())


def chosen_layer(method: str, layers: Layers, named: str | None = None) -> str:
    """The layer that `method` looks at, empty where it needs none. Raises InvalidInput where it cannot be used."""
    refusal = why_not(method, layers)
    if named is not None and named not in layers.sides and METHODS[method].needs != "pixels":
        near = difflib.get_close_matches(named, layers.sides, n=3, cutoff=0.0)
        raise InvalidInput(
            f"layer {named!r} is none of the network's that gives a square map; near it: {', '.join(near)}", "layer"
        )
    if refusal and not (named and METHODS[method].needs == "layer"):
        raise InvalidInput(refusal, "method")
    match METHODS[method].needs:
        case "pixels":
            return ""
        case "layer":
            return named or layers.target or ""
    if named not in (None, layers.pooled):
        raise InvalidInput(
            f"{METHODS[method].title} is defined for layer {layers.pooled!r} alone, not {named!r}", "layer"
        )
    return layers.pooled or ""


def why_not(method: str, layers: Layers) -> str:
    """A sentence that says why `method` cannot be used here and which can; empty where it can."""
    if method not in METHODS:
        return f"unknown method {method!r}; expected one of {', '.join(METHODS)}"
    have = {"pooling": layers.pooled, "layer": layers.target, "pixels": "always"}
    needs = METHODS[method].needs
    if have[needs]:
        return ""
    lacks = {
        "pooling": "a network that ends with global average pooling of a layer's map",
        "layer": "a layer whose map keeps the image's plane",
        "pixels": "",
    }[needs]
    others = ", ".join(name for name in METHODS if have[METHODS[name].needs])
    return f"{METHODS[method].title} needs {lacks}, which the present model has not; these work: {others}"


def _column(explained: Explained, class_id: int) -> int:
    if class_id not in explained.classes:
        raise InvalidInput(
            f"class {class_id} had no training label when this version was fitted, so the model has no output for it; "
            "label an image of it, or choose another class",
            "class",
        )
    return explained.classes.index(class_id)


@contextmanager
def _seeded() -> Iterator[None]:
    """Within, torch and numpy draw from a fixed seed, which torchcam and captum take no generator for."""
    state = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        np.random.seed(SEED)
        try:
            yield
        finally:
            np.random.set_state(state)
