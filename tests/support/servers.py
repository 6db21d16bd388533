"""Servers as processes of their own."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS, STOP_SECONDS = 120, 30


@dataclass
class Running:
    """A process that serves, its address, and the file that it writes its log to."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def text(self) -> str:
        """Return the log so far."""
        return self.log.read_text(encoding="utf-8")


@contextmanager
def server(
    line: list[str],
    port: int,
    health: str,
    log: Path,
    *,
    host: str = "127.0.0.1",
    healthy: bool = True,
    **options: Any,
) -> Iterator[Running]:
    """Run a server until the context ends, from when ``health`` is answered: with success, unless ``healthy`` is false.

    It has to end within :data:`STOP_SECONDS` of SIGTERM.
    """
    with log.open("wb") as output, subprocess.Popen(line, stdout=output, stderr=output, **options) as process:
        running = Running(f"http://{host}:{port}", log, process)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(running.url + health, healthy=healthy):
                assert process.poll() is None, running.text()
                assert time.monotonic() < deadline, running.text()
                time.sleep(0.1)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _answers(url: str, *, healthy: bool) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success or not healthy
    except httpx.HTTPError:
        return False
