"""Gathers what a report is made from, and makes it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NamedTuple

import numpy as np
import sqlalchemy as sa
from flask import Flask, render_template

from labeler.analyst import Analyst
from labeler.dashboard import Dashboard
from labeler.database import Database
from labeler.desk import TrainerDesk
from labeler.explanations import Explanations, Wish
from labeler.gallery import Gallery
from labeler.questions import NoAnswerYet
from labeler.report.figures import Cloud
from labeler.report.material import Album, Material, Setting
from labeler.report.page import page
from labeler.report.pictures import Explain, albums
from labeler.report.style import SIGNS, hash_of, style_sheet
from labeler.report.svg import Markup
from labeler.schema import annotation_rows
from labeler.settings import Settings
from labeler.views import Views
from shared import __version__
from shared.asking import QuestionRefused
from shared.config import Config
from shared.errors import LabelstreamError
from shared.mapping import Column

PROGRAMS: Final = ("torch", "torchvision", "numpy", "scikit-learn", "Pillow", "Flask", "SQLAlchemy", "pydantic")
SECTIONS: Final = ("stream", "test", "model", "strategy", "train", "slow", "stop", "advice", "images", "leases")
METHOD: Final = "gradcam"
BUDGET_S: Final = 8.0
MOST_CHANGES: Final = 500
MOST_DOTS: Final = 6000
PROJECTIONS: Final = {"pca": "PCA", "tsne": "t-SNE"}

LastMap = tuple[str, Mapping[str, Column]]


class Services(NamedTuple):
    """What knows the run.

    last_map: the projection and the columns of the newest map, None where there is none. clock: seconds since the
    epoch.
    """

    database: Database
    views: Views
    desk: TrainerDesk
    analyst: Analyst
    dashboard: Dashboard
    gallery: Gallery
    settings: Settings
    last_map: Callable[[], LastMap | None]
    explanations: Explanations
    clock: Callable[[], float]


def report(app: Flask, services: Services) -> bytes:
    """The run as one HTML page, in UTF-8."""
    values, style = page(gather(services)), style_sheet()
    with app.app_context():
        html = render_template(
            "report.html",
            **values,
            style=Markup(f"<style>{style}</style>"),
            style_hash=hash_of(style),
            signs=SIGNS,
        )
    return html.encode("utf-8", "replace")


def gather(services: Services) -> Material:
    """Everything the page shows, as it is now."""
    versions = services.desk.versions
    rows = [each.row() for each in versions.all()]
    newest = versions.current.number if versions.current else rows[-1]["version"] if rows else None
    present: Any = None if newest is None else services.analyst.tables([newest])["versions"][0]
    dashboard = services.dashboard.view(services.settings.config.stop.thresholds)
    began, ended = _span(services.database)
    shown, curves = list[Album](), []
    if newest is not None:
        curves = services.analyst.curves([newest], [each["class"] for each in present["per_class"]])["curves"]
        shown = albums(
            services.analyst, newest, present, services.gallery.show, looks(services.explanations, services.clock)
        )
    return Material(
        made_at=services.clock(),
        began=began,
        ended=ended,
        state=services.views.state(),
        history=services.desk.history.rows(),
        present=present,
        curves=curves,
        versions=rows,
        people=dashboard["people"],
        pace=dashboard["pace"],
        forecast=dashboard["forecast"],
        changes=services.settings.changes(MOST_CHANGES)[::-1],
        settings=settings_in_force(services.settings.config),
        programs=programs(),
        cloud=cloud_of(services.last_map()),
        albums=shown,
    )


def looks(explanations: Explanations, clock: Callable[[], float]) -> Explain:
    """Asks for Grad-CAM maps until there is no answer or BUDGET_S are over: a report does not wait for the trainer."""
    end = clock() + BUDGET_S

    def explain(image_id: str, size: int) -> bytes | None:
        nonlocal end
        try:
            return explanations.map(image_id, Wish(METHOD), size)[0] if clock() < end else None
        except (NoAnswerYet, QuestionRefused):
            end = clock()
        except LabelstreamError:  # this image has none
            pass
        return None

    return explain


def cloud_of(last: LastMap | None) -> Cloud | None:
    """At most MOST_DOTS images of a map, drawn at random, always the same ones."""
    if last is None:
        return None
    projection, columns = last
    total = len(columns["x"])
    chosen = np.sort(np.random.default_rng(0).permutation(total)[:MOST_DOTS])
    x, y, label = (columns[name][chosen].tolist() for name in ("x", "y", "label"))
    return Cloud(x, y, label, total, PROJECTIONS[projection])


def settings_in_force(config: Config) -> list[Setting]:
    """What concerns the run; addresses, folders and secrets are left out."""
    now, default = config.model_dump(mode="json"), Config().model_dump(mode="json")
    return [
        Setting(f"{section}.{key}", value, default[section][key])
        for section in SECTIONS
        for key, value in now[section].items()
    ]


def programs() -> list[tuple[str, str]]:
    """Names and versions of what made the run, as far as it is installed here."""
    ours = [("Labelstream", __version__), ("Python", platform.python_version())]
    return ours + [each for each in map(_installed, PROGRAMS) if each[1]]


def _installed(name: str) -> tuple[str, str]:
    try:
        return name, version(name)
    except PackageNotFoundError:
        return name, ""


def _span(database: Database) -> tuple[float | None, float | None]:
    times = annotation_rows.c.created_at
    with database.reading() as c:
        row: Any = c.execute(sa.select(sa.func.min(times), sa.func.max(times))).one()
    return row[0], row[1]
