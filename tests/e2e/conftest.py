"""Fixtures of the end-to-end tests."""

from __future__ import annotations

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
