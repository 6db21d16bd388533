"""How a portfolio is divided, written down beside the output so that a run that was cut short goes on."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from json import dumps, loads
from typing import TYPE_CHECKING

from home_credit import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Self

    from home_credit.spark.reading import Stored

PLAN, MARKER = "_plan.json", "_SUCCESS"
# Applicants whose rows are in the memory of one task at a time.
PARTITION = 5_000
# Fewer are worth no task of their own.
LEAST = 250


@dataclass(frozen=True, slots=True)
class Plan:
    """The division of a portfolio into ranges of SK_ID_CURR.

    ``bounds`` are the first ids of all partitions but the first; ``batch`` is how many partitions are computed by one
    job, which leaves a marker when it is whole. ``run`` tells what the output is made of: it goes on for the same run
    alone. ``warnings`` are what was found in the tables, ``None`` until all rows have been checked and dealt.
    """

    run: str
    applicants: int
    bounds: tuple[int, ...]
    batch: int
    warnings: list[str] | None = None

    @property
    def partitions(self) -> int:
        """The number of partitions."""
        return len(self.bounds) + 1

    @property
    def batches(self) -> int:
        """The number of jobs."""
        return -(-self.partitions // self.batch)

    def write(self, out: Path) -> None:
        """Write it to the folder ``out``, whole or not at all."""
        out.mkdir(parents=True, exist_ok=True)
        whole_file.replace(out / PLAN, dumps(asdict(self)).encode())

    @classmethod
    def read(cls, out: Path) -> Self | None:
        """Return the plan in the folder ``out``, ``None`` where there is none."""
        path = out / PLAN
        if not path.is_file():
            return None
        plain = loads(path.read_text(encoding="utf-8"))
        return cls(**plain | {"bounds": tuple(plain["bounds"])})


def partitions_of(applicants: int, cores: int, size: int = PARTITION) -> int:
    """Return into how many partitions of at most ``size`` to divide so many applicants, for so many cores."""
    for_cores = min(4 * cores, applicants // LEAST)
    return max(1, -(-applicants // size), for_cores)


def fingerprint(tables: Iterable[Stored], *facts: str) -> str:
    """Return what tells a run from any other: the files of the tables, by size and time of change, and ``facts``."""
    files = [
        f"{table.name} {path} {stat.st_size} {stat.st_mtime_ns}"
        for table in tables
        for path in (sorted(table.path.rglob("*")) if table.path.is_dir() else [table.path])
        for stat in [path.stat()]
    ]
    return hashlib.sha256("\n".join([*facts, *files]).encode()).hexdigest()
