"""One run on a standalone cluster of this machine, for scale.py: what it took, as a line of JSON.

    python benchmarks/spark_side.py --tables DIR --models models --workers 2 --expected FEATURES

CPU seconds are those of master, workers, executors, their Python processes and the driver. Whatever they leave
behind becomes a child of this process, which waits for all of them and asks the kernel what its children took. FEATURES is what `home-credit features` wrote for the same tables; every cell is compared.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from home_credit.spark.job import CHECKED, COMPUTED, Run
from home_credit.spark.session import connected
from home_credit.spark.work import Features
from home_credit.tables.schema import ID
from support.bits import differing  # the comparison of the tests
from support.spark_cluster import running  # the cluster of the tests

PR_SET_CHILD_SUBREAPER = 36


class Parts:
    """Takes the progress of a run: when each part was first heard of, and how much was dealt."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self.first: dict[str, float] = {}
        self.bytes = 0

    def __call__(self, stage: str, _done: int, _total: int | None, /) -> None:
        self.first.setdefault(stage, time.monotonic())
        if stage == COMPUTED and not self.bytes:
            self.bytes = sum(path.stat().st_size for path in (self._out / "_exchange").rglob("*.parquet"))


def measured(tables: Path, models: Path, workers: int, folder: Path) -> dict[str, float]:
    """Run the features of all applicants and return seconds of wall time and what was dealt."""
    parts = Parts(folder / "out")
    with running(folder, workers, java="") as cluster:
        began = time.monotonic()
        with connected(cluster.master) as session:
            connected_at = time.monotonic()
            outcome = Run(session, tables, "all", Features.of(models), folder / "out", progress=parts)()
            ended = time.monotonic()
    checked = parts.first.get(CHECKED, connected_at)
    computed = parts.first.get(COMPUTED, ended)
    return {
        "wall_s": ended - began,
        "start_s": checked - began,
        "exchange_s": computed - checked,
        "compute_s": ended - computed,
        "jobs": outcome.batches,
        "exchange_bytes": parts.bytes,
    }


def end_driver() -> None:
    """End the JVM of the driver, which would otherwise live as long as this process."""
    from pyspark import SparkContext  # noqa: PLC0415  # after the session was opened

    gateway = SparkContext._gateway  # noqa: SLF001  # there is no other way
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()


def cells_that_differ(out: Path, expected: Path) -> int:
    """Return how many cells differ in any bit from those of one machine."""
    ours = pl.read_parquet(out / "batch=*" / "*.parquet", hive_partitioning=False).sort(ID)
    theirs = pl.read_parquet(expected).sort(ID)
    assert ours.schema == theirs.schema
    assert ours.height == theirs.height
    return differing(ours, theirs)


def main() -> None:
    """Run, wait for every process, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--expected", type=Path, required=True)
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = measured(arguments.tables, arguments.models, arguments.workers, folder)
        end_driver()
        with suppress(ChildProcessError):
            while True:
                os.wait()
        children, own = (resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
        told["cpu_s"] = sum(usage.ru_utime + usage.ru_stime for usage in (children, own))
        told["differing"] = cells_that_differ(folder / "out", arguments.expected)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
