"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest

from support.chromium import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(autouse=True)
def _main_module() -> Iterator[None]:
    """Give the main module back, which Streamlit's test runner replaces: processes that are spawned later import it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True)
def _package_log() -> Iterator[None]:
    """Leave the package's log as it was: the dashboard, which runs in the tests' own process, starts it."""
    log = logging.getLogger("home_credit")
    handlers, level, propagate = list(log.handlers), log.level, log.propagate
    yield
    log.handlers[:], log.level, log.propagate = handlers, level, propagate


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of a file."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty tab of an officer's screen."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800}, timezone_id="Europe/Paris")
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()
