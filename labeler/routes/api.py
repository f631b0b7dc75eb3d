"""The JSON interface: state, leases, annotations, classes, control, pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from labeler.classes import Classes
from labeler.database import Database
from labeler.image_store import ImageStore
from labeler.requests import ClassRequest, ControlRequest, LeaseRequest, NewAnnotation, NewBulk
from labeler.routes.query import number_argument
from labeler.service import LabelingService
from labeler.store import AnnotationStore
from labeler.views import Views


@dataclass(frozen=True, slots=True)
class Api:
    """One method per call; a body or an argument that is not as documented raises InvalidInput."""

    service: LabelingService
    classes: Classes
    views: Views
    database: Database

    def healthz(self) -> ResponseReturnValue:
        """`GET /healthz`."""
        return {"status": "ok"}

    def state(self) -> ResponseReturnValue:
        """`GET /api/state`."""
        return self.views.state()

    def metrics(self) -> ResponseReturnValue:
        """`GET /api/metrics`."""
        return self.views.metrics()

    def lease(self) -> ResponseReturnValue:
        """`POST /api/leases`."""
        return self.views.handout(self.service.lease(LeaseRequest.parse(request.get_json())))

    def annotate(self) -> ResponseReturnValue:
        """`POST /api/annotations`."""
        receipt = self.service.record(NewAnnotation.parse(request.get_json()))
        return {"seq": receipt.seq}, 201 if receipt.created else 200

    def annotate_bulk(self) -> ResponseReturnValue:
        """`POST /api/annotations/bulk`."""
        receipt = self.service.record_bulk(NewBulk.parse(request.get_json()))
        return {"seq": receipt.seq, "left": receipt.left}, 201 if receipt.created else 200

    def undo(self, annotation_id: str) -> ResponseReturnValue:
        """`DELETE /api/annotations/<annotation_id>`."""
        return {"seq": self.service.undo(annotation_id).seq}

    def log(self) -> ResponseReturnValue:
        """`GET /api/annotations`."""
        after, limit = number_argument("after", 0), number_argument("limit", 1000, 1, 10_000)
        return self.views.log(self.database.log_id, AnnotationStore(self.database).log(after, limit))

    def history(self) -> ResponseReturnValue:
        """`GET /api/history`."""
        before, limit = number_argument("before", 0) or None, number_argument("limit", 50, 1, 1000)
        annotator = request.args.get("annotator", "")
        return self.views.history(AnnotationStore(self.database).history(annotator, before, limit))

    def add_class(self) -> ResponseReturnValue:
        """`POST /api/classes`."""
        number = self.classes.add(ClassRequest.parse(request.get_json()).name)
        return self.views.class_view(number), 201

    def rename_class(self, name: str) -> ResponseReturnValue:
        """`PATCH /api/classes/<name>`."""
        number = self.classes.rename(name, ClassRequest.parse(request.get_json()).name)
        return self.views.class_view(number)

    def control(self) -> ResponseReturnValue:
        """`POST /api/control`."""
        news = self.service.control(ControlRequest.parse(request.get_json()).action)
        return {"session": news.state.value, "stop_reason": news.reason}

    def versions(self) -> ResponseReturnValue:
        """`GET /api/versions`."""
        return self.views.versions()

    def pool(self) -> ResponseReturnValue:
        """`GET /api/pool`."""
        after, limit = number_argument("after", 0), number_argument("limit", 5000, 1, 20_000)
        return self.views.pool(ImageStore(self.database).images_changed(after, limit))


CALLS: Final[tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...]] = (
    ("GET", "/healthz", Api.healthz),
    ("GET", "/api/state", Api.state),
    ("GET", "/api/metrics", Api.metrics),
    ("POST", "/api/leases", Api.lease),
    ("POST", "/api/annotations", Api.annotate),
    ("POST", "/api/annotations/bulk", Api.annotate_bulk),
    ("DELETE", "/api/annotations/<annotation_id>", Api.undo),
    ("GET", "/api/annotations", Api.log),
    ("GET", "/api/history", Api.history),
    ("POST", "/api/classes", Api.add_class),
    ("PATCH", "/api/classes/<path:name>", Api.rename_class),
    ("POST", "/api/control", Api.control),
    ("GET", "/api/pool", Api.pool),
    ("GET", "/api/versions", Api.versions),
)


def api_blueprint(service: LabelingService, classes: Classes, views: Views, database: Database) -> Blueprint:
    """Everything the labelling page and scripts use."""
    blueprint, api = Blueprint("api", __name__), Api(service, classes, views, database)
    for method, path, call in CALLS:
        blueprint.add_url_rule(path, call.__name__, call.__get__(api), methods=[method])
    return blueprint
