"""Processes of the tests, forked from one that has imported what they need: starting Python anew takes seconds.

They share nothing but these modules: no thread, no connection and no file of a test is in the process they come from.
"""

from __future__ import annotations

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
# Packages that take long to import and start no threads then.
PROCESSES.set_forkserver_preload(
    [
        "alembic.command",
        "cryptography.fernet",
        "httpx",
        "lightgbm",
        "polars",
        "psycopg",
        "pydantic",
        "sqlalchemy.orm",
        "home_credit.cli.main",
        "home_credit.ledger",
    ]
)
