"""Relative artefact addresses, so that a local tracking folder can be moved."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_ADDRESSES = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}


def make_relative(folder: Path) -> None:
    """Make the artefact addresses of a local folder relative.

    MLflow makes every local address absolute when it stores it and has no call to change it, so four columns are
    rewritten in its database. Addresses of a proxied store (``mlflow-artifacts:``) are relative, but training and
    loading would then need a running server. A relative address is resolved in the working directory, which is the
    root of the repository for every command of this package.
    """
    absolute = str(folder.resolve())
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        for table, column in _ADDRESSES.items():
            database.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?)",  # noqa: S608
                (absolute, str(folder), absolute),
            )
        database.commit()
        if database.total_changes:
            database.execute("VACUUM")  # deleted pages of the file may still contain an address
    # The file MLmodel repeats the address; MLflow reads only the names of the files from it.
    for description in folder.glob("artifacts/models/*/artifacts/MLmodel"):
        text = description.read_text(encoding="utf-8")
        relative = text.replace(absolute, str(folder)).replace(f"{Path.cwd()}/", "")
        description.write_text(relative, encoding="utf-8")
