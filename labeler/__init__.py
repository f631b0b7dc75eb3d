"""The web service people label in. This module only wires; `python -m labeler` starts it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Flask, request
from flask_socketio import Namespace, SocketIO

from labeler.analyst import Analyst
from labeler.board import Board
from labeler.catalog import Catalog
from labeler.classes import Classes
from labeler.dashboard import Dashboard
from labeler.database import Database
from labeler.desk import TrainerDesk
from labeler.downloads import Downloads
from labeler.exchange import Exchange
from labeler.explanations import Explanations
from labeler.gallery import Gallery
from labeler.grid import Grid
from labeler.image_store import ImageStore
from labeler.listing import Listing
from labeler.map import Maps
from labeler.masks import Masks
from labeler.questions import Questions
from labeler.report.gather import Services, report
from labeler.reviewing import Reviewing
from labeler.routes.analysis import analysis_blueprint
from labeler.routes.api import api_blueprint
from labeler.routes.dashboard import dashboard_blueprint
from labeler.routes.exchange import exchange_blueprint
from labeler.routes.explanations import explanations_blueprint
from labeler.routes.failures import register_failures
from labeler.routes.images import images_blueprint
from labeler.routes.map import map_blueprint
from labeler.routes.masks import masks_blueprint
from labeler.routes.pages import pages_blueprint
from labeler.routes.report import report_blueprint
from labeler.routes.review import review_blueprint
from labeler.routes.settings import settings_blueprint
from labeler.routes.trainer import trainer_blueprint
from labeler.security import Guard
from labeler.service import LabelingService
from labeler.settings import Settings
from labeler.sockets import BrowserNamespace, Herald, TrainerNamespace
from labeler.store import AnnotationStore
from labeler.views import Views
from shared import events
from shared.config import Config
from shared.events import MAX_MESSAGE_BYTES

MAX_UPLOAD_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Labeler:
    """The wired service: the WSGI application, the sink for a scanner, and the threads to start."""

    app: Flask
    board: Board
    desk: TrainerDesk
    catalog: Catalog
    herald: Herald
    report: Callable[[], bytes]


def create_app(
    config: Config,
    database: Database,
    trainer_token: str,
    clock: Callable[[], float] = time.time,
    wait: Callable[[float], object] = time.sleep,
) -> Labeler:
    """Wire the labeler. clock: seconds since the epoch; wait: sleeps that many seconds, or until the end."""
    board = Board(database, config.leases.seconds)
    annotations, images = AnnotationStore(database), ImageStore(database)
    settings = Settings(config, database, board, clock)
    classes = Classes(board, annotations, settings.rename_class)
    classes.add_missing(config.classes)
    service = LabelingService(board, annotations, images, classes, clock)
    desk = TrainerDesk(board, database, annotations, images, settings, clock)
    views = Views(settings, board, desk, images, clock)
    gallery = Gallery(config.paths.images, images, board, config.images.max_pixels)
    exchange = Exchange(board, images, annotations, classes, service)
    trainer = TrainerNamespace(trainer_token, desk)
    questions = Questions(partial(trainer.tell, events.ASK), desk.reached_epoch)

    app, guard = _flask(), Guard(config.server, trainer_token)
    is_trainer = partial(_is_trainer, guard)
    analyst, dashboard = Analyst(desk.versions, board, images), Dashboard(database, desk.history)
    maps = Maps(board, images, annotations, questions, lambda: desk.view, config.paths.data, clock)
    explanations = Explanations(board, images, classes, questions, lambda: desk.view)
    services = Services(database, views, desk, analyst, dashboard, gallery, settings, maps.last, explanations, clock)
    make_report = partial(report, app, services)
    _register(
        app,
        pages_blueprint(config.server.token),
        api_blueprint(service, classes, views, database),
        analysis_blueprint(analyst),
        review_blueprint(Reviewing(analyst, questions, board, annotations, images)),
        dashboard_blueprint(dashboard, analyst, lambda: settings.config.stop.thresholds),
        settings_blueprint(settings, desk.versions, lambda: desk.view.slow),
        images_blueprint(gallery, is_trainer),
        trainer_blueprint(questions, is_trainer),
        map_blueprint(maps, Grid(board, images, classes, questions, lambda: desk.view)),
        explanations_blueprint(explanations),
        masks_blueprint(Masks(database, images, clock)),
        report_blueprint(make_report),
        exchange_blueprint(
            exchange, service, gallery, Listing(board, images), Downloads(config.paths.data / "exports")
        ),
    )

    socketio = _socketio(app, BrowserNamespace(guard, views), trainer)
    app.wsgi_app = guard.wrap(app.wsgi_app)  # type: ignore[method-assign, assignment]
    catalog = Catalog(images, board, lambda: settings.config, wait)
    return Labeler(app, board, desk, catalog, Herald(socketio, board, desk, views, trainer), make_report)


def _flask() -> Flask:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    register_failures(app)
    return app


def _register(app: Flask, *blueprints: Blueprint) -> None:
    for blueprint in blueprints:
        app.register_blueprint(blueprint)


def _socketio(app: Flask, *namespaces: Namespace) -> SocketIO:
    socketio = SocketIO(
        app, async_mode="threading", cors_allowed_origins=[], max_http_buffer_size=MAX_MESSAGE_BYTES, serve_client=False
    )
    for namespace in namespaces:
        socketio.on_namespace(namespace)
    return socketio


def _is_trainer(guard: Guard) -> bool:
    return guard.is_trainer(request.environ)
