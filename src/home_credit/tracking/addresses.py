"""The address of tracked runs: an MLflow address, or a folder with a database and artefacts."""

from __future__ import annotations

from pathlib import Path

SQLITE = "sqlite:///"


def local_database(setting: str) -> Path | None:
    """Return the SQLite file that a tracking address names, without resolving the path.

    A folder means the database in it; ``None`` is returned for any other backend.
    """
    if setting.startswith(SQLITE):
        return Path(setting.removeprefix(SQLITE))
    return None if "://" in setting else Path(setting) / "mlflow.db"


def tracking_uri(setting: str) -> str:
    """Return the address of the backend store that MLflow is given for ``setting``.

    The address of a file is absolute, because MLflow caches open stores by address, independently of the working
    directory.
    """
    database = local_database(setting)
    return setting if database is None else f"{SQLITE}{database.resolve()}"
