"""Settings that change while it runs, and what is done with versions of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from labeler.requests import Request
from labeler.routes.query import number_argument
from labeler.settings import Settings
from labeler.versions import Version, Versions
from shared.errors import Conflict, InvalidInput
from shared.steering import STEERABLE, Form, Group, RecallKind, Steerable, range_of, value_of

MAX_NAME: Final = 80
PIXELS: Final = "pixels-"  # how the ids of spaces without a network begin


class VersionName(Request):
    """`PATCH /api/versions/<version>`; an empty name takes the name away."""

    name: Annotated[str, Field(max_length=MAX_NAME)]


def settings_blueprint(settings: Settings, versions: Versions, slow_is_on: Callable[[], bool | None]) -> Blueprint:
    """slow_is_on: what the trainer says of the slow loop; None where it has not said so."""
    blueprint = Blueprint("settings", __name__)

    @blueprint.get("/api/settings")
    def show() -> ResponseReturnValue:
        off = "" if _slow_is_on(settings, slow_is_on) else "Fine-tuning is off."
        return {
            "revision": settings.revision,
            "groups": [group.value for group in Group],
            "settings": [_setting(settings, setting, off) for setting in STEERABLE],
        }

    @blueprint.patch("/api/settings")
    def change() -> ResponseReturnValue:
        values = request.get_json()
        if not isinstance(values, dict):
            raise InvalidInput(f"the body is {type(values).__name__}; expected a JSON object from key to value")
        settings.change(values, _person())
        return show()

    @blueprint.get("/api/settings/changes")
    def changes() -> ResponseReturnValue:
        return {"changes": settings.changes(number_argument("limit", 200, 1, 10_000))}

    @blueprint.patch("/api/versions/<int:number>")
    def name(number: int) -> ResponseReturnValue:
        versions.rename(number, VersionName.parse(request.get_json()).name.strip())
        settings.tell()
        return versions.get(number).row()

    @blueprint.post("/api/versions/<int:number>/<any(rollback, finetune):kind>")
    def recall(number: int, kind: str) -> ResponseReturnValue:
        version = versions.get(number)
        _check_kept(version, RecallKind(kind))
        settings.recall(RecallKind(kind), number, version.space, version.settings, _person())
        return {"revision": settings.revision}

    return blueprint


def _person() -> str:
    person = request.args.get("annotator", "")
    if len(person) > MAX_NAME:
        raise InvalidInput(f"annotator has {len(person)} characters; at most {MAX_NAME} are possible", "annotator")
    return person


def _slow_is_on(settings: Settings, said: Callable[[], bool | None]) -> bool:
    enabled = settings.config.slow.enabled
    return said() is not False if enabled == "auto" else enabled


def _setting(settings: Settings, setting: Steerable, off: str) -> dict[str, Any]:
    limits = range_of(setting.key)
    value, default = value_of(settings.config, setting.key), value_of(settings.base, setting.key)
    choices = limits.choices
    if setting.key == "strategy.name" and default not in choices:
        choices = (*choices, default)
    return {
        "key": setting.key,
        "group": setting.group.value,
        "name": setting.name,
        "about": setting.about,
        "unit": setting.unit,
        "value": value,
        "default": default,
        **asdict(limits),
        "choices": choices,
        "range": "" if limits.form is Form.THRESHOLDS else limits.words,
        "off": off if setting.needs_slow_loop else "",
    }


def _check_kept(version: Version, kind: RecallKind) -> None:
    if not version.kept:
        raise Conflict(
            f"the weights of version {version.number} are not kept any more; choose one that is, and name it so that "
            "it stays",
            "version",
        )
    if kind is RecallKind.FINETUNE and version.space.startswith(PIXELS):
        raise Conflict(f"version {version.number} rests on pixels, not on a network; choose a later one", "version")
