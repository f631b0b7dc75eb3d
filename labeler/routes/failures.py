"""Errors as JSON with a sentence; a user never sees a traceback."""

from __future__ import annotations

import logging

from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from labeler.questions import NoAnswerYet
from labeler.versions import UnknownVersion
from shared import errors
from shared.asking import QuestionRefused

log = logging.getLogger(__name__)

RETRY_AFTER_S = 1

STATUS: dict[type[errors.LabelstreamError], int] = {
    errors.UnknownImage: 404,
    UnknownVersion: 404,
    errors.UnknownAnnotation: 404,
    errors.UnknownClass: 422,
    errors.Conflict: 409,
    errors.InvalidInput: 400,
    errors.StorageFull: 507,
    QuestionRefused: 422,
    errors.LabelstreamError: 500,
}


def register_failures(app: Flask) -> None:
    """Turn every exception into `{"error": {"code", "field", "message"}}`."""

    @app.errorhandler(errors.LabelstreamError)
    def known(error: errors.LabelstreamError) -> ResponseReturnValue:
        status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
        return _body(error.code, str(error), getattr(error, "field", "")), status

    @app.errorhandler(NoAnswerYet)
    def not_yet(error: NoAnswerYet) -> ResponseReturnValue:
        body = _body(error.code, str(error))
        return {**body, "progress": error.progress}, 503, {"Retry-After": str(RETRY_AFTER_S)}

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        return _body(error.name.lower().replace(" ", "_"), error.description or error.name), error.code or 500

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> ResponseReturnValue:
        log.exception("unforeseen error", exc_info=error)
        return _body("internal", "something went wrong here; the labeler's terminal says what. Try again"), 500


def _body(code: str, message: str, field: str = "") -> dict[str, dict[str, str]]:
    return {"error": {"code": code, "field": field, "message": message}}
