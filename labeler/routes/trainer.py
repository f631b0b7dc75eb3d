"""What the trainer sends over HTTP, because it may be large."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from labeler.questions import Questions
from shared.asking import unpack_answer
from shared.errors import InvalidInput, ProtocolError


def trainer_blueprint(questions: Questions, is_trainer: Callable[[], bool]) -> Blueprint:
    """`POST /api/trainer/answers/<id>`: 204; 404 where nobody waits for it any more."""
    blueprint = Blueprint("trainer", __name__)

    @blueprint.post("/api/trainer/answers/<id>")
    def answer(id: str) -> ResponseReturnValue:  # noqa: A002 - the question's id
        if not is_trainer():
            raise Forbidden("answers come from the trainer alone; its token is missing or wrong")
        try:
            head, data = unpack_answer(request.get_data())
        except ProtocolError as error:
            raise InvalidInput(str(error)) from error
        return ("", 204) if questions.take(id, head, data) else ("", 404)

    return blueprint
