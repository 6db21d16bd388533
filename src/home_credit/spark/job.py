"""A run over a whole portfolio: read, check and deal the rows, then compute range after range of applicants.

The output folder holds the plan, a folder ``batch=N`` for each job of the second part with Spark's ``_SUCCESS`` in it
once it is whole, and ``_SUCCESS`` itself when all is. Whatever has its marker is not done again by a further run of the
same command.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from home_credit.errors import TableError, UsageError
from home_credit.progress import Progress, silent
from home_credit.spark import exchange
from home_credit.spark.plan import MARKER, PARTITION, Plan, fingerprint
from home_credit.spark.reading import Stored, ddl, stored, uri
from home_credit.spark.watching import watched
from home_credit.spark.work import compute

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from pyspark import Broadcast
    from pyspark.sql import SparkSession

    from home_credit.spark.work import Work
    from home_credit.tables.source import Split

CHECKED, COMPUTED = "tasks of checking and dealing rows", "tasks of computing applicants"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: so many applicants in all, and how many of the batches were there before."""

    applicants: int
    batches: int
    kept: int
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Run:
    """Computes ``work`` for all applicants of a split in the folder ``tables``, and writes it to the folder ``out``.

    ``form`` is that of the files written. At most about ``size`` applicants are in the memory of one task.
    """

    spark: SparkSession
    tables: Path
    split: Split
    work: Work
    out: Path
    form: Literal["parquet", "csv"] = "parquet"
    size: int = PARTITION
    progress: Progress = silent

    def __call__(self) -> Outcome:
        """Run to the end.

        Raises what :func:`home_credit.tables.source.open_tables` raises for the same tables, and :class:`UsageError`
        where the output folder holds something else.
        """
        sources = stored(self.spark, self.tables, self.split)
        plan = self._plan(sources)
        pending = [number for number in range(plan.batches) if not (self._folder(number) / MARKER).is_file()]
        if plan.warnings is None:
            plan = self._deal(sources, plan)
        if pending:
            work = self.spark.sparkContext.broadcast(self.work)
            with watched(self.spark.sparkContext, self.progress, COMPUTED):
                for number in pending:
                    self._compute(plan, work, number)
            work.destroy()
        (self.out / MARKER).touch()
        exchange.clear(self.out)
        return Outcome(plan.applicants, plan.batches, plan.batches - len(pending), plan.warnings or [])

    def _plan(self, sources: list[Stored]) -> Plan:
        """Return the plan of this run that is in the output folder, or make one."""
        run = fingerprint(sources, self.work.version, self.split, self.form)
        plan = Plan.read(self.out)
        if plan is None:
            if self.out.exists() and not (self.out.is_dir() and not any(self.out.iterdir())):
                raise UsageError(f"{self.out} is there; with Spark, --out names a folder of its own")
            cores = self.spark.sparkContext.defaultParallelism
            applicants = exchange.count(sources)
            bounds = exchange.bounds(sources, applicants, cores, self.size)
            plan = Plan(run, applicants, bounds, batch=max(8, 4 * cores))
            plan.write(self.out)
        elif plan.run != run:
            raise UsageError(
                f"{self.out} holds a run over other tables, or with another model or split:"
                " choose another folder or remove it"
            )
        return plan

    def _deal(self, sources: list[Stored], plan: Plan) -> Plan:
        with watched(self.spark.sparkContext, self.progress, CHECKED):
            try:
                warnings = exchange.deal(sources, plan, self.out)
            except TableError:
                shutil.rmtree(self.out)
                raise
        plan = replace(plan, warnings=warnings)
        plan.write(self.out)
        return plan

    def _compute(self, plan: Plan, work: Broadcast[Work], number: int) -> None:
        def of_group(packages: pa.Table) -> pa.Table:
            return compute(work, packages)

        partitions = min(plan.batch, plan.partitions - number * plan.batch)
        rows = (
            exchange.dealt(self.spark, self.out, number)
            .repartitionByRange(partitions, "partition")
            .groupBy("partition")
            .applyInArrow(of_group, ddl(self.work.schema))
        )
        writer = rows.write.mode("overwrite").option("header", "true").format(self.form)
        writer.save(uri(self._folder(number)))

    def _folder(self, number: int) -> Path:
        return self.out / f"batch={number:05}"
