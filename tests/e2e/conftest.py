"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


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
