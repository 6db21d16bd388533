"""The API as its own server runs it, in a thread with a scorer that answers at once, and raw connections to it."""

from __future__ import annotations

import socket
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn

from home_credit.api.app import create_app
from home_credit.config import Settings
from home_credit.connections import GuardedProtocol
from home_credit.examples import APPLICANT, BUNDLE
from home_credit.ledger import Ledger
from support.fakes import FakeApplicantStore, FakeScorer
from support.sites import port_of, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Hasty(GuardedProtocol):
    """Waits less long than the server does."""

    head_seconds = 0.6
    write_seconds = 0.6


@dataclass
class Guarded:
    """The running API."""

    port: int
    scorer: Any
    app: Any
    server: uvicorn.Server

    def connect(self) -> socket.socket:
        """Return a connection of which reading and writing take at most ten seconds."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def send(self, data: bytes) -> bytes:
        """Return everything that comes back until the server closes the connection."""
        with self.connect() as connection:
            connection.sendall(data)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


@contextmanager
def guarded(
    folder: Path,
    *,
    protocol: type[GuardedProtocol] = Hasty,
    connections: int | None = None,
    scorer: Any = None,
    **settings: Any,
) -> Iterator[Guarded]:
    """Run the API with its ledger in ``folder`` until the context ends."""
    fake: Any = FakeScorer() if scorer is None else scorer
    known: Any = FakeApplicantStore({APPLICANT: {**BUNDLE}})
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    app = create_app(Settings(**settings), scorer=fake, applicants=known, ledger=ledger)
    config = uvicorn.Config(
        app,
        port=0,
        http=protocol,
        ws="none",
        log_config=None,
        server_header=False,
        limit_concurrency=connections,
    )
    with closing(ledger), started(config) as server:
        try:
            yield Guarded(port_of(server), fake, app, server)
        finally:
            if isinstance(fake, FakeScorer):
                fake.may_answer.set()
