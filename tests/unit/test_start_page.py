"""What is in front of MLflow: the script on its page and on nothing else, probes, and bodies in one piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from home_credit.tracking.adapter import Adapter
from home_credit.tracking.pages import SCRIPT, StartPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

PAGE = '<!doctype html><html><head><meta charset="utf-8"/></head><body>é</body></html>'


async def _page(request: Request) -> Response:
    asked = {name for name in request.headers if name in {"if-none-match", "range", "accept-encoding"}}
    return HTMLResponse(PAGE, headers={"ETag": '"before"', "X-Asked": ",".join(asked)})


async def _other(_: Request) -> Response:
    return PlainTextResponse(PAGE)


@pytest.fixture
def client() -> TestClient:
    return TestClient(StartPage(Starlette(routes=[Route("/", _page), Route("/other", _other)])))


def test_the_page_has_the_script_before_everything_else(client: TestClient) -> None:
    answer = client.get("/", headers={"If-None-Match": '"before"', "Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert answer.text == PAGE.replace("<head>", f"<head>{SCRIPT}")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "etag" not in answer.headers
    assert answer.headers["x-asked"] == ""


def test_everything_else_passes_unchanged(client: TestClient) -> None:
    assert client.get("/other").text == PAGE
    assert client.head("/").headers["content-length"] == str(len(PAGE.encode()))
    assert client.get("/nothing").status_code == 404


def test_the_script_has_no_end_of_its_own() -> None:
    assert SCRIPT.count("</script>") == 1
    assert SCRIPT.endswith("</script>")


def test_a_body_in_pieces_arrives_in_one_and_a_probe_not_at_all() -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        answer = PlainTextResponse(f"{scope['path']} {len(message['body'])} {message['more_body']}")
        await answer(scope, receive, send)

    def pieces() -> Iterator[bytes]:
        yield from [b"four"] * 100

    client = TestClient(Adapter(echo))
    assert client.post("/anything", content=pieces()).text == "/anything 400 False"
    assert client.get("/health").text == "OK"
    assert client.post("/health", content=b"1").text == "/health 1 False"
