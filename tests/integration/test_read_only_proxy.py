"""The read-only proxy in front of a real MLflow server, for every route of the installed MLflow."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from playwright.sync_api import expect
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from home_credit.connections import GuardedProtocol
from home_credit.tracking.read_only_proxy import (
    BODY_SECONDS,
    ENDPOINTS,
    NOT_FOR_VISITORS,
    READING_POST,
    SAFE_METHODS,
    _kind,
)
from support.chromium import chromium
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).parents[2]
USER, PASSWORD = "registrar", "a password of its own: 1"
START_SECONDS = 120
REVISION = "0123456789abcdef"
ASSISTANT = "Ask questions about your experiments"  # what its panel says, which opened on a first visit
SHUT = ("/mlflow/assistant/", "/mlflow/gateway/", "/mlflow/gateway-proxy")


# The image has no pandas, which MLflow imports where it is (Makefile).
AS_IN_THE_IMAGE = [
    sys.executable,
    "-c",
    "import sys; sys.modules['pandas'] = None; from home_credit.serve import main; sys.exit(main(['mlflow']))",
]


class Server:
    """MLflow as its image serves it, on a copy of the committed runs."""

    def __init__(self, folder: Path, **settings: str) -> None:
        shutil.copytree(ROOT / "mlruns", folder / "mlruns")
        self.port = free_port()
        self.database = folder / "mlruns" / "mlflow.db"
        environment = {
            **os.environ,
            **settings,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "MLFLOW_TRACKING_URI": "mlruns",
        }
        self.log = folder / "mlflow.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                AS_IN_THE_IMAGE,
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            try:
                if self.http.get("/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)

    def stop(self) -> None:
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def peak_memory(self) -> int:
        """The largest resident memory of the process so far, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def state(self) -> str:
        """A digest of all stored data."""
        return hashlib.sha256(self.database.read_bytes()).hexdigest()

    def run(self) -> dict[str, Any]:
        (model,) = self.http.get("/api/2.0/mlflow/registered-models/search").json()["registered_models"]
        asked = {"run_id": model["latest_versions"][0]["run_id"]}
        return dict(self.http.get("/api/2.0/mlflow/runs/get", params=asked).json()["run"])


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("public"), HOME_CREDIT_REVISION=REVISION)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"MLFLOW_ADMIN_USER": USER, "MLFLOW_ADMIN_PASSWORD": PASSWORD}
    server = Server(tmp_path_factory.mktemp("kept"), **settings)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def _flatten(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        if router := getattr(route, "original_router", None):
            yield from _flatten(router.routes, prefix)
        for method in getattr(route, "methods", None) or ():
            yield method, prefix + route.path


@pytest.fixture(scope="module")
def routes() -> set[tuple[str, str]]:
    """Every method and path of the installed MLflow, parameters filled in."""
    from mlflow.server import app as flask  # noqa: PLC0415  # its import takes seconds: only where it is needed
    from mlflow.server.fastapi_app import app as fastapi  # noqa: PLC0415  # the same

    found = {(method, rule.rule) for rule in flask.url_map.iter_rules() for method in rule.methods or ()}
    found |= set(_flatten(fastapi.routes))
    assert {("POST", "/v1/traces"), ("POST", "/api/2.0/mlflow/runs/delete")} <= found
    return {(method, re.sub(r"<[^>]+>|{[^}]+}", "x", path)) for method, path in found}


def test_every_way_to_change_something_is_shut_and_no_way_to_read(
    public: Server, routes: set[tuple[str, str]]
) -> None:
    before = public.state()
    run = public.run()["info"]
    body = {"run_id": run["run_id"], "experiment_id": run["experiment_id"], "name": "home-credit", "key": "x"}
    reading = 0
    for method, path in sorted(routes):
        answer = public.http.request(method, path, json=None if method in SAFE_METHODS else body)
        if path == "/graphql":
            continue  # by its document, below
        if (method, path) == ("GET", ENDPOINTS):
            assert answer.json() == {"endpoints": []}  # answered without MLflow
            continue
        open_to_all = method in SAFE_METHODS and not any(part in path for part in SHUT)
        if open_to_all or (method == "POST" and READING_POST.fullmatch(path)):
            assert answer.status_code != 403, (method, path, answer.text)
            reading += 1
        else:
            assert answer.status_code == 403, (method, path, answer.text)
            assert method == "HEAD" or answer.json()["error_code"] == "PERMISSION_DENIED"
    assert reading > 100
    assert public.state() == before


@pytest.mark.parametrize("prefix", ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow"])
def test_what_the_pages_read_is_answered(public: Server, prefix: str) -> None:
    run = public.run()["info"]
    experiment = run["experiment_id"]
    # The request of MLflow's own page behind a platform's host name.
    headers = {"Origin": "https://home-credit-mlflow.onrender.com"}
    for path, body in {
        "experiments/search": {"max_results": 10},
        "runs/search": {"experiment_ids": [experiment]},
        "logged-models/search": {"experiment_ids": [experiment]},
    }.items():
        answer = public.http.post(f"{prefix}/{path}", json=body, headers=headers)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json(), path
    listed = public.http.get(f"{prefix}/artifacts/list", params={"run_id": run["run_id"]})
    assert "curves" in {file["path"] for file in listed.json()["files"]}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/runs/delete/"),
        ("POST", "//api/2.0/mlflow/runs/search"),
        ("POST", "/api/2.0/mlflow/runs/search/../delete"),
        ("POST", "/api/2.0/mlflow/runs%2Fdelete"),
        ("GET", "//ajax-api/2.0/mlflow/gateway/endpoints/list"),
        ("GET", "/ajax-api//2.0/mlflow/gateway/endpoints/list"),
        ("GET", "/./ajax-api/2.0/mlflow/gateway/endpoints/list"),
        ("GET", "/%2Fajax-api/2.0/mlflow/gateway/endpoints/list"),
        ("HEAD", "/graphql"),
        ("OPTIONS", "/graphql"),
        ("GET", "//graphql"),
        ("POST", "/api/2.0/mlflow/runs/search%0A"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/graphql"),
        ("DELETE", "/ajax-api/2.0/mlflow-artifacts/artifacts/1/graphql"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/runs/search"),
    ],
)
def test_a_path_in_disguise_is_shut(public: Server, method: str, path: str) -> None:
    target = httpx.URL(f"http://127.0.0.1:{public.port}").copy_with(raw_path=path.encode())
    query = {"query": '{ test(inputString: "a") { output } }'}  # a path that would be permitted
    assert public.http.request(method, target, json=query).status_code == 403


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ("query { test(inputString: \"a\") { output } }", 200),
        ("{ test(inputString: \"a\") { output } }", 200),
        ("mutation { testMutation(inputString: \"a\") { output } }", 403),
        ("query a { test(inputString: \"a\") { output } } mutation b { testMutation(inputString: \"a\") { output } }", 403),
        ("not graphql", 403),
        ("{" * 20_000, 403),
        (" " * 200_000 + "{ test(inputString: \"a\") { output } }", 413),
    ],
)  # fmt: skip
def test_graphql_is_read_by_its_document(public: Server, document: str, status: int) -> None:
    answer = public.http.post("/graphql", json={"query": document, "operationName": None})
    assert answer.status_code == status, answer.text


