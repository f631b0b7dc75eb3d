"""The pages themselves."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from labeler.security import COOKIE
from shared import __version__

PAGES = {
    "/": "label.html",
    "/grid": "grid.html",
    "/review": "review.html",
    "/dashboard": "dashboard.html",
    "/map": "map.html",
    "/explain": "explain.html",
    "/data": "data.html",
    "/settings": "settings.html",
    "/paint": "paint.html",
    "/summary": "summary.html",
}


def pages_blueprint(token: str | None) -> Blueprint:
    """The pages of PAGES. A right `?token=` becomes a cookie and leaves the address bar."""
    blueprint = Blueprint("pages", __name__)

    def show(path: str) -> BaseResponse:
        if token and "token" in request.args:
            response: BaseResponse = redirect(path)
            response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", max_age=30 * 86_400)
            return response
        page: Response = make_response(render_template(PAGES[path], version=__version__))
        page.headers["Cache-Control"] = "no-cache"
        return page

    for path, template in PAGES.items():
        blueprint.add_url_rule(path, template.removesuffix(".html"), lambda path=path: show(path))
    return blueprint
