"""The one typed configuration, parsed once: defaults < config.yaml < environment < flags."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import ConfigError

ENV_PREFIX = "LABELSTREAM_"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
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
                f"server.host is {self.host!r}, which others on the network can reach; set server.token to a secret "
                "of at least 16 characters, or use 127.0.0.1"
            )
        if self.token is not None and len(self.token) < 16:
            raise ValueError(f"server.token has {len(self.token)} characters; give at least 16")
        return self


class TrainerService(Section):
    host: str = "127.0.0.1"
    port: Port = 3333
    labeler_url: str = "http://127.0.0.1:3334"


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
            raise ValueError(f"test.min_images is {self.min_images}, above test.max_images {self.max_images}")
        return self


class Leases(Section):
    seconds: Seconds = 60.0


class Model(Section):
    backbone: str | None = None
    weights: str = "default"
    image_size: Annotated[int, Field(ge=16, le=1024)] | None = None
    factory: str | None = None


class Strategy(Section):
    name: str = "margin"
    cold_start: str = "herding"
    explore: Share = 0.05
    head: Annotated[int, Field(ge=10, le=1000)] = 200
    candidates: Annotated[int, Field(ge=10)] = 1000
    landmarks: Annotated[int, Field(ge=10)] = 2000
    seed: int = 0


class Train(Section):
    continuous: bool = True
    evaluate_every: Positive = 1
    query_every: Positive = 1
    checkpoint_every: Positive = 10
    device: str = "auto"
    threads: Annotated[int, Field(ge=0)] = 0
    embed_batch_size: Positive = 32
    C: Annotated[float, Field(gt=0)] = 30.0
    class_balanced: bool = True
    steps_per_slice: Positive = 50


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
    stop: Stop = Stop()


def load_config(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Config:
    """The configuration from file, environment and flags, each over the one before.

    file: a YAML file; None reads `config.yaml` of the working directory where there is one.
    environ: `LABELSTREAM_<SECTION>__<KEY>` (lists and mappings as JSON); default os.environ.
    flags: dotted key → value; None values are ignored.
    Raises ConfigError naming the key, what was found and what was expected.
    """
    values = _read_file(file)
    for dotted, value in _from_environment(os.environ if environ is None else environ).items():
        _set(values, dotted, value)
    for dotted, value in (flags or {}).items():
        if value is not None:
            _set(values, dotted, value)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(dict(e)) for e in error.errors())) from error


def _read_file(file: Path | None) -> dict[str, Any]:
    path = file or Path("config.yaml")
    if file is None and not path.exists():
        return {}
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506  # nosec B506
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror or error}; check the path and its permissions"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path} holds a {type(loaded).__name__}; expected sections such as `server:`")
    return loaded


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice; plain YAML lets the last one win silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise ConfigError(f"key {key!r} is given twice, line {key_node.start_mark.line + 1}; keep one")
            seen.add(key)
        return super().construct_mapping(node, deep)


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    known = {key.upper(): key for key in _all_keys()}
    values: dict[str, object] = {}
    for name, raw in environ.items():
        key = name.removeprefix(ENV_PREFIX)
        if key == name or key in _NOT_OPTIONS:
            continue
        wanted = key.replace("__", ".")
        if wanted.upper() not in known:
            raise ConfigError(f"environment variable {name}: {_unknown(wanted.lower())}")
        values[known[wanted.upper()]] = _parse_value(raw)
    return values


_NOT_OPTIONS = frozenset({"TEST_DATA"})


def _parse_value(raw: str) -> object:
    try:
        return json.loads(raw)
    except json.JSONDecodeError:
        return raw


def _set(values: dict[str, Any], dotted: str, value: object) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise ConfigError(f"`{section}` is {values!r}; expected a section with keys such as {key!r}")
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


def _explain(error: dict[str, Any]) -> str:
    dotted = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown(dotted)
    if error["type"] == "value_error":
        return f"{dotted or 'configuration'}: {error['ctx']['error']}"
    return f"{dotted}: got {error['input']!r}; {error['msg'][0].lower()}{error['msg'][1:]}"


def _unknown(dotted: str) -> str:
    known = _all_keys() + list(Config.model_fields)
    near = difflib.get_close_matches(dotted, known, n=1, cutoff=0.0)
    return f"unknown key `{dotted}`; did you mean `{near[0]}`? config.yaml lists every key"
