"""A fake of Render: its documented REST API over real sockets, with configurable failures.

It knows three services. A deploy takes one step each time that it is looked at; when it is live, the one before
it is deactivated, as on Render. What a service runs (image or commit, environment) is for the tests to read.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "rnd_Zx81-the-key-that-nobody-may-see"
API, DASHBOARD, MLFLOW = "srv-api", "srv-dashboard", "srv-mlflow"
STEPS = ("build_in_progress", "update_in_progress", "live")


@dataclass
class FakeDeploy:
    """A deploy: its request and its progress."""

    id: str
    runs: str
    environment: dict[str, str]
    steps: list[str]
    trigger: str = "api"
    status: str = "created"

    def document(self) -> dict[str, Any]:
        kind = {"commit": {"id": self.runs}} if "/" not in self.runs else {"image": {"ref": self.runs}}
        return {"id": self.id, "status": self.status, "trigger": self.trigger, **kind}


@dataclass
class FakeService:
    """A web service; ``steps`` are what its next deploys go through.

    One that ``queues`` takes a deploy without saying which it is, as while another one is under way; one
    that ``loses_answers`` starts it and answers 500, as often as that says; one that ``lists_late`` does not list its newest
    deploy for so many requests; one with ``deploys_instead`` deploys that, whatever it is asked for.
    """

    id: str
    name: str
    url: str
    runtime: str = "docker"
    auto_deploy: str = "no"
    suspended: str = "not_suspended"
    environment: dict[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = STEPS
    queues: bool = False
    loses_answers: int = 0
    lists_late: int = 0
    deploys_instead: str | None = None
    deploys: list[FakeDeploy] = field(default_factory=list)

    @property
    def live(self) -> FakeDeploy | None:
        return next((deploy for deploy in self.deploys if deploy.status == "live"), None)

    @property
    def runs(self) -> str | None:
        """The image or commit that answers requests."""
        return self.live.runs if self.live else None

    def start(self, runs: str, environment: dict[str, str], trigger: str = "api") -> FakeDeploy:
        steps = list(STEPS if trigger == "rollback" else self.steps)
        number = len(self.deploys) + 1
        deploy = FakeDeploy(f"dep-{self.id}-{number}", runs, dict(environment), steps, trigger)
        self.deploys.append(deploy)
        return deploy

    def step(self, deploy: FakeDeploy) -> None:
        if not deploy.steps:
            return
        status = deploy.steps.pop(0)
        if status == "live" and self.live:
            self.live.status = "deactivated"
        deploy.status = status

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "web_service",
            "name": self.name,
            "autoDeploy": self.auto_deploy,
            "suspended": self.suspended,
            "serviceDetails": {
                "env": self.runtime,
                "runtime": self.runtime,
                "region": "frankfurt",
                "url": self.url,
            },
        }


@dataclass
class Fault:
    """Answers the next ``times`` requests with ``pattern`` in their line with ``status`` (0: reset the connection)."""

    pattern: str
    status: int
    times: float = 1
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class RenderStandIn:
    """The running fake; ``requests`` are the request lines in order."""

    url: str
    services: dict[str, FakeService]
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def fails(self, pattern: str, status: int, times: float = 1, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(pattern, status, times, named))

    def fault(self, line: str) -> Fault | None:
        """Return the configured fault for a request, and count it as used."""
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.pattern, line):
                fault.times -= 1
                return fault
        return None

    def answer(self, method: str, target: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Return status and document for an authorised request."""
        parts = urlsplit(target)
        match parts.path.removeprefix("/v1").split("/")[1:]:
            case ["services", service_id, *rest] if service_id in self.services:
                return self._answer_for(self.services[service_id], method, rest, body, parse_qs(parts.query))
        return 404, {"message": "not found"}

    def _answer_for(  # noqa: C901  # one case a call of Render's
        self,
        service: FakeService,
        method: str,
        rest: list[str],
        body: dict[str, Any],
        query: dict[str, list[str]],
    ) -> tuple[int, Any]:
        deploys = {deploy.id: deploy for deploy in service.deploys}
        match (method, *rest):
            case ("GET",):
                answer: tuple[int, Any] = 200, service.document()
            case ("PATCH",):
                service.auto_deploy = body["autoDeploy"]
                answer = 200, service.document()
            case ("PUT", "env-vars", name):
                service.environment[name] = body["value"]
                answer = 200, {"key": name, "value": body["value"]}
            case ("GET", "env-vars", name) if name in service.environment:
                answer = 200, {"key": name, "value": service.environment[name]}
            case ("DELETE", "env-vars", name) if name in service.environment:
                del service.environment[name]
                answer = 204, None
            case ("GET", "deploys"):
                listed = service.deploys
                if service.lists_late and len(listed) > 1:
                    service.lists_late -= 1
                    listed = listed[:-1]
                wanted = [
                    deploy
                    for deploy in reversed(listed)
                    if deploy.status in query.get("status", [deploy.status])
                ]
                page = wanted[: int(query.get("limit", ["20"])[0])]
                answer = 200, [{"deploy": deploy.document(), "cursor": deploy.id} for deploy in page]
            case ("POST", "deploys"):
                answer = self._deploy(service, body)
            case ("GET", "deploys", deploy_id) if deploy_id in deploys:
                service.step(deploys[deploy_id])
                answer = 200, deploys[deploy_id].document()
            case ("POST", "deploys", deploy_id, "cancel") if deploy_id in deploys:
                answer = self._cancel(deploys[deploy_id])
            case ("POST", "rollback") if body["deployId"] in deploys:
                target = deploys[body["deployId"]]
                answer = 201, service.start(target.runs, target.environment, "rollback").document()
            case _:
                answer = 404, {"message": "not found"}
        return answer

    def _deploy(self, service: FakeService, body: dict[str, Any]) -> tuple[int, Any]:
        """Accept an image for a service that runs images, a commit for one that is built; nothing else."""
        if (service.runtime == "image") != ("imageUrl" in body):
            return 400, {"message": "imageUrl is for image-backed services only, commitId for the others"}
        runs = body["imageUrl"] if service.runtime == "image" else body["commitId"]
        if (
            service.live
            and service.runtime == "image"
            and _repository(runs) != _repository(service.live.runs)
        ):
            return 400, {"message": "the image must be of the repository that the service is configured with"}
        deploy = service.start(service.deploys_instead or runs, service.environment)
        if service.loses_answers:
            service.loses_answers -= 1
            return 500, {"message": "lost"}
        return (202, None) if service.queues else (201, deploy.document())

    def _cancel(self, deploy: FakeDeploy) -> tuple[int, Any]:
        if deploy.status in {"created", "queued", "build_in_progress", "update_in_progress"}:
            deploy.status, deploy.steps = "canceled", []
            return 200, deploy.document()
        return 409, {"message": "the deploy has ended"}


