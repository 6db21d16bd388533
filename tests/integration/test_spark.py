"""Features and decisions on a real Spark cluster are, bit for bit, those of one machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.tables import score_batches
from home_credit.default_risk import artifacts
from home_credit.errors import (
    DuplicateKeyError,
    HomeCreditError,
    NotFiniteError,
    OutOfRangeError,
    UsageError,
)
from home_credit.features.build import KeptPlan, feature_matrix
from home_credit.spark.job import COMPUTED, Outcome, Run
from home_credit.spark.plan import MARKER
from home_credit.spark.session import connected
from home_credit.spark.work import Decisions, Features
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET, TEST, TRAIN
from home_credit.tables.source import open_tables
from support.applicants import odd_applicants, within_ranges
from support.bits import bits
from support.spark_cluster import Cluster, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import SparkSession

    from home_credit.tables.source import Split

pytestmark = pytest.mark.slow

MODELS = Path(__file__).parents[2] / "models"
PORTFOLIOS, EACH = 200, 3


def written(out: Path) -> pl.DataFrame:
    """What a run wrote, in ascending SK_ID_CURR."""
    return pl.read_parquet(out / "batch=*" / "*.parquet", hive_partitioning=False).sort(ID)


def on_one_machine(tables: Path, split: Split) -> pl.DataFrame:
    with open_tables(tables, split) as source:
        return feature_matrix(source.frames, source.applicants[ID], artifacts.load(MODELS).terms)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java 17 or newer")
    with running(tmp_path_factory.mktemp("spark"), workers=2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def spark(cluster: Cluster) -> Iterator[SparkSession]:
    with connected(cluster.master) as session:
        yield session


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pl.DataFrame]:
    """A portfolio of 600 applicants, and its features by one machine."""
    from home_credit.synthetic import write_demo  # noqa: PLC0415  # as in conftest

    folder = tmp_path_factory.mktemp("small")
    write_demo(folder, 600, seed=11)
    return folder, on_one_machine(folder, "all")


# The first test: the session of the others holds all cores of the cluster.
DRIVER = """
import sys
from pathlib import Path
from home_credit.spark.session import connected
with connected(sys.argv[1]) as spark:
    from home_credit.spark.job import Run
    from home_credit.spark.work import Features
    Run(spark, Path(sys.argv[2]), "all", Features.of(Path(sys.argv[3])), Path(sys.argv[4]), size=20)()
