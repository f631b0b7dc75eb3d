"""The calls over HTTP."""

from __future__ import annotations

import logging
from typing import Any, Final

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, HTTPException

from shared.errors import Conflict, InvalidInput, LabelstreamError
from trainer.service.calls import Calls
from trainer.service.jobs import Job, Jobs
from trainer.service.refusals import BadCall, Busy, OutsideRoots, UnknownJob
from trainer.service.requests import F1, ActiveLearning
from trainer.service.work import Work

log = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 64 << 10
STATUS: Final[dict[type[LabelstreamError], int]] = {
    OutsideRoots: 403,
    UnknownJob: 404,
    Conflict: 409,
    InvalidInput: 400,
    Busy: 503,
}
_SENTENCES: Final = {
    404: "there is nothing of this name; docs/trainer-http.md lists what is",
    405: "this is not called by that method; docs/trainer-http.md says by which",
    413: f"the body is too large; expected at most {MAX_BODY_BYTES} bytes of JSON",
}


def calls_blueprint(calls: Calls, jobs: Jobs) -> Blueprint:
    """`/active_learning`, `/f1` and `/jobs`."""
    blueprint = Blueprint("calls", __name__)

    @blueprint.post("/active_learning")
    def active_learning() -> ResponseReturnValue:
        return _answer(jobs, calls.active_learning(ActiveLearning.parse(_body())))

    @blueprint.get("/active_learning")
    def active_learning_by_query() -> ResponseReturnValue:
        call = ActiveLearning.parse_query(request.args.to_dict(flat=False))
        return _answer(jobs, calls.active_learning(call))

    @blueprint.post("/f1")
    def f1() -> ResponseReturnValue:
        return _answer(jobs, calls.f1(F1.parse(_body())))

    @blueprint.get("/jobs/<job_id>")
    def job(job_id: str) -> ResponseReturnValue:
        return job_view(jobs.find(job_id))

    @blueprint.delete("/jobs/<job_id>")
    def cancel(job_id: str) -> ResponseReturnValue:
        return job_view(jobs.cancel(job_id))

    return blueprint


def register_failures(app: Flask) -> None:
    """Turn every exception into `{"error": {"code", "field", "message"}}`."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

    @app.errorhandler(Exception)
    def failed(error: Exception) -> ResponseReturnValue:
        if isinstance(error, HTTPException):
            code = error.name.lower().replace(" ", "_")
            return _error_view(code, _SENTENCES.get(error.code or 500, error.description or "")), error.code or 500
        status = _status_of(error)
        if status == 500:
            log.error("unforeseen error", exc_info=error)
        headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Busy) else {}
        return error_view(error), status, headers


def _status_of(error: Exception) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def error_view(error: Exception) -> dict[str, dict[str, str]]:
    """What callers are told of an error; nothing of one that nobody has foreseen."""
    if isinstance(error, LabelstreamError):
        return _error_view(error.code, str(error), getattr(error, "field", ""))
    return _error_view("internal", "something went wrong here; the trainer's terminal says what")


def _error_view(code: str, message: str, field: str = "") -> dict[str, dict[str, str]]:
    return {"error": {"code": code, "field": field, "message": message}}


def job_view(job: Job) -> dict[str, Any]:
    """`{"job", "state", "progress"}`, with `result` once it is done, `error` where it failed or was cancelled."""
    view: dict[str, Any] = {"job": f"/jobs/{job.id}", "state": job.state.value, "progress": round(job.progress, 4)}
    if job.result is not None:
        view["result"] = job.result
    if job.error is not None:
        view |= error_view(job.error)
    return view


def _answer(jobs: Jobs, work: Work) -> ResponseReturnValue:
    """The work's answer; where the caller prefers not to wait, 202 and where it will be."""
    job = jobs.submit(work)
    if "respond-async" in [wish.strip().lower() for wish in request.headers.get("Prefer", "").split(",")]:
        url = f"/jobs/{job.id}"
        return {"job": url}, 202, {"Location": url, "Preference-Applied": "respond-async"}
    return jsonify(job.answer())


def _body() -> object:
    try:
        return request.get_json(force=True)
    except (BadRequest, RecursionError) as error:
        raise BadCall(
            "invalid", "", "the body is not JSON; expected a JSON object, as in docs/trainer-http.md"
        ) from error
