"""Connections that cannot be held open or filled without an end: the HTTP protocol of uvicorn with limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from uvicorn.config import Config
    from uvicorn.server import ServerState

MAX_HEAD_BYTES = 16_384  # request line and headers
JOINED = 65_536  # bytes of a body; a larger one is not copied
BEGINNING, CONTINUE = b"HTTP/1.1 ", b"HTTP/1.1 100 "


class GuardedProtocol(HttpToolsProtocol):
    """Answers 431 to a head that is too long and 503 to a connection too many; closes those that wait too long.

    The largest number of connections is uvicorn's ``limit_concurrency``. ``head_seconds`` pass at most from the
    connection, or from the last answer, to the end of the next head; a client has ``write_seconds`` to take what
    waits for it.
    """

    head_seconds = 10.0
    write_seconds = 30.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # The base class would answer only once the head has been read.
        self._most, self.limit_concurrency = config.limit_concurrency, None
        self._head_timer, self._write_timer = _Timer(self.loop), _Timer(self.loop)
        self._in_head = False
        self._head_bytes = 0  # of the parts that are complete
        self._head_received = 0  # since the head began, in chunks that hold nothing else
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        self._answers = _Answers(transport)
        if self._most is not None and len(self.connections) > self._most:
            self._refuse(503, b"retry-after: 1\r\n")
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._head_timer.stop()
        self._write_timer.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse a chunk; the head that it belongs to must stay within the limit."""
        if self._refused:
            return
        began_before = self._in_head
        super().data_received(data)
        if self._in_head and not self._refused:
            if began_before or self.cycle is None:
                self._head_received += len(data)
            if max(self._head_received, self._head_bytes) > MAX_HEAD_BYTES:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """Start to count a head."""
        self._in_head, self._head_bytes, self._head_received = True, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a part of the request line."""
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._head_bytes += len(name) + len(value) + 4
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Pass the request on if its head is within the limit."""
        self._in_head = False
        if self._refused or self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431)
            return
        self._head_timer.stop()
        super().on_headers_complete()
        self.cycle.transport = self._answers  # type: ignore[assignment]  # it has what an answer needs

    def on_body(self, body: bytes) -> None:
        """Pass on a part of a body, unless its request was refused."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request, unless it was refused."""
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, whose head must be complete in time."""
        self._answers.flush()
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._await_head()

    def pause_writing(self) -> None:
        """Give a client that does not read its answer some time."""
        super().pause_writing()
        self._write_timer.start(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._write_timer.stop()
        super().resume_writing()

    def _await_head(self) -> None:
        self._head_timer.start(self.head_seconds, self._late)

    def _late(self) -> None:
        if self._in_head:
            self._refuse(408)
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: int, headers: bytes = b"") -> None:
        """Answer and close, unless an earlier request on this connection is still being answered."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(
                STATUS_LINE[status] + headers + b"content-length: 0\r\nconnection: close\r\n\r\n"
            )
        self.transport.close()


class _Answers:
    """Writes the answers of one connection, the head of each together with the beginning of its body.

    Each write is a call of the system, at which another thread takes the interpreter's lock.
    """

    __slots__ = ("_head", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self.is_closing = transport, transport.is_closing
        self._head = b""

    def write(self, data: bytes) -> None:
        if not self._head and data.startswith(BEGINNING) and not data.startswith(CONTINUE):
            self._head = data
            return
        if len(data) > JOINED:
            self.flush()
        self._transport.write(self._head + data)
        self._head = b""

    def flush(self) -> None:
        """Write a head that no body follows."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def close(self) -> None:
        self.flush()
        self._transport.close()


class _Timer:
    """Calls back once, unless it is stopped or started again before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, call: Callable[[], None]) -> None:
        self.stop()
        self._handle = self._loop.call_later(seconds, call)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
