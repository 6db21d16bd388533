"""The first part of a run: every table is read once and checked, and its rows are dealt to ranges of applicants."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pyspark.sql import functions as sql

from home_credit.errors import DuplicateKeyError, EmptyTableError
from home_credit.spark.dealing import MONTHS, PACKAGES, REPORTS, Dealer
from home_credit.spark.plan import partitions_of
from home_credit.spark.reading import ddl, union, uri
from home_credit.spark.reports import Report, Reports
from home_credit.tables.schema import HISTORIES, ID, TEST, TRAIN, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from home_credit.spark.plan import Plan
    from home_credit.spark.reading import Stored

FOLDER = "_exchange"
# Tasks that write packages at once; each writes a file for every batch that it has partitions of.
_WRITERS = 2_000


def count(sources: Sequence[Stored]) -> int:
    """Return the number of applicants, at least one.

    Raises EmptyTableError, or DuplicateKeyError where a key that must be unique is not.
    """
    for key, holders in _keys(sources):
        _require_distinct(holders, key)
    applicants = _ids(sources).count()
    if not applicants:
        raise _empty(sources[0].name)
    return applicants


def bounds(sources: Sequence[Stored], applicants: int, cores: int, size: int) -> tuple[int, ...]:
    """Return the first ids of all ranges but the first, so that each has about as many applicants, at most ``size``."""
    wanted = partitions_of(applicants, cores, size)
    shares = [number / wanted for number in range(1, wanted)]
    quantiles = _ids(sources).approxQuantile(ID, shares, 0.1 / wanted) if shares else []
    return tuple(sorted({int(bound) for bound in quantiles}))


def deal(sources: Sequence[Stored], plan: Plan, out: Path) -> list[str]:
    """Check all rows and write them to ``out``, in the batches of ``plan``; return what to warn of.

    Raises the first fault of the first table that has one.
    """
    packages = union(_packages(source, sources, plan) for source in sources)
    (
        packages.withColumn("batch", sql.floor(sql.col("partition") / plan.batch).cast("int"))
        .repartition(min(plan.partitions, _WRITERS), "partition")
        .write.mode("overwrite")
        .option("compression", "none")  # the packages are compressed
        .option("parquet.enable.dictionary", "false")
        .partitionBy("batch")
        .parquet(uri(out / FOLDER))
    )
    told = dealt(sources[0].frame.sparkSession, out, REPORTS).select("content").collect()
    reports = Reports(Report.from_bytes(bytes(row["content"])) for row in told)
    reports.raise_first(source.name for source in sources)
    for source in _applications(sources):
        if not reports.rows(source.name):
            raise _empty(source.name)
    return [line for source in sources for line in (*source.warnings, *reports.warnings(source.name))]


def dealt(spark: SparkSession, out: Path, batch: int) -> DataFrame:
    """Return the packages of one batch."""
    return spark.read.parquet(uri(out / FOLDER / f"batch={batch}"))


def clear(out: Path) -> None:
    """Remove the packages."""
    shutil.rmtree(out / FOLDER, ignore_errors=True)


def _packages(source: Stored, sources: Sequence[Stored], plan: Plan) -> DataFrame:
    dealer = Dealer(source.name, source.text, plan.bounds)
    if source.name != "bureau_balance":
        return source.frame.mapInArrow(dealer.deal, ddl(PACKAGES))
    months = source.frame.mapInArrow(dealer.check, ddl(MONTHS))
    credits_of = [other for other in sources if other.name == "bureau"]
    if not credits_of:  # these are nobody's months
        return months.withColumn(ID, sql.lit(None).cast("bigint")).mapInArrow(dealer.join, ddl(PACKAGES))
    bureau = credits_of[0]
    owners = bureau.frame.select(*(bureau.key(key).alias(key) for key in ("SK_ID_BUREAU", ID)))
    return months.join(owners, "SK_ID_BUREAU", "left").mapInArrow(dealer.join, ddl(PACKAGES))


def _empty(name: str) -> EmptyTableError:
    return EmptyTableError(name, "the table has no rows")


def _applications(sources: Sequence[Stored]) -> list[Stored]:
    return [source for source in sources if source.name in {TRAIN, TEST}]


def _ids(sources: Sequence[Stored]) -> DataFrame:
    return union(part.frame.select(part.key(ID).alias(ID)) for part in _applications(sources))


def _keys(sources: Sequence[Stored]) -> Iterator[tuple[str, list[Stored]]]:
    """Yield every key of one column that must be unique, with the tables that hold it together."""
    yield ID, _applications(sources)
    for name in HISTORIES:
        key = table(name).key
        if len(key) == 1:
            yield key[0], [source for source in sources if source.name == name]


def _require_distinct(holders: Sequence[Stored], key: str) -> None:
    if not holders:
        return
    values = union(
        holder.frame.select(holder.key(key).alias("value"), sql.lit(place).alias("place"))
        for place, holder in enumerate(holders)
    )
    repeated = (
        values.where("value is not null")
        .groupBy("value")
        .agg(sql.count("*").alias("rows"), sql.max("place").alias("place"))
        .where("rows > 1")
        .orderBy("value")
        .head()
    )
    if repeated is not None:
        problem = f"{repeated['value']} is there {repeated['rows']} times"
        raise DuplicateKeyError(holders[repeated["place"]].name, problem, column=key)
