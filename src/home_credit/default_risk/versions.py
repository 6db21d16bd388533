"""Models kept by their version, so that a decision can be computed again after another model took over.

A folder holds one model per sub-folder, named by the model version.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from tempfile import mkdtemp

from home_credit.default_risk import artifacts
from home_credit.errors import ArtifactError

_VERSION = re.compile(r"[0-9a-f]{12,64}")


def keep(models: Path, folder: Path, key: str | None = None) -> Path:
    """Copy the model in ``models`` to its place in ``folder``, where it is not there yet, and return the place.

    The copy is there as a whole or not at all; a signature made since is added. Raises :class:`ArtifactError` where
    ``models`` holds no valid model, none that is signed by ``key``, or where the copy cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        half = Path(mkdtemp(prefix="half-", dir=folder))
    except OSError as error:
        raise ArtifactError(f"{folder} takes no model: {error.strerror}") from error
    try:
        place = folder / artifacts.copy(models, half, key)
        if not place.exists():
            half.chmod(0o755)
            _rename(half, place)
        elif _signature(half) not in {None, _signature(place)}:
            artifacts.copy(half, place)
    except OSError as error:
        raise ArtifactError(f"{folder} takes no model: {error.strerror}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return place


def _rename(half: Path, place: Path) -> None:
    try:
        half.rename(place)
    except OSError:
        if not place.exists():  # otherwise another process kept it at the same time
            raise


def _signature(folder: Path) -> bytes | None:
    path = folder / artifacts.SIGNATURE
    return path.read_bytes() if path.exists() else None


def find(folder: Path, version: str) -> Path | None:
    """Return the folder of a model version, ``None`` where it is not kept."""
    # A version comes from a record of the ledger: it must not name another place.
    path = folder / version
    return path if _VERSION.fullmatch(version) and path.is_dir() else None
