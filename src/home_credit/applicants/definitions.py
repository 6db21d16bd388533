"""The version under which features of histories are kept."""

from __future__ import annotations

import hashlib
from functools import cache

from home_credit.features.version import history_version
from home_credit.tables.schema import TABLES, table


@cache
def definitions_version() -> str:
    """Return the sha256 of the definitions of the features and of what the tables may hold.

    A release that accepts other values would refuse them or warn of them where the release before did not.
    """
    digest = hashlib.sha256(history_version().encode())
    for name in TABLES:
        for column in table(name).columns.values():
            accepted = (name, column.name, column.dtype, column.required, column.limit, column.values)
            range_ = (column.minimum, column.maximum, column.sentinels)
            digest.update(f"\n{accepted + range_}".encode())
    return digest.hexdigest()
