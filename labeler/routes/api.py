"""The JSON interface: state, leases, annotations, classes, control, pool."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from labeler.classes import Classes
from labeler.database import Database
from labeler.image_store import ImageStore
from labeler.requests import ClassRequest, ControlRequest, LeaseRequest, NewAnnotation
from labeler.routes.query import number_argument
from labeler.service import LabelingService
from labeler.store import AnnotationStore
from labeler.views import Views


def api_blueprint(service: LabelingService, classes: Classes, views: Views, database: Database) -> Blueprint:
    """Everything the labelling page and scripts use."""
    blueprint = Blueprint("api", __name__)
    annotations, images = AnnotationStore(database), ImageStore(database)

    @blueprint.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return {"status": "ok"}

    @blueprint.get("/api/state")
    def state() -> ResponseReturnValue:
        return views.state()

    @blueprint.get("/api/metrics")
    def metrics() -> ResponseReturnValue:
        return views.metrics()

    @blueprint.post("/api/leases")
    def leases() -> ResponseReturnValue:
        return views.handout(service.lease(LeaseRequest.parse(request.get_json())))

    @blueprint.post("/api/annotations")
    def annotate() -> ResponseReturnValue:
        receipt = service.record(NewAnnotation.parse(request.get_json()))
        return {"seq": receipt.seq}, 201 if receipt.created else 200

    @blueprint.delete("/api/annotations/<annotation_id>")
    def undo(annotation_id: str) -> ResponseReturnValue:
        return {"seq": service.undo(annotation_id).seq}

    @blueprint.get("/api/annotations")
    def log() -> ResponseReturnValue:
        rows = annotations.log(number_argument("after", 0), number_argument("limit", 1000, 1, 10_000))
        return views.log(database.log_id, rows)

    @blueprint.get("/api/history")
    def history() -> ResponseReturnValue:
        before = number_argument("before", 0) or None
        limit = number_argument("limit", 50, 1, 1000)
        return views.history(annotations.history(request.args.get("annotator", ""), before, limit))

    @blueprint.post("/api/classes")
    def add_class() -> ResponseReturnValue:
        number = classes.add(ClassRequest.parse(request.get_json()).name)
        return views.class_view(number), 201

    @blueprint.patch("/api/classes/<path:name>")
    def rename_class(name: str) -> ResponseReturnValue:
        number = classes.rename(name, ClassRequest.parse(request.get_json()).name)
        return views.class_view(number)

    @blueprint.post("/api/control")
    def control() -> ResponseReturnValue:
        news = service.control(ControlRequest.parse(request.get_json()).action)
        return {"session": news.state.value, "stop_reason": news.reason}

    @blueprint.get("/api/pool")
    def pool() -> ResponseReturnValue:
        rows = images.images_changed(number_argument("after", 0), number_argument("limit", 5000, 1, 20_000))
        return views.pool(rows)

    return blueprint
