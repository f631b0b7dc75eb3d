"""What can be changed while it runs: one table; ranges and choices are read from the configuration itself. Pure.

`Steering` is how the trainer is told.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from pydantic import Field, JsonValue, ValidationError

from shared.config import Config, Threshold, explain
from shared.errors import InvalidInput
from shared.wire import Message, Number

STRATEGY_NAMES: Final = (
    "uherding",
    "herding",
    "margin",
    "entropy",
    "least",
    "ratio",
    "bald",
    "typiclust",
    "coreset",
    "badge",
    "dropquery",
    "bait",
    "vae",
    "mixture",
    "random",
)


class Group(StrEnum):
    """Where a setting stands on the page."""

    TRAINING = "Training"
    ASKING = "What is asked"
    STOPPING = "When to stop"
    ADVICE = "Advice"
    TUNING = "Fine-tuning"


@dataclass(frozen=True, slots=True)
class Steerable:
    """A setting that may change while it runs. name, about: for people. unit: of its number."""

    key: str
    group: Group
    name: str
    about: str
    unit: str = ""

    @property
    def needs_slow_loop(self) -> bool:
        """Whether it only matters while the slow loop is on."""
        return self.key.startswith("slow.") and self.key != "slow.enabled"


_T, _A, _S, _R, _F = Group
_MODES: Final = "off, advise (a sentence on the page) or stop"

STEERABLE: Final[tuple[Steerable, ...]] = (
    Steerable("train.C", _T, "Fit to the labels, C", "Its inverse, 1/C, is the weight decay of the head."),
    Steerable("train.class_balanced", _T, "Balanced classes", "Rare classes weigh as much as frequent ones."),
    Steerable("train.class_weights", _T, "Class weights", "What the labels of a class count besides; 1 by itself."),
    Steerable("train.costs", _T, "Costs of mistakes", "Of saying one class where another is true; 1 by itself."),
    Steerable("train.steps_per_slice", _T, "Steps per slice", "Between slices the trainer looks for news.", "steps"),
    Steerable("train.query_every", _T, "Order the queue every", "The next images are chosen anew.", "batches"),
    Steerable("train.evaluate_every", _T, "Evaluate every", "On the labelled test images.", "batches"),
    Steerable("train.checkpoint_every", _T, "Keep a version every", "To compare, and to go back to.", "batches"),
    Steerable("train.pause_every", _T, "Pause for a look after", "By itself; 0 is never.", "evaluations"),
    Steerable("strategy.name", _A, "Strategy", "Which images are asked next."),
    Steerable("strategy.explore", _A, "Exploration share", "Of the images, drawn at random all the same."),
    Steerable("strategy.candidates", _A, "Candidates", "The most uncertain; diverse ones of them are asked.", "images"),
    Steerable("strategy.landmarks", _A, "Landmarks", "They stand for the whole folder in its coverage.", "images"),
    Steerable("strategy.head", _A, "Length of the order", "How many are chosen at a time.", "images"),
    Steerable("strategy.uncertainty", _A, "Uncertainty", "Where bald takes its models from."),
    Steerable("strategy.passes", _A, "Models", "So many of them, for bald.", "models"),
    Steerable("strategy.dropout", _A, "Dropout", "Probability that mc_dropout leaves a feature out."),
    Steerable("stop.thresholds", _S, "Goals", "Training stops when they are proven on the test images."),
    Steerable("stop.require", _S, "Goals needed", "Any of them, or all."),
    Steerable("stop.patience", _S, "Patience of goals", "For macro-F1, loss and calibration error.", "looks in a row"),
    Steerable("advice.gain", _S, "Early stopping", f"No gain in accuracy: {_MODES}."),
    Steerable("advice.gain_labels", _S, "Patience", "Of early stopping.", "training labels"),
    Steerable("advice.most_gain", _S, "Smallest gain", "Growth of the accuracy that early stopping takes for none."),
    Steerable("advice.stable", _R, "Stable predictions", f"Several looks agree: {_MODES}."),
    Steerable("advice.kappa", _R, "Agreement", "Cohen's kappa from which predictions are stable."),
    Steerable("advice.change", _R, "Few changes", f"Hardly a prediction changed: {_MODES}."),
    Steerable("advice.most_changed", _R, "Most changes", "Share of the predictions."),
    Steerable("advice.entropy", _R, "Certain model", f"The model is certain: {_MODES}."),
    Steerable("advice.most_entropy", _R, "Most entropy", "0 is certain, 1 a guess."),
    Steerable("advice.require", _R, "Rules needed", "Of those that may stop: any, or all."),
    Steerable("advice.every", _R, "Look every", "How often these rules look.", "training labels"),
    Steerable("slow.enabled", _F, "Fine-tuning", "auto: without pretrained weights, and on a GPU."),
    Steerable("slow.learning_rate", _F, "Learning rate", "By itself 0.0002 for the small network, 0.00003 for others."),
    Steerable("slow.weight_decay", _F, "Weight decay", "Of the network, times the learning rate at each step."),
    Steerable("slow.batch_size", _F, "Batch size", "Of a training step.", "images"),
    Steerable("slow.steps", _F, "Steps per round", "A round is one training of the network.", "batches"),
    Steerable("slow.augment", _F, "Augmentation", "Random changes of the training images."),
    Steerable("slow.flips", _F, "Mirroring", "Only where it does not change an image's class."),
    Steerable("slow.start", _F, "Begin a round", "From the last weights (warm), or from these shrunken."),
    Steerable("slow.reasons", _F, "Painted masks", "How a penalty keeps the network from what is painted over."),
    Steerable("slow.reasons_weight", _F, "Weight of masks", "What that penalty counts beside the loss on the labels."),
    Steerable("slow.min_labels", _F, "First round from", "Five per class are needed besides.", "labels"),
    Steerable("slow.growth", _F, "Next round", "When the labels have grown so; 1: round after round.", "times as many"),
)  # fmt: skip


class RecallKind(StrEnum):
    """What is wanted of an earlier version: to go back to its network, or that the next round begins from it."""

    ROLLBACK = "rollback"
    FINETUNE = "finetune"


class Recall(Message):
    """A wish for the network of a version, carried out once. revision: that of the settings it was made with.

    space: id of the version's embedding space.
    """

    kind: RecallKind
    revision: Number
    version: Number
    space: str


class Steering(Message):
    """The settings as they are now: what differs from the configuration, by key. The highest revision is the newest.

    named: versions of the model that people gave a name. recall: the newest wish for one.
    """

    revision: Number = 0
    overrides: dict[str, JsonValue] = Field(default_factory=dict)
    named: list[Number] = Field(default_factory=list)
    recall: Recall | None = None


class Form(StrEnum):
    """What kind of value a setting takes."""

    NUMBER = "number"
    WHOLE = "whole"
    SWITCH = "switch"
    CHOICE = "choice"
    THRESHOLDS = "thresholds"
    WEIGHTS = "weights"
    COSTS = "costs"


@dataclass(frozen=True, slots=True)
class Range:
    """What values are possible. above, below: whether `low` and `high` themselves are left out."""

    form: Form
    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False
    choices: tuple[str | bool, ...] = ()
    nullable: bool = False

    @property
    def words(self) -> str:
        """The range for people: "a number above 0", "a whole number from 2 to 1,024"."""
        if self.form is Form.CHOICE:
            return "one of " + ", ".join("on" if c is True else "off" if c is False else c for c in self.choices)
        if self.form is Form.SWITCH:
            return "on or off"
        kind = "a whole number" if self.form is Form.WHOLE else "a number"
        return f"{kind} {self._between()}{' or none' if self.nullable else ''}"

    def _between(self) -> str:
        low, high = (None if value is None else f"{value:,g}" for value in (self.low, self.high))
        if low and high and not (self.above or self.below):
            return f"from {low} to {high}"
        parts = [f"{'above' if self.above else 'from'} {low}"] if low else []
        return " and ".join(parts + ([f"{'below' if self.below else 'up to'} {high}"] if high else []))


def find(key: str) -> Steerable:
    """The setting of the table. Raises InvalidInput for a key that is not in it."""
    for setting in STEERABLE:
        if setting.key == key:
            return setting
    if _is_option(key):
        raise InvalidInput(f"`{key}` cannot change while it runs; set it in config.yaml and start again", key)
    near = difflib.get_close_matches(key, [setting.key for setting in STEERABLE], n=1, cutoff=0.0)
    raise InvalidInput(f"got the setting `{key[:80]}`, which there is not; did you mean `{near[0]}`?", key[:80])


@cache
def range_of(key: str) -> Range:
    """What values `key` of the table may have."""
    if key == "strategy.name":
        return Range(Form.CHOICE, choices=STRATEGY_NAMES)
    section, name = key.split(".")
    made = Config.model_fields[section].annotation
    schema = made.model_json_schema()["properties"][name] if made else {}
    if "additionalProperties" in schema:
        inner = schema["additionalProperties"]
        if "additionalProperties" in inner:
            return _numbers(Form.COSTS, inner["additionalProperties"])
        return _numbers(Form.WEIGHTS, inner) if "type" in inner else Range(Form.THRESHOLDS)
    return _range(schema.get("anyOf", [schema]))


def value_of(config: Config, key: str) -> Any:
    """The value of `key`, as JSON."""
    section, name = key.split(".")
    value = getattr(getattr(config, section), name)
    if not isinstance(value, dict):
        return value
    return {k: v.model_dump(exclude_none=True) if isinstance(v, Threshold) else v for k, v in value.items()}


def overrides_of(config: Config, base: Config) -> dict[str, Any]:
    """What `config` changes of `base` among the settings of the table: key → value as JSON."""
    values = {setting.key: value_of(config, setting.key) for setting in STEERABLE}
    return {key: value for key, value in values.items() if value != value_of(base, key)}


def steered(config: Config, overrides: Mapping[str, Any]) -> Config:
    """`config` with some settings changed. Raises InvalidInput with key, value and range; nothing is changed then."""
    values = config.model_dump()
    for key, value in overrides.items():
        find(key)
        allowed = (*STRATEGY_NAMES, config.strategy.name)  # one's own only as configured: it would run any code
        if key == "strategy.name" and value not in allowed:
            raise InvalidInput(f"{key} is {_short(value)}; expected {range_of(key).words}", key)
        section, name = key.split(".")
        values[section][name] = value
    try:
        return Config.model_validate(values, strict=True)
    except ValidationError as error:
        raise _refusal(overrides, error) from error


def sound(config: Config, overrides: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The overrides that can be used, and a sentence for each that cannot: another release may have written them."""
    kept: dict[str, Any] = {}
    dropped = []
    for key, value in overrides.items():
        try:
            steered(config, {**kept, key: value})
        except InvalidInput as error:
            dropped.append(str(error))
        else:
            kept[key] = value
    return kept, dropped


