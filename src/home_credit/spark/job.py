"""A run over a whole portfolio: read, check and deal the rows, then compute range after range of applicants.

The output folder holds the plan, a folder ``batch=N`` for each job of the second part with Spark's ``_SUCCESS`` in it
once it is whole, and ``_SUCCESS`` itself when all is. Whatever has its marker is not done again by a further run of the
same command.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from home_credit.errors import DuplicateKeyError, EmptyTableError, TableError, UsageError
from home_credit.spark.dealing import MONTHS, PACKAGES, REPORTS, Dealer
from home_credit.spark.plan import MARKER, Plan, fingerprint, partitions_of
from home_credit.spark.reading import Stored, stored
from home_credit.spark.reports import Report, Reports
from home_credit.spark.watching import watched
from home_credit.spark.work import compute
from home_credit.tables.schema import HISTORIES, ID, TEST, TRAIN, table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyspark import Broadcast
    from pyspark.sql import SparkSession

    from home_credit.progress import Progress
    from home_credit.spark.work import Compute, Work
    from home_credit.tables.source import Split

CHECKED, COMPUTED = "tasks of checking and dealing rows", "tasks of computing applicants"
EXCHANGE = "_exchange"
_APPLICATIONS = (TRAIN, TEST)
_DDL = {pa.int32(): "int", pa.int64(): "bigint", pa.float64(): "double", pa.string(): "string", pa.binary(): "binary"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: so many applicants in all, and how many of the batches were there before."""

    applicants: int
    batches: int
    kept: int
    warnings: list[str]


def run(
    spark: SparkSession, tables: Path, split: Split, work: Work, out: Path, progress: Progress, form: str = "parquet"
) -> Outcome:
    """Compute ``work`` for all applicants of a split and write it to the folder ``out`` as "parquet" or "csv".

    Raises what :func:`home_credit.tables.source.open_tables` raises for the same tables, and :class:`UsageError` where
    ``out`` holds something else.
    """
    sources = stored(spark, tables, split)
    name = fingerprint(sources, work.version, split, form)
    plan = _kept_plan(out, name) or _new_plan(spark, sources, name, out)
    pending = [batch for batch in range(plan.batches) if not (_folder(out, batch) / MARKER).is_file()]
    if pending:
        if not (out / EXCHANGE / MARKER).is_file():
            plan = _deal(spark, sources, plan, out, progress)
        broadcast = spark.sparkContext.broadcast(work)
        with watched(spark.sparkContext, progress, COMPUTED):
            for batch in pending:
                _compute(spark, plan, broadcast, batch, out, form)
        broadcast.destroy()
    (out / MARKER).touch()
    shutil.rmtree(out / EXCHANGE, ignore_errors=True)
    return Outcome(plan.applicants, plan.batches, plan.batches - len(pending), plan.warnings)


def _kept_plan(out: Path, name: str) -> Plan | None:
    plan = Plan.read(out)
    if plan is None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: for Spark, --out is a folder of its own; this one holds something else")
    if plan is not None and plan.run != name:
        raise UsageError(
            f"{out} holds a run over other tables, or with another model or split; choose another folder or remove it"
        )
    return plan


def _new_plan(spark: SparkSession, sources: list[Stored], name: str, out: Path) -> Plan:
    for key in (ID, *(key for history in HISTORIES if len(table(history).key) == 1 for key in table(history).key)):
        holders = [source for source in sources if _is_key(source.name, key)]
        if holders:
            _require_distinct(holders, key)
    parts = [source for source in sources if source.name in _APPLICATIONS]
    ids = _union([part.frame.select(part.key(ID).alias(ID)) for part in parts])
    cores = spark.sparkContext.defaultParallelism
    applicants = ids.count()
    wanted = partitions_of(applicants, cores)
    shares = [number / wanted for number in range(1, wanted)]
    bounds = ids.approxQuantile(ID, shares, 0.1 / wanted) if shares else []
    plan = Plan(name, applicants, tuple(sorted({int(bound) for bound in bounds})), batch=max(8, 4 * cores))
    plan.write(out)
    return plan


def _is_key(name: str, key: str) -> bool:
    return key == ID if name in _APPLICATIONS else table(name).key == (key,)


