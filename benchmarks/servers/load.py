"""A small HTTP/1.1 load generator: one process, kept connections, requests prepared as bytes.

It must cost little beside the server that it measures, so it parses no more of an answer than its status and its end.
"""

from __future__ import annotations

import asyncio
import gc
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
END, LAST_CHUNK = b"\r\n\r\n", b"\r\n0\r\n\r\n"
# The status of a request that got no answer: the connection was refused or closed, or the time was over.
UNANSWERED = 0


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes of one request."""
    given = {"Host": "localhost", **({"Content-Type": "application/json"} if body else {}), **(headers or {})}
    if body or method == "POST":
        given["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + END + body


@dataclass(slots=True)
class Answers:
    """Latencies in seconds by status, and the wall time in which they were given.

    ``late`` is by how many seconds requests were sent after they were due, a fault of the generator.
    """

    seconds: float = 0.0
    late: list[float] = field(default_factory=list)
    latencies: dict[int, list[float]] = field(default_factory=dict)
    last: bytes = b""

    @property
    def statuses(self) -> Counter[int]:
        """How many answers had each status."""
        return Counter({status: len(times) for status, times in self.latencies.items()})

    def of(self, *statuses: int) -> list[float]:
        """Return the latencies of answers with these statuses."""
        return [time for status in statuses for time in self.latencies.get(status, ())]

    def add(self, status: int, latency: float) -> None:
        self.latencies.setdefault(status, []).append(latency)


class Connection(asyncio.Protocol):
    """Sends one request at a time; ``answered`` gets its status and body when the answer is complete."""

    def __init__(self, answered: Callable[[Connection, int, bytes], None]) -> None:
        self._answered = answered
        self._buffer, self._end, self._chunked = bytearray(), 0, False
        self.transport: asyncio.Transport | None = None
        self.busy = False
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @property
    def open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def send(self, content: bytes, at: float) -> None:
        assert self.transport is not None
        self.busy, self.sent_at = True, at
        self.transport.write(content)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._end and not self._chunked:
            head = self._buffer.find(END)
            if head < 0:
                return
            length = LENGTH.search(self._buffer, 0, head)
            self._end, self._chunked = (head + 4 + int(length[1]), False) if length else (0, True)
        complete = self._buffer.endswith(LAST_CHUNK) if self._chunked else len(self._buffer) >= self._end
        if complete:
            answer, self._buffer, self._end, self._chunked = bytes(self._buffer), bytearray(), 0, False
            head = answer.find(END)
            self.busy = False
            if CLOSES.search(answer, 0, head + 2):
                self.close()
            self._answered(self, int(answer[9:12]), answer[head + 4 :])

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        if self.busy:
            self.busy = False
            self._answered(self, UNANSWERED, b"")

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


async def closed_loop(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Answers:
    """Send requests over some connections for some time, each connection the next as soon as it has an answer."""
    loop, answers, following = asyncio.get_running_loop(), Answers(), cycle(requests)
    over = loop.create_future()
    began = time.perf_counter()
    open_connections: set[Connection] = set()
    reconnecting: set[asyncio.Task[None]] = set()

    def answered(connection: Connection, status: int, body: bytes) -> None:
        now = time.perf_counter()
        if over.done():
            return
        answers.add(status, now - connection.sent_at)
        answers.last = body
        if now - began >= seconds:
            over.set_result(None)
        elif connection.open:
            connection.send(next(following), now)
        else:
            open_connections.discard(connection)
            task = loop.create_task(connect())
            reconnecting.add(task)
            task.add_done_callback(reconnecting.discard)

    async def connect() -> None:
        try:
            _, connection = await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port)
        except OSError:
            answers.add(UNANSWERED, 0.0)
            await asyncio.sleep(0.05)
            if not over.done() and time.perf_counter() - began < seconds:
                await connect()
            return
        open_connections.add(connection)
        connection.send(next(following), time.perf_counter())

    gc.disable()
    try:
        await asyncio.gather(*(connect() for _ in range(connections)))
        # An answer that does not come must not hold the measurement.
        await asyncio.wait([over], timeout=seconds + 30)
        answers.seconds = time.perf_counter() - began
    finally:
        gc.enable()
        if not over.done():
            over.cancel()
            for connection in open_connections:
                if connection.busy:
                    answers.add(UNANSWERED, time.perf_counter() - connection.sent_at)
        for connection in list(open_connections):
            connection.close()
    return answers


async def open_loop(
    port: int, requests: Sequence[bytes], rate: float, seconds: float, most_connections: int
) -> Answers:
    """Send ``rate`` requests a second, whether or not earlier ones have been answered.

    A latency counts from the time at which the request was due. A request that finds ``most_connections`` busy is not
    sent, and counted as unanswered.
    """
    loop, answers, following = asyncio.get_running_loop(), Answers(), cycle(requests)
    idle: list[Connection] = []
    busy: set[Connection] = set()
    connecting: set[asyncio.Task[None]] = set()

    def answered(connection: Connection, status: int, body: bytes) -> None:
        answers.add(status, time.perf_counter() - connection.sent_at)
        answers.last = body
        busy.discard(connection)
        if connection.open:
            idle.append(connection)

    async def connect(content: bytes, due: float) -> None:
        try:
            _, connection = await asyncio.wait_for(
                loop.create_connection(lambda: Connection(answered), "127.0.0.1", port), 10
            )
        except (OSError, TimeoutError):
            answers.add(UNANSWERED, time.perf_counter() - due)
            return
        busy.add(connection)
        answers.late.append(time.perf_counter() - due)
        connection.send(content, due)

    began = time.perf_counter()
    sent = 0
    while (now := time.perf_counter()) - began < seconds:
        while sent < (now - began) * rate:
            due = began + sent / rate
            sent += 1
            while idle and not idle[-1].open:
                idle.pop()
            if idle:
                connection = idle.pop()
                busy.add(connection)
                answers.late.append(time.perf_counter() - due)
                connection.send(next(following), due)
            elif len(busy) + len(connecting) < most_connections:
                task = loop.create_task(connect(next(following), due))
                connecting.add(task)
                task.add_done_callback(connecting.discard)
            else:
                answers.add(UNANSWERED, 0.0)
        await asyncio.sleep(0.001)
    answers.seconds = time.perf_counter() - began
    deadline = time.perf_counter() + 15
    while (busy or connecting) and time.perf_counter() < deadline:
        await asyncio.sleep(0.05)
    for connection in busy:
        answers.add(UNANSWERED, time.perf_counter() - connection.sent_at)
    for connection in [*busy, *idle]:
        connection.busy = False
        connection.close()
    return answers


def quantile(times: Sequence[float], share: float) -> float:
    """Return a quantile in milliseconds; NaN where there are no times."""
    ordered = sorted(times)
    return 1e3 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
