"""Single exchanges with a server, of bytes as given: whole, unfinished or without an end."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import NamedTuple

from servers.load import END, LENGTH, UNANSWERED


class Reply(NamedTuple):
    """Status, body and head of an answer, and the seconds until it was complete; status 0 where there was none."""

    status: int
    body: bytes
    head: bytes
    seconds: float


async def exchange(port: int, content: bytes, seconds: float) -> Reply:
    """Send bytes over a connection of their own and return the answer.

    The answer is read while the bytes are sent, since a server may refuse a body before it has arrived.
    """
    began = time.perf_counter()
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), seconds)
    except (OSError, TimeoutError):
        return Reply(UNANSWERED, b"", b"", time.perf_counter() - began)
    sending = asyncio.create_task(_send(writer, content))
    try:
        head, body = await asyncio.wait_for(_answer(reader), seconds)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return Reply(UNANSWERED, b"", b"", time.perf_counter() - began)
    finally:
        sending.cancel()
        writer.close()
    return Reply(int(head[9:12]), body, head, time.perf_counter() - began)


async def hold(port: int, content: bytes, seconds: float) -> bool:
    """Send the start of a request and nothing more; return whether the server closed or answered in time."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), seconds)
    except (OSError, TimeoutError):
        return True
    sending = asyncio.create_task(_send(writer, content))
    try:
        await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        sending.cancel()
        writer.close()
    return True


async def trickle(port: int, start: bytes, seconds: float) -> bool:
    """Send the start of a request, then one byte a second; return whether the server closed or answered in time."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), seconds)
    except (OSError, TimeoutError):
        return True
    writer.write(start)
    ended = asyncio.create_task(reader.read(1))
    try:
        for _ in range(int(seconds)):
            if (await asyncio.wait([ended], timeout=1))[0]:
                return True
            with suppress(OSError):
                writer.write(b" ")
        return False
    finally:
        ended.cancel()
        writer.close()


async def _send(writer: asyncio.StreamWriter, content: bytes) -> None:
    with suppress(OSError):
        for start in range(0, len(content), 1 << 16):
            writer.write(content[start : start + (1 << 16)])
            await writer.drain()


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(END)
    length = LENGTH.search(head)
    return head, await (reader.readexactly(int(length[1])) if length else reader.read())
