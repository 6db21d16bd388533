"""Alarms sent to another service: signed, repeated until they are accepted, and quiet about the address."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit.errors import UnavailableError
from home_credit.monitoring.webhook import SIGNATURE, send
from support.applications import applications
from support.windows import drift

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "a secret of two services"


class Receiver(HTTPServer):
    """A service that answers with the statuses it is told, the last one again and again, and keeps the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.statuses = [200]
        self.requests: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/a-token-of-the-address"


class Answer(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.headers[SIGNATURE], body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_alarm_is_signed_and_repeated_until_it_is_accepted(receiver: Receiver) -> None:
    receiver.statuses = [503, 429, 200]
    pauses: list[float] = []
    verdict = drift(applications(2_000, 3), applications(500, 4).with_columns(pl.col("AMT_CREDIT") * 3))
    send(verdict, receiver.url, SECRET, pauses.append)
    assert len(receiver.requests) == 3
    assert pauses == [1, 2]
    for header, body in receiver.requests:
        moment, digest = (part.split("=")[1] for part in header.split(","))
        signed = hmac.new(SECRET.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert digest == signed
        said = json.loads(body)
        assert said["alarm"] is True
        assert {cause["subject"] for cause in said["causes"]} == {"AMT_CREDIT"}


@pytest.mark.parametrize(("status", "requests"), [(400, 1), (503, 5)])
def test_an_alarm_that_is_not_accepted_is_an_error_without_the_address(
    receiver: Receiver, status: int, requests: int
) -> None:
    receiver.statuses = [status]
    verdict = drift(applications(500, 1), applications(500, 2).with_columns(pl.col("AMT_CREDIT") * 3))
    with pytest.raises(UnavailableError, match=f"status {status}") as caught:
        send(verdict, receiver.url, SECRET, lambda _: None)
    assert len(receiver.requests) == requests
    assert "token" not in str(caught.value)


def test_a_receiver_that_is_not_there_is_an_error() -> None:
    verdict = drift(applications(500, 1), applications(500, 2).with_columns(pl.col("AMT_CREDIT") * 3))
    with pytest.raises(UnavailableError, match="ConnectError"):
        send(verdict, "http://127.0.0.1:9/", SECRET, lambda _: None)