"""


def test_a_run_whose_driver_was_killed_goes_on_where_it_was(
    cluster: Cluster, small: tuple[Path, pl.DataFrame], tmp_path: Path
) -> None:
    tables, expected = small
    out = tmp_path / "out"
    arguments: list[Any] = [sys.executable, "-c", DRIVER, cluster.master, tables, MODELS, out]
    with (tmp_path / "driver.log").open("wb") as log:
        driver = subprocess.Popen(arguments, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 500
        try:
            while not (out / "batch=00000" / MARKER).exists():
                assert driver.poll() is None, (tmp_path / "driver.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()
    assert not (out / MARKER).exists()
    first = {path: path.stat().st_mtime_ns for path in (out / "batch=00000").iterdir()}
    with connected(cluster.master) as spark:
        outcome = Run(spark, tables, "all", Features.of(MODELS), out, size=20)()
    assert 1 <= outcome.kept < outcome.batches
    assert first == {path: path.stat().st_mtime_ns for path in (out / "batch=00000").iterdir()}
    assert bits(written(out)).equals(bits(expected), null_equal=True)
    assert not (out / "_exchange").exists()


def test_many_portfolios_in_one_job_equal_each_alone(spark: SparkSession, tmp_path: Path) -> None:
    portfolios = [_portfolio(number) for number in range(PORTFOLIOS)]
    tables = tmp_path / "tables"
    tables.mkdir()
    for name in HISTORIES:
        pl.concat(portfolio[name] for portfolio in portfolios).write_parquet(tables / f"{name}.parquet")
    applications = [portfolio[APPLICATION] for portfolio in portfolios]
    labelled = pl.concat(applications[::2]).with_columns(pl.lit(1).alias(TARGET))
    labelled.write_parquet(tables / f"{TRAIN}.parquet")
    pl.concat(applications[1::2]).write_parquet(tables / f"{TEST}.parquet")

    work = Features.of(MODELS)
    outcome = Run(spark, tables, "all", work, tmp_path / "out")()
    assert outcome == Outcome(PORTFOLIOS * EACH, batches=1, kept=0, warnings=[])
    together = written(tmp_path / "out")
    assert len(together) == PORTFOLIOS * EACH
    kept = KeptPlan(work.terms)
    for number, (rows, portfolio) in enumerate(zip(together.iter_slices(EACH), portfolios, strict=True)):
        alone = kept.compute(portfolio)
        assert bits(rows).equals(bits(alone), null_equal=True)
        if number % 40 == 0:  # a plan of its own takes longest
            frames = {name: own.lazy() for name, own in portfolio.items()}
            planned = feature_matrix(frames, portfolio[APPLICATION][ID], work.terms)
            assert bits(planned).equals(bits(alone), null_equal=True)


def _portfolio(number: int) -> Mapping[str, pl.DataFrame]:
    """A few applicants with ids of their own: those of portfolio 7 begin with 107."""
    tables = within_ranges(odd_applicants(number, EACH, most_rows=6))
    moves = {ID: number * 1000 - 1, "SK_ID_BUREAU": number * 1000, "SK_ID_PREV": number * 1000}
    return {
        name: rows.with_columns(pl.col(key) + move for key, move in moves.items() if key in rows.columns)
        for name, rows in tables.items()
    }


def test_decisions_on_files_of_every_kind_equal_those_of_one_machine(
    spark: SparkSession, small: tuple[Path, pl.DataFrame], tmp_path: Path
) -> None:
    tables = _other_formats(small[0], tmp_path / "tables")
    settings = Settings()
    scorer = Scorer.load(MODELS, settings)
    with open_tables(small[0], "train") as source:
        rows = feature_matrix(source.frames, source.applicants[ID], scorer.terms)
    expected = pl.concat(score_batches(scorer, [rows], len(rows)))
    outcome = Run(spark, tables, "train", Decisions.of(MODELS, settings), tmp_path / "out")()
    assert outcome.applicants == len(expected)
    assert bits(written(tmp_path / "out")).equals(bits(expected), null_equal=True)


def _other_formats(tables: Path, to: Path) -> Path:
    """The same tables as CSV, gzipped CSV, and folders of several files of either kind."""
    shutil.copytree(tables, to)
    for name, ending in ((TRAIN, "csv"), ("bureau", "csv.gz"), ("bureau_balance", "csv")):
        rows = pl.read_parquet(path := to / f"{name}.parquet")
        path.unlink()
        rows.write_csv(to / f"{name}.{ending}", compression="gzip" if ending == "csv.gz" else "uncompressed")
    for name, ending in (("installments_payments", "parquet"), ("POS_CASH_balance", "csv")):
        rows = pl.read_parquet(path := to / f"{name}.parquet")
        path.unlink()
        folder = to / f"{name}.{ending}"
        folder.mkdir()
        for number, part in enumerate(rows.iter_slices(len(rows) // 3 + 1)):
            getattr(part, f"write_{ending}")(folder / f"part-{number}.{ending}")
    return to


def _third(column: str, value: object) -> pl.Expr:
    return pl.when(pl.int_range(pl.len()) == 2).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)


def _spoil(tables: Path, name: str, change: pl.Expr) -> None:
    path = tables / f"{name}.parquet"
    pl.read_parquet(path).with_columns(change).write_parquet(path)


def test_violations_are_told_as_on_one_machine_and_leave_nothing(
    spark: SparkSession, small: tuple[Path, pl.DataFrame], tmp_path: Path
) -> None:
    work = Features.of(MODELS)
    changes: list[tuple[str, pl.Expr, type[HomeCreditError]]] = [
        ("installments_payments", _third("AMT_PAYMENT", float("inf")), NotFiniteError),
        ("bureau_balance", _third("MONTHS_BALANCE", 1), OutOfRangeError),
        (TRAIN, _third("DAYS_EMPLOYED", -36_000), OutOfRangeError),
        (TRAIN, _third(ID, pl.read_parquet(small[0] / f"{TRAIN}.parquet")[ID][0]), DuplicateKeyError),
    ]
    for number, (name, change, kind) in enumerate(changes):
        tables = shutil.copytree(small[0], tmp_path / str(number))
        _spoil(tables, name, change)
        with pytest.raises(kind) as here, open_tables(tables, "train"):
            pass
        with pytest.raises(kind) as there:
            Run(spark, tables, "train", work, tmp_path / "out")()
        assert not (tmp_path / "out").exists()
        if kind is not DuplicateKeyError:  # on a cluster, that one names no row
            assert str(there.value) == str(here.value)
        assert str(there.value).startswith(f"table {name}, column ")


def test_unknown_values_are_warned_of_as_on_one_machine(
    spark: SparkSession, small: tuple[Path, pl.DataFrame], tmp_path: Path
) -> None:
    tables = shutil.copytree(small[0], tmp_path / "tables")
    _spoil(tables, "bureau", _third("CREDIT_TYPE", "Loan for a boat"))
    with open_tables(tables, "test") as source:
        warnings = source.warnings
    assert len(warnings) == 1
    run = Run(spark, tables, "test", Features.of(MODELS), tmp_path / "out")
    assert run().warnings == warnings
    assert run().kept == 1
    _spoil(tables, "bureau", _third("CREDIT_TYPE", "Car loan"))
    with pytest.raises(UsageError, match="holds a run over other tables"):
        run()


def test_a_worker_killed_in_the_middle_leaves_a_complete_and_equal_result(
    cluster: Cluster, spark: SparkSession, small: tuple[Path, pl.DataFrame], tmp_path: Path
) -> None:
    tables, expected = small
    killed: list[int] = []

    def kill_one(stage: str, done: int, total: int | None, /) -> None:
        if stage == COMPUTED and total and 0 < done < total and not killed:
            killed.append(done)
            cluster.kill_worker()

    try:
        Run(spark, tables, "all", Features.of(MODELS), tmp_path / "out", size=20, progress=kill_one)()
    finally:
        cluster.add_worker()
    assert killed
    assert bits(written(tmp_path / "out")).equals(bits(expected), null_equal=True)
