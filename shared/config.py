"""The one typed configuration, parsed once: defaults < config.yaml < environment < flags."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.config_file import read_file
from shared.costs import check_costs, unknown_names
from shared.errors import ConfigError

ENV_PREFIX = "LABELSTREAM_"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
RISING_METRICS = ("accuracy", "f1_macro", "precision/<class>", "recall/<class>")
FALLING_METRICS = ("loss", "ece")

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(gt=0, le=1000)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    """Base of all sections: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Paths(Section):
    images: Path = Path("images")
    data: Path = Path("data")


class Server(Section):
    host: str = "127.0.0.1"
    port: Port = 3334
    token: str | None = None
    allowed_hosts: list[str] = []

    @model_validator(mode="after")
    def _token_beyond_loopback(self) -> Self:
        if self.host not in LOOPBACK and not self.token:
            raise ValueError(
                f"host is {self.host!r}, which others on the network can reach; set server.token to a secret "
                "of at least 16 characters, or use 127.0.0.1"
            )
        _check_secret(self.token)
        return self


def _check_secret(token: str | None) -> None:
    """Raise ValueError for a short one; it is not shown."""
    if token is not None and len(token) < 16:
        raise ValueError(f"token has {len(token)} characters; give at least 16")


class TrainerService(Section):
    host: str = "127.0.0.1"
    port: Port = 3333
    labeler_url: str = "http://127.0.0.1:3334"
    token: str | None = None
    allowed_hosts: list[str] = []
    roots: list[Path] = []

    @field_validator("token")
    @classmethod
    def _long_enough(cls, token: str | None) -> str | None:
        _check_secret(token)
        return token


class Images(Section):
    max_pixels: Positive = 100_000_000
    scan_every_s: Seconds = 3.0


class Stream(Section):
    batch_size: Annotated[int, Field(ge=1, le=1000)] = 10
    wait_for_full_batch: bool = False
    flush_after_s: Seconds = 2.0


class Holdout(Section):
    fraction: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    min_images: Annotated[int, Field(ge=0)] = 150
    max_images: Annotated[int, Field(ge=0)] = 500

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_images > self.max_images:
            raise ValueError(f"min_images is {self.min_images}, above max_images {self.max_images}; lower one")
        return self


class Leases(Section):
    seconds: Seconds = 60.0


class Model(Section):
    backbone: str | None = None
    weights: str = "default"
    image_size: Annotated[int, Field(ge=16, le=1024)] | None = None
    factory: str | None = None


class Strategy(Section):
    name: str = "uherding"
    explore: Share = 0.05
    head: Annotated[int, Field(ge=10, le=1000)] = 200
    candidates: Annotated[int, Field(ge=10, le=20_000)] = 1000
    landmarks: Annotated[int, Field(ge=10, le=20_000)] = 2000
    uncertainty: Literal["laplace", "ensemble", "mc_dropout"] = "laplace"
    passes: Annotated[int, Field(ge=2, le=1000)] = 20
    dropout: Annotated[float, Field(gt=0, lt=1)] = 0.25
    seed: int = 0


