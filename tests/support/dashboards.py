"""The dashboard as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
APP = ROOT / "streamlit_app" / "app.py"
START_SECONDS = 60


@contextmanager
def dashboard(api_url: str, reports: Path) -> Iterator[str]:
    """Run the dashboard until the context ends, and yield its address."""
    port = free_port()
    line = [sys.executable, "-m", "streamlit", "run", str(APP.relative_to(ROOT))]
    line += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "API_URL": api_url, "HOME_CREDIT_REPORTS": str(reports)}
    with subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + START_SECONDS
            while True:
                try:
                    httpx.get(f"{address}/_stcore/health", timeout=2).raise_for_status()
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, "the dashboard ended"
                    assert time.monotonic() < deadline, "the dashboard did not start"
                    time.sleep(0.2)
            yield address
        finally:
            process.terminate()
