"""Engines for PostgreSQL whose connections wait for the server no longer than they may.

A server that is frozen, or behind a network that drops packets, runs no ``statement_timeout`` and acknowledges what it
does not read, so the limit is kept on this side. A connection that did not answer in time is closed: what it was doing
is not known.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import psycopg
    from psycopg.abc import RV, PQGen, PQGenConn
    from sqlalchemy.engine import URL, Engine

WAIT = 1.5  # seconds; an answer with status 503 follows within two

_limit: ContextVar[Callable[[], float] | None] = ContextVar("limit", default=None)


@contextmanager
def answered_within(seconds: float, *, each: bool = False) -> Iterator[None]:
    """Limit the waiting for the server inside the block: in total, or, with ``each``, for every single answer."""
    deadline = time.monotonic() + seconds
    token = _limit.set((lambda: seconds) if each else (lambda: deadline - time.monotonic()))
    try:
        yield
    finally:
        _limit.reset(token)


def bounded_engine(url: URL, **options: Any) -> Engine:
    """Return an engine on ``url``; outside of :func:`answered_within` each wait is limited to :data:`WAIT`."""
    engine = create_engine(url, hide_parameters=True, pool_timeout=WAIT, **options)

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, arguments: Any, parameters: Any) -> Any:
        return _bounded_connection().connect(*arguments, **parameters)

    return engine


def _remaining() -> float:
    limit = _limit.get()
    return WAIT if limit is None else limit()


@cache
def _bounded_connection() -> type[psycopg.Connection[Any]]:
    # Where the ledger is a file the driver is not needed.
    import psycopg  # noqa: PLC0415

    class BoundedConnection(psycopg.Connection[Any]):
        """A connection that is closed where the server does not answer in time."""

        @classmethod
        def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Any]:
            # The driver's own limit for connecting is two seconds at least.
            return _until(
                time.monotonic() + _remaining(), super()._connect_gen(conninfo), psycopg.OperationalError
            )

        def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
            allowed = _remaining() if timeout is None else timeout
            started = time.monotonic()
            try:
                return super().wait(gen, interval, max(allowed, 0.0))
            except psycopg.OperationalError as error:
                if time.monotonic() - started < allowed:
                    raise
                self.close()
                raise psycopg.OperationalError("the server does not answer") from error

    return BoundedConnection


def _until(
    deadline: float, generator: Generator[Any, Any, Any], error: type[Exception]
) -> Generator[Any, Any, Any]:
    """Run a generator of the driver, which it resumes ten times a second at least, up to ``deadline``."""
    wanted = next(generator)
    while True:
        ready = yield wanted
        if time.monotonic() > deadline:
            generator.close()
            raise error("the server does not answer")
        try:
            wanted = generator.send(ready)
        except StopIteration as done:
            return done.value