class Train(Section):
    continuous: bool = True
    evaluate_every: Positive = 1
    query_every: Positive = 1
    checkpoint_every: Positive = 10
    keep_versions: Annotated[int, Field(ge=3)] = 50
    device: str = "auto"
    threads: Annotated[int, Field(ge=0)] = 0
    embed_batch_size: Positive | None = None
    C: Annotated[float, Field(gt=0)] = 30.0
    class_balanced: bool = True
    class_weights: dict[str, Weight] = {}
    costs: dict[str, dict[str, Weight]] = {}
    steps_per_slice: Positive = 200
    pause_every: Annotated[int, Field(ge=0)] = 0

    @field_validator("costs")
    @classmethod
    def _of_mistakes(cls, costs: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        check_costs(costs)
        return costs


class Slow(Section):
    enabled: Literal["auto"] | bool = "auto"
    threads: Positive = 1
    pretrain_images: Annotated[int, Field(ge=2)] = 10_000
    pretrain_steps: Positive = 320
    min_labels: Positive = 50
    growth: Annotated[float, Field(ge=1)] = 1.5
    steps: Positive = 200
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    weight_decay: Share = 0.01
    batch_size: Annotated[int, Field(ge=2, le=1024)] = 32
    augment: Literal["crops", "randaugment", "none"] = "crops"
    flips: bool = False
    start: Literal["warm", "shrink"] = "warm"
    reasons: Literal["gradcam", "gradient", "off"] = "gradcam"
    reasons_weight: Annotated[float, Field(ge=0, le=1000)] = 1.0


class Threshold(Section):
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of at_least and at_most")
        return self


class Stop(Section):
    thresholds: dict[str, Threshold] = {}
    require: Literal["any", "all"] = "any"
    patience: Positive = 3

    @field_validator("thresholds")
    @classmethod
    def _reachable(cls, thresholds: dict[str, Threshold]) -> dict[str, Threshold]:
        for metric, threshold in thresholds.items():
            _check_threshold(metric, threshold)
        return thresholds


class Advice(Section):
    stable: Literal["off", "advise", "stop"] = "advise"
    change: Literal["off", "advise", "stop"] = "advise"
    entropy: Literal["off", "advise", "stop"] = "advise"
    gain: Literal["off", "advise", "stop"] = "advise"
    require: Literal["any", "all"] = "any"
    every: Positive = 20
    images: Positive = 1000
    kappa: Share = 0.99
    most_changed: Share = 0.005
    most_entropy: Share = 0.05
    gain_labels: Positive = 100
    most_gain: Share = 0.0


def _check_threshold(metric: str, threshold: Threshold) -> None:
    family = f"{metric.partition('/')[0]}/<class>" if metric.partition("/")[2] else metric
    if family not in RISING_METRICS + FALLING_METRICS:
        raise ValueError(f"unknown metric {metric!r}; expected one of {', '.join(RISING_METRICS + FALLING_METRICS)}")
    if family in RISING_METRICS and threshold.at_least is None:
        raise ValueError(f"{metric} grows as the model gets better; use at_least instead of at_most")
    if family in FALLING_METRICS and threshold.at_most is None:
        raise ValueError(f"{metric} falls as the model gets better; use at_most instead of at_least")
    if threshold.at_least is not None and not 0 < threshold.at_least <= 1:
        raise ValueError(
            f"{metric} at_least is {threshold.at_least:g}; expected a share above 0 and up to 1, like 0.95"
        )
    if threshold.at_most is not None and threshold.at_most < 0:
        raise ValueError(f"{metric} at_most is {threshold.at_most:g}, which can never be reached; expected 0 or more")


class Config(Section):
    """Everything that can be set, with its default; config.yaml explains each key."""

    task: Literal["classification"] = "classification"
    classes: list[str] = []
    paths: Paths = Paths()
    server: Server = Server()
    trainer: TrainerService = TrainerService()
    images: Images = Images()
    stream: Stream = Stream()
    test: Holdout = Holdout()
    leases: Leases = Leases()
    model: Model = Model()
    strategy: Strategy = Strategy()
    train: Train = Train()
    slow: Slow = Slow()
    stop: Stop = Stop()
    advice: Advice = Advice()

    @field_validator("classes")
    @classmethod
    def _distinct_names(cls, names: list[str]) -> list[str]:
        stripped = [name.strip() for name in names]
        for i, name in enumerate(stripped):
            if not name or name in stripped[:i]:
                raise ValueError(f"name {name!r} is {'given twice' if name else 'empty'}; give each class one name")
        return stripped


def load_config(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Config:
    """The configuration from file, environment and flags, each over the one before.

    file: a YAML file; None reads `config.yaml` of the working directory where there is one.
    environ: `LABELSTREAM_<SECTION>__<KEY>` (lists and mappings as JSON, `null` for none); an empty value counts as
        not set; default os.environ.
    flags: dotted key → value; None values are ignored.
    Raises ConfigError naming the key, what was found and what was expected.
    """
    values = read_file(file)
    for dotted, value in _from_environment(os.environ if environ is None else environ).items():
        _set(values, dotted, value)
    for dotted, value in (flags or {}).items():
        if value is not None:
            _set(values, dotted, value)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(explain(dict(e)) for e in error.errors())) from error
    if config.classes and (sentences := unknown_names(config.train.costs, config.classes)):
        raise ConfigError(sentences[0])
    return config


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    known = {key.upper(): key for key in _all_keys()}
    values: dict[str, object] = {}
    for name, raw in environ.items():
        key = name.removeprefix(ENV_PREFIX)
        if key == name or key in _NOT_OPTIONS or not raw:
            continue
        wanted = key.replace("__", ".")
        if wanted.upper() not in known:
            raise ConfigError(f"environment variable {name}: {_unknown(wanted.lower())}")
        values[known[wanted.upper()]] = _parse_value(name, raw)
    return values


_NOT_OPTIONS = frozenset({"SCREENSHOTS", "TEST_DATA", "LONG", "BROWSER"})


def _parse_value(name: str, raw: str) -> object:
    """Lists, mappings and null are JSON. All else stays text, so that a token of digits remains one."""
    if raw[0] not in "[{" and raw != "null":
        return raw
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"environment variable {name} is not valid JSON: {error}; got {_short(raw)}") from error


def _set(values: dict[str, Any], dotted: str, value: object) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise ConfigError(f"`{section}` is {_short(values)}; expected a section with keys such as `{key}`")
    values[key] = value


def _all_keys() -> list[str]:
    keys = []
    for name, info in Config.model_fields.items():
        section = info.annotation
        if isinstance(section, type) and issubclass(section, Section):
            keys += [f"{name}.{key}" for key in section.model_fields]
        else:
            keys.append(name)
    return keys


def explain(error: Mapping[str, Any]) -> str:
    """An error of pydantic's as a sentence that begins with the key."""
    dotted = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown(dotted)
    if error["type"] == "value_error":
        return f"{dotted}: {error['ctx']['error']}"
    hint = "; put it in quotes" if error["type"] == "string_type" else ""
    return f"{dotted}: got {_short(error['input'])}; {error['msg'][0].lower()}{error['msg'][1:]}{hint}"


def _unknown(dotted: str) -> str:
    known = [*_all_keys(), *Config.model_fields]
    if dotted.startswith("stop.thresholds."):
        known += [f"{dotted.rpartition('.')[0]}.{key}" for key in Threshold.model_fields]
    near = difflib.get_close_matches(dotted, [key for key in known if key != dotted], n=1, cutoff=0.0)
    return f"unknown key `{dotted}`; did you mean `{near[0]}`? config.yaml lists every key"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "…"
