"""An OpenID provider as a process, and the dashboard that signs people in with it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

START_SECONDS = 90


@dataclass
class Running:
    """A process that serves, its address, and the file that it writes its log to."""

    url: str
    log: Path

    def text(self) -> str:
        """Return the log so far."""
        return self.log.read_text(encoding="utf-8")


@contextmanager
def process(
    line: list[str], port: int, health: str, log: Path, *, host: str = "127.0.0.1", **options: Any
) -> Iterator[Running]:
    """Run a server until the context ends."""
    running = Running(f"http://{host}:{port}", log)
    with log.open("wb") as output, subprocess.Popen(line, stdout=output, stderr=output, **options) as started:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(running.url + health):
                assert started.poll() is None, running.text()
                assert time.monotonic() < deadline, running.text()
                time.sleep(0.2)
            yield running
        finally:
            started.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def provider(people: Mapping[str, Mapping[str, object]], log: Path) -> Iterator[Running]:
    """Run a provider that knows ``people`` by their subject, each with claims."""
    port = free_port()
    line = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    for subject, claims in people.items():
        line += ["--user-claims", json.dumps({"sub": subject, **claims})]
    with process(line, port, "/.well-known/openid-configuration", log) as running:
        yield running
