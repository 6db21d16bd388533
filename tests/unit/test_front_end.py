"""The front end of Streamlit as the dashboard's server sends it."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from home_credit.dashboard import document
from home_credit.dashboard.assets import Assets
from home_credit.dashboard.links import ADDRESSES
from home_credit.dashboard.web import FRONT_END

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request


def streamlit(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("streamlit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A front end with one script, compressed too, beside a file that is none of it."""
    scripts = tmp_path / "front" / "static" / "js"
    scripts.mkdir(parents=True)
    (scripts / "a.C1.js").write_bytes(b"let a = 1")
    (scripts / "a.C1.js.gz").write_bytes(gzip.compress(b"let a = 1"))
    (tmp_path / "front" / "secret.js").write_bytes(b"secret")
    return tmp_path / "front"


def client(folder: Path) -> TestClient:
    routes = [*document.routes(FRONT_END), Route("/{path:path}", streamlit)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Assets, folder=folder)]))


def test_every_page_has_the_document_that_names_scripts_and_server() -> None:
    own = (FRONT_END / "index.html").read_text("utf-8")
    browser = client(FRONT_END)
    for address in ADDRESSES.values():
        answer = browser.get(f"/{address}")
        assert answer.headers["cache-control"] == "no-cache"
        # Streamlit takes neither the cookie of a sign-in nor an uploaded file without this one.
        assert browser.cookies["_streamlit_xsrf"]
        page = answer.text
        assert page.index("BACKEND_BASE_URL") < page.index('<script type="module"')
        assert page.index('id="root"') < page.index(".hc-banner")
        assert 'as="font"' in own and 'as="font"' not in page
        before, named = (re.findall(r'(?:href|src)="\./(static/[^"]+)"', html) for html in (own, page))
        assert {each for each in before if "/js/" in each or "/css/" in each} < set(named)
        assert any(re.match(r"static/js/Html\.", each) for each in named)
        assert len(set(named)) == len(named)
        for each in named:
            script = browser.get(f"/{each}")
            assert script.content == (FRONT_END / each).read_bytes()
            assert "immutable" in script.headers["cache-control"]
    for query, language in (("", "fr"), ("?lang=fr", "fr"), ("?lang=en", "en"), ("?lang=xx", "fr")):
        assert f'<html lang="{language}">' in browser.get(f"/portfolio{query}").text
    assert browser.get("/elsewhere").text == "streamlit"


def test_a_script_is_sent_compressed_where_it_lies_compressed(folder: Path) -> None:
    for accepted, encoding in (("gzip, br", "gzip"), ("identity", None)):
        answer = client(folder).get("/static/js/a.C1.js", headers={"Accept-Encoding": accepted})
        assert answer.content == b"let a = 1"
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"].split(";")[0] in {"text/javascript", "application/javascript"}


@pytest.mark.parametrize(
    "path", ["/static/js/b.js", "/static/js/a.C1.js.gz", "/static/../secret.js", "/static/%2e%2e/secret.js"]
)
def test_no_file_is_sent_that_is_none_of_the_front_end(folder: Path, path: str) -> None:
    assert client(folder).get(path).text == "streamlit"
