"""One run on a standalone cluster of this machine, for scale.py: what it took, as a line of JSON.

    python benchmarks/spark_side.py --tables DIR --models models --workers 2

CPU seconds are those of master, workers, executors, their Python processes and the driver. Whatever they leave
behind becomes a child of this process, which waits for all of them and asks the kernel what its children took.
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

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from home_credit.spark.job import CHECKED, COMPUTED, Run
from home_credit.spark.session import connected
from home_credit.spark.work import Features
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


def main() -> None:
    """Run, wait for every process, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        told = measured(arguments.tables, arguments.models, arguments.workers, Path(folder))
    from pyspark import SparkContext  # noqa: PLC0415  # its JVM is the driver's, and ends with its input

    if SparkContext._gateway is not None:  # noqa: SLF001  # there is no other way to end it before this process
        SparkContext._gateway.shutdown()  # noqa: SLF001
        SparkContext._gateway.proc.stdin.close()  # noqa: SLF001
    with suppress(ChildProcessError):
        while True:
            os.wait()
    children, own = (resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in (children, own))
    print(json.dumps({"cpu_s": cpu, **told}))


if __name__ == "__main__":
    main()
