"""The documentation pages: Swagger UI from an installed package, so that no other host is asked for anything."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from home_credit.api.authentication import HEADER
from home_credit.api.problems import documented
from home_credit.api.rules import Work, rule_of

if TYPE_CHECKING:
    from fastapi import FastAPI

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Home Credit scoring - Swagger UI</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null,
});
"""
FILES = ("favicon.png", "swagger-ui.css", "swagger-ui-bundle.js")
KEPT = {"Cache-Control": "private, max-age=86400"}
SECURITY = "API key"
METHODS = frozenset({"get", "post", "put", "patch", "delete"})

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page() -> HTMLResponse:
    """Return the page of Swagger UI."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """Return the OpenAPI document; it takes a moment to make, hence no coroutine."""
    return JSONResponse(request.app.openapi())


@router.get("/docs/{file}")
async def part(file: str) -> Response:
    """Return a script, a style sheet or an image of the page."""
    if file == "start.js":
        return Response(START, media_type="text/javascript", headers=KEPT)
    package = find_spec("fastapi_offline")
    if file not in FILES or package is None or package.origin is None:
        raise HTTPException(404, "there is no such file")
    return FileResponse(Path(package.origin).with_name("static") / file, headers=KEPT)


def install(app: FastAPI) -> None:
    """Add the pages, and describe in the OpenAPI document what the middleware demands and answers."""
    app.include_router(router)

    def described() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # the way that FastAPI documents


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    key = {"type": "apiKey", "in": "header", "name": HEADER, "description": "needed where keys are set"}
    document["components"].setdefault("securitySchemes", {})[SECURITY] = key
    for path, operations in document["paths"].items():
        for method in METHODS & operations.keys():
            _describe(operations[method], method.upper(), path)
    return document


def _describe(operation: dict[str, Any], method: str, path: str) -> None:
    rule = rule_of(method, path)
    statuses = set[int]()
    if rule.scopes:
        operation["security"] = [{SECURITY: []}]
        operation["x-scopes"] = sorted(rule.scopes)
        statuses |= {401, 403}
    if rule.work is not Work.PROBE:
        statuses |= {429, 503}
    if method != "GET":
        statuses |= {408, 413}
    for status, answer in documented(*sorted(statuses)).items():
        operation["responses"].setdefault(str(status), answer)