def _is_option(key: str) -> bool:
    section, _, name = key.partition(".")
    info = Config.model_fields.get(section)
    return info is not None and (not name or name in getattr(info.annotation, "model_fields", {}))


def _range(parts: list[dict[str, Any]]) -> Range:
    types = [part.get("type") for part in parts]
    choices = [choice for part in parts for choice in part.get("enum", [part["const"]] if "const" in part else [])]
    if types == ["boolean"]:
        return Range(Form.SWITCH, choices=(True, False))
    if choices:
        return Range(Form.CHOICE, choices=(*choices, *((True, False) if "boolean" in types else ())))
    number = next(part for part in parts if part.get("type") in {"integer", "number"})
    form = Form.WHOLE if number["type"] == "integer" else Form.NUMBER
    return _numbers(form, number, nullable="null" in types)


def _numbers(form: Form, schema: dict[str, Any], nullable: bool = False) -> Range:
    above, below = "exclusiveMinimum" in schema, "exclusiveMaximum" in schema
    low = schema.get("exclusiveMinimum" if above else "minimum")
    high = schema.get("exclusiveMaximum" if below else "maximum")
    return Range(form, low, high, above, below, nullable=nullable)


def _refusal(overrides: Mapping[str, Any], error: ValidationError) -> InvalidInput:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"][:2])
    if key in overrides and range_of(key).form not in {Form.THRESHOLDS, Form.WEIGHTS, Form.COSTS}:
        return InvalidInput(f"{key} is {_short(overrides[key])}; expected {range_of(key).words}", key)
    return InvalidInput(explain(first), key if key in overrides else "")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "…"