def test_a_large_body_is_refused_while_it_arrives(public: Server) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1500):
            sent += 65_536
            yield b" " * 65_536

    before = public.peak_memory()
    for path in ("/api/2.0/mlflow/runs/search", "/graphql"):
        # The answer comes first; the server then closes the connection, which may be an error of writing.
        with suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            assert public.http.post(path, content=body()).status_code == 413
    assert public.http.get("/health").is_success
    assert public.peak_memory() - before < 20_000_000


def held(port: int, start: bytes) -> tuple[float, bytes]:
    """Send the start of a request, then a byte a second; the seconds until the server ends it, and its answer."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(start)
        while time.monotonic() < began + 60:
            with suppress(TimeoutError):
                return time.monotonic() - began, connection.recv(1000)
            connection.sendall(b"x")
    raise AssertionError("held open for a minute")


@pytest.mark.slow
def test_no_client_holds_a_connection_open(public: Server) -> None:
    head = b"POST /ajax-api/2.0/mlflow/runs/search HTTP/1.1\r\nHost: localhost\r\n"
    seconds, answer = held(public.port, head + b"Content-Length: 90000\r\n\r\n{")
    assert seconds < BODY_SECONDS + 5
    assert answer.startswith(b"HTTP/1.1 408 ")
    seconds, answer = held(public.port, head)
    assert seconds < GuardedProtocol.head_seconds + 5
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_the_running_commit_is_public(public: Server) -> None:
    assert public.http.get("/revision").text == REVISION


SPELLINGS: list[Callable[[str], str]] = [
    lambda path: path,
    lambda path: f"/{path}",
    lambda path: f"//{path}",
    lambda path: f"{path}/",
    lambda path: f"{path}//",
    lambda path: path.replace("/", "//"),
    lambda path: path.replace("/", "//", 2),
    lambda path: f"/.{path}",
    lambda path: f"/..{path}",
    lambda path: f"/x/..{path}",
    lambda path: f"{path}/.",
    lambda path: f"{path}/x/..",
    lambda path: path.replace("/", "/./"),
    lambda path: path.replace("/", "%2F"),
    lambda path: "/" + path[1:].replace("/", "%2f"),
    lambda path: path.replace("/", "%252F"),
    lambda path: path.replace("/", "/%2F", 1),
    lambda path: path.replace("/", "\\"),
    lambda path: path.replace("/", "%5C"),
    lambda path: path.replace("/", "/%2E/"),
    lambda path: f"/x/%2E%2E{path}",
    lambda path: f"{path}%00",
    lambda path: f"{path}%0A",
    lambda path: f"{path}%20",
    lambda path: f"{path};x",
    lambda path: f"{path}?x=1",
    lambda path: path.upper(),
    lambda path: path.replace("a", "%61"),
    lambda path: path.replace("mlflow", "%6d%6cflow"),
    lambda path: path.replace("/api/", "/ajax-api/"),
    lambda path: f"/x{path}",
]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "PROPFIND")


@pytest.mark.slow
def test_no_spelling_of_a_route_changes_anything_or_reaches_other_servers(
    routes: set[tuple[str, str]],
) -> None:
    """Every route, by every method, in every spelling: what the proxy passes on must only read, as Werkzeug routes it."""
    from mlflow.server import app as flask  # noqa: PLC0415  # its import takes seconds: only where it is needed

    adapter = flask.url_map.bind("127.0.0.1")
    passed = 0
    for path, method, spelling in itertools.product({path for _, path in routes}, METHODS, SPELLINGS):
        target = unquote(spelling(path).partition("?")[0])
        if _kind({"type": "http", "method": method, "path": target}) is None:
            continue
        passed += 1
        # Werkzeug merges slashes and redirects; follow it to the route that it ends at.
        try:
            rule, _ = adapter.match(target, method=method, return_rule=True)
            place = rule.rule
        except RequestRedirect as redirect:
            place = urlsplit(redirect.new_url).path
        except (NotFound, MethodNotAllowed):
            place = re.sub("/+", "/", target)
        assert not NOT_FOR_VISITORS.match(place), (method, target, place)
        if method not in SAFE_METHODS:
            assert READING_POST.fullmatch(place) or place == "/graphql", (method, target, place)
    assert passed > 1000


def _tag(server: Server, **more: Any) -> httpx.Response:
    body = {"run_id": server.run()["info"]["run_id"], "key": "seen", "value": "by an operator"}
    return server.http.post("/api/2.0/mlflow/runs/set-tag", json=body, **more)


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic bm90aGluZw==",
        f"Bearer {PASSWORD}",
        "Basic " + "QQ==" * 1000,
        httpx.BasicAuth(USER, PASSWORD + "2")._auth_header,
    ],
)
def test_other_credentials_change_nothing(kept: Server, authorization: str) -> None:
    before = kept.state()
    assert _tag(kept, headers={"Authorization": authorization}).status_code == 403
    assert kept.state() == before


def test_the_credentials_let_a_change_in(kept: Server) -> None:
    assert _tag(kept, auth=(USER, PASSWORD)).status_code == 200
    assert {"key": "seen", "value": "by an operator"} in kept.run()["data"]["tags"]


def test_where_none_are_set_no_credentials_let_a_change_in(public: Server) -> None:
    for user, password in ((USER, PASSWORD), ("", ""), ("None", "None")):
        assert _tag(public, auth=(user, password)).status_code == 403


@pytest.mark.slow
def test_a_user_without_a_password_is_one_clear_line(tmp_path: Path) -> None:
    server = Server(tmp_path, MLFLOW_ADMIN_USER=USER)
    try:
        assert server.process.wait(START_SECONDS) == 2
    finally:
        server.stop()
    assert server.log.read_text().strip().splitlines()[-1] == (
        "home-credit: MLFLOW_ADMIN_USER and MLFLOW_ADMIN_PASSWORD go together; one of them is not set"
    )


@pytest.mark.browser
def test_the_pages_list_the_run_under_a_public_name(public: Server) -> None:
    run = public.run()["info"]
    # Chromium takes every name under localhost for this machine; MLflow does not, and asks for the page's origin.
    place = f"http://mlflow.localhost:{public.port}/#"
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{place}/experiments/{run['experiment_id']}/runs")
        expect(page.get_by_text(run["run_name"]).first).to_be_visible(timeout=60_000)
        page.goto(f"{place}/experiments/{run['experiment_id']}/runs/{run['run_id']}")
        expect(page.get_by_text("log_loss").first).to_be_visible(timeout=30_000)
        page.goto(f"{place}/models/home-credit")
        expect(page.get_by_text("champion").first).to_be_visible(timeout=30_000)


@pytest.mark.browser
def test_a_first_visit_opens_the_runs_in_training_mode_with_nothing_over_them(public: Server) -> None:
    run = public.run()
    info, auc = run["info"], next(each for each in run["data"]["metrics"] if each["key"] == "auc")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        # A local address is where MLflow opens its assistant by itself.
        page.goto(f"http://127.0.0.1:{public.port}/")
        expect(page.get_by_text(info["run_name"][:16]).first).to_be_visible(timeout=60_000)
        assert f"#/experiments/{info['experiment_id']}/runs" in page.url
        expect(page.get_by_text(str(auc["value"])[:6]).first).to_be_visible(timeout=30_000)
        expect(page.get_by_role("link", name="Traces")).to_be_visible()
        for unwanted in (ASSISTANT, "UI telemetry", "PERMISSION_DENIED", "Prompts"):
            expect(page.get_by_text(unwanted)).to_have_count(0)
        page.get_by_text(info["run_name"][:16]).first.click()
        expect(page.get_by_role("heading", name=info["run_name"])).to_be_visible(timeout=30_000)
        expect(page.get_by_text("AUC out of fold")).to_be_visible()
        expect(page.get_by_text(ASSISTANT)).to_have_count(0)
        page.goto(f"http://127.0.0.1:{public.port}/#/models/home-credit")
        expect(page.get_by_text("Probability that an applicant")).to_be_visible(timeout=30_000)
