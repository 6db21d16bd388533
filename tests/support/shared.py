"""Expensive folders that are created once per run, by the worker that needs them first."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder ``name`` of this run, filled by ``make`` in the first process that calls it.

    Other processes wait. A folder that ``make`` leaves unfinished does not get its name.
    """
    base = factory.getbasetemp()
    # Each worker of pytest-xdist has its own folder in that of the run.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / name
    with FileLock(shared / f"{name}.lock"):
        if not folder.exists():
            partial = Path(mkdtemp(prefix=f"{name}-", dir=shared))
            make(partial)
            partial.rename(folder)
    return folder
