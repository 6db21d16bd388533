"""Web servers that imitate a dashboard and an MLflow UI, awake or asleep, and the real API on a free port."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn

from home_credit.api.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from home_credit.config import Settings

REVISION = "0123456789abcdef"
DASHBOARD = {
    "/_stcore/health": ("text/html", "ok"),
    "/": (
        "text/html",
        """<html><title>Home Credit</title><script src="./static/js/a.js"></script>
        <link rel="stylesheet" href="./static/css/a.css"></html>""",
    ),
    "/static/js/a.js": ("text/javascript", "1"),
    "/static/css/a.css": ("text/css", ""),
    "/app/static/revision.txt": ("text/plain", REVISION),
}
MLFLOW_API = "/api/2.0/mlflow"
MLFLOW = {
    "/health": ("text/plain", "OK"),
    "/revision": ("text/plain", REVISION),
    f"{MLFLOW_API}/experiments/search": ("application/json", '{"experiments": [{"experiment_id": "1"}]}'),
    f"{MLFLOW_API}/runs/search": ("application/json", '{"runs": [{"info": {"run_name": "train"}}]}'),
    f"{MLFLOW_API}/registered-models/alias": ("application/json", '{"model_version": {"version": "3"}}'),
}


@dataclass
class Site:
    """A running server; the next ``asleep`` requests get the platform's own page for a waking service."""

    url: str
    pages: dict[str, tuple[str, str]]
    asleep: int = 0
    requests: list[str] = field(default_factory=list)

    def answer(self, line: str) -> tuple[int, str, str]:
        """Return status, content type and text for a request line."""
        self.requests.append(line)
        path = urlsplit(line.split()[1]).path
        if self.asleep:
            self.asleep -= 1
            return 503, "text/html", "<html>service is waking</html>"
        if path in self.pages:
            return 200, *self.pages[path]
        # As Streamlit does where a file does not exist.
        return (200, *self.pages["/"]) if "/" in self.pages else (404, "text/plain", "nothing here")


@contextmanager
def site(pages: dict[str, tuple[str, str]]) -> Iterator[Site]:
    """Serve ``pages`` on a free port until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, kind, text = running.answer(f"{self.command} {self.path}")
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET  # noqa: N815  # the name that http.server looks for

        def log_message(self, *args: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Site(f"http://127.0.0.1:{server.server_port}", dict(pages))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port until the context ends; its address."""
    with started(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")) as server:
        yield f"http://127.0.0.1:{port_of(server)}"


@contextmanager
def started(config: uvicorn.Config) -> Iterator[uvicorn.Server]:
    """Run a server in a thread until the context ends."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.02)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()


def port_of(server: uvicorn.Server) -> int:
    """The port that a running server listens on."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


@contextmanager
def api(settings: Settings) -> Iterator[str]:
    """Serve the API with ``settings``."""
    with serve(create_app(settings)) as url:
        yield url
