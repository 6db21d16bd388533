"""Where runs are tracked: an MLflow address, or a folder that holds its database and its artefacts."""

from __future__ import annotations

from pathlib import Path

SQLITE = "sqlite:///"


def local_database(setting: str) -> Path | None:
    """Return the SQLite file that a tracking address names, as it is written there; a folder means the one in it.

    ``None`` for any other backend.
    """
    if setting.startswith(SQLITE):
        return Path(setting.removeprefix(SQLITE))
    return None if "://" in setting else Path(setting) / "mlflow.db"


def tracking_uri(setting: str) -> str:
    """Return the address of the backend store that MLflow is given for ``setting``.

    The address of a file is absolute, because MLflow caches an open store by its address, whatever the working
    directory is.
    """
    database = local_database(setting)
    return setting if database is None else f"{SQLITE}{database.resolve()}"
