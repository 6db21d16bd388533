"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

# Without the last two, Chromium contacts Google's hosts at every start.
PATIENCE = 20_000  # milliseconds; other tests run on the same cores
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser; the test is skipped where there is none."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        executable = shutil.which("chromium") or playwright.chromium.executable_path
        if not Path(executable).exists():
            pytest.skip("no Chromium on this machine")
        running = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield running
        running.close()