def _repository(image: str) -> str:
    return image.rsplit(":", 1)[0]


@contextmanager
def running(urls: dict[str, str] | None = None) -> Iterator[RenderStandIn]:
    """Run the fake with all three services deployed once (commit ``old``); ``urls`` are their addresses."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: a second one would wait for the first to be acknowledged

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            line = f"{self.command} {self.path}"
            render.requests.append(line)
            fault = render.fault(line)
            if fault and not fault.status:
                # Closing with nothing to linger for sends a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            if self.headers.get("authorization") != f"Bearer {KEY}":
                self._send(401, {"message": "Unauthorized"}, {})
            elif fault:
                self._send(fault.status, {"message": "as ordered"}, fault.headers)
            else:
                self._send(*render.answer(self.command, self.path, json.loads(body or b"{}")), {})

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  # the names that http.server looks for

        def _send(self, status: int, document: Any, headers: dict[str, str]) -> None:
            content = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            for name, value in {
                "content-type": "application/json",
                "ratelimit-limit": "400",
                **headers,
            }.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Keep the tests' output clean."""

    names = {API: "home-credit-api", DASHBOARD: "home-credit-dashboard", MLFLOW: "home-credit-mlflow"}
    services = {
        key: FakeService(key, name, (urls or {}).get(key, f"https://{name}.onrender.com"))
        for key, name in names.items()
    }
    services[DASHBOARD].environment["API_URL"] = "https://old.example"
    for service in services.values():
        deploy = service.start("old", service.environment)
        while deploy.steps:
            service.step(deploy)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    render = RenderStandIn(f"http://127.0.0.1:{server.server_port}/v1", services)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield render
    finally:
        server.shutdown()
        server.server_close()
