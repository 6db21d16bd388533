"""The dashboard as a process of its own, and its pages."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from support.ports import free_port
from support.servers import server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
APP = ROOT / "streamlit_app" / "app.py"
# Of each page, its place in the address and the element that is drawn last.
PAGES = {
    "client": ("", ".hc-arguments"),
    "compare": ("compare", ".hc-table"),
    "simulate": ("simulate", ".hc-verdict"),
    "reviews": ("reviews", ".hc-figures"),
    "drift": ("data-drift", "iframe"),
    "model": ("model", ".hc-table"),
    "portfolio": ("portfolio", ".hc-table"),
}
NAMES_A_CLIENT = ("client", "compare", "simulate")


@contextmanager
def dashboard(api_url: str, reports: Path, log: Path = Path(os.devnull), **more: str) -> Iterator[str]:
    """Run the dashboard, with ``more`` variables, until the context ends, and yield its address."""
    port = free_port()
    line = [sys.executable, "-m", "streamlit", "run", str(APP.relative_to(ROOT))]
    line += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "API_URL": api_url, "HOME_CREDIT_REPORTS": str(reports), **more}
    with server(line, port, "/_stcore/health", log, cwd=ROOT, env=environment) as running:
        yield running.url