def _require_distinct(sources: list[Stored], key: str) -> None:
    places = _union(
        [
            source.frame.select(source.key(key).alias("value"), F.lit(place).alias("place"))
            for place, source in enumerate(sources)
        ]
    )
    repeated = (
        places.where("value is not null")
        .groupBy("value")
        .agg(F.count("*").alias("rows"), F.max("place").alias("place"))
        .where("rows > 1")
        .orderBy("value")
        .head()
    )
    if repeated is not None:
        name = sources[repeated["place"]].name
        raise DuplicateKeyError(name, f"{repeated['value']} is there {repeated['rows']} times", column=key)


def _deal(spark: SparkSession, sources: list[Stored], plan: Plan, out: Path, progress: Progress) -> Plan:
    """Check all rows and write their packages, by batch; raise the first fault, and then leave nothing behind."""
    packages = _union([_packages(source, sources, plan) for source in sources])
    batch = F.floor(F.col("partition") / plan.batch).cast("int")
    with watched(spark.sparkContext, progress, CHECKED):
        (
            packages.withColumn("batch", batch)
            .repartition(min(plan.partitions, 2_000), "partition")
            .write.mode("overwrite")
            .option("parquet.enable.dictionary", "false")
            .option("compression", "none")
            .partitionBy("batch")
            .parquet(f"file://{(out / EXCHANGE).resolve()}")
        )
    told = _exchanged(spark, out).where(F.col("batch") == REPORTS).select("content").collect()
    reports = Reports(Report.from_bytes(bytes(row["content"])) for row in told)
    try:
        reports.raise_first(source.name for source in sources)
        for source in sources:
            if source.name in _APPLICATIONS and not reports.rows(source.name):
                raise EmptyTableError(source.name, "the table has no rows")
    except TableError:
        shutil.rmtree(out)
        raise
    found = [line for source in sources for line in (*source.warnings, *reports.warnings(source.name))]
    plan = replace(plan, warnings=found)
    plan.write(out)
    return plan


def _packages(source: Stored, sources: list[Stored], plan: Plan) -> DataFrame:
    dealer = Dealer(source.name, source.text, plan.bounds)
    if source.name != "bureau_balance":
        return source.frame.mapInArrow(dealer.deal, _ddl(PACKAGES))
    months = source.frame.mapInArrow(dealer.check, _ddl(MONTHS))
    owners = [
        other.frame.select(other.key("SK_ID_BUREAU").alias("SK_ID_BUREAU"), other.key(ID).alias(ID))
        for other in sources
        if other.name == "bureau"
    ]
    # Without credits, nobody's.
    owned = months.join(owners[0], "SK_ID_BUREAU", "left") if owners else months.withColumn(ID, F.lit(None).cast("bigint"))
    return owned.mapInArrow(dealer.join, _ddl(PACKAGES))


def _compute(spark: SparkSession, plan: Plan, work: Broadcast[Work], batch: int, out: Path, form: str) -> None:
    schema = work.value.schema
    applied = partial(_applied, work, schema, work.value.version)
    partitions = min(plan.batch, plan.partitions - batch * plan.batch)
    rows = (
        _exchanged(spark, out)
        .where(F.col("batch") == batch)
        .repartitionByRange(partitions, "partition")
        .groupBy("partition")
        .applyInArrow(_as_function(applied), _ddl(schema))
    )
    writer = rows.write.mode("overwrite").format(form)
    if form == "csv":
        writer = writer.option("header", "true")
    writer.save(f"file://{_folder(out, batch).resolve()}")


def _as_function(applied: Callable[[pa.Table], pa.Table]) -> Callable[[pa.Table], pa.Table]:
    # Spark counts the parameters of what it is given.
    def of_group(group: pa.Table) -> pa.Table:
        return applied(group)

    return of_group


_loaded: dict[str, Compute] = {}


def _applied(work: Broadcast[Work], schema: pa.Schema, version: str, group: pa.Table) -> pa.Table:
    """Compute one range in a Python worker, which loads the work the first time."""
    if version not in _loaded:
        _loaded[version] = work.value.load()
    packages = zip(group["name"].to_pylist(), group["content"].to_pylist(), strict=True)
    return compute(_loaded[version], schema, packages)


def _exchanged(spark: SparkSession, out: Path) -> DataFrame:
    return spark.read.parquet(f"file://{(out / EXCHANGE).resolve()}")


def _folder(out: Path, batch: int) -> Path:
    return out / f"batch={batch:05}"


def _union(frames: list[DataFrame]) -> DataFrame:
    return reduce(DataFrame.union, frames)


def _ddl(schema: pa.Schema) -> str:
    return ", ".join(f"`{column.name}` {_DDL[column.type]}" for column in schema)
