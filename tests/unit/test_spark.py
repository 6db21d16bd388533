"""What tasks of a cluster do with rows, and what a driver makes of it; without a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.errors import ClusterError, NotFiniteError
from home_credit.spark import dealing
from home_credit.spark.dealing import REPORTS, Dealer, unpacked
from home_credit.spark.plan import LEAST, PARTITION, Plan, partitions_of
from home_credit.spark.reading import BLOCK, FILE
from home_credit.spark.reports import Report, Reports
from home_credit.spark.session import connected
from home_credit.tables.checks import Unknown
from home_credit.tables.schema import ID
from support.tables import a_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def stored(rows: pl.DataFrame, file: str = "file:///bureau.parquet", block: int = 0) -> pa.RecordBatch:
    """Rows as a task reads them."""
    return rows.with_columns(pl.lit(file).alias(FILE), pl.lit(block).alias(BLOCK)).to_arrow().to_batches()[0]


def dealt(batches: Iterable[pa.RecordBatch]) -> tuple[dict[int, list[bytes]], Reports]:
    """Packages by range, and what was reported."""
    packages: dict[int, list[bytes]] = {}
    for row in pa.Table.from_batches(batches, schema=dealing.PACKAGES).to_pylist():
        packages.setdefault(row["partition"], []).append(row["content"])
    return packages, Reports(map(Report.from_bytes, packages.pop(REPORTS, [])))


@settings(max_examples=30)
@given(
    ids=st.lists(st.integers(1, 30), min_size=1, max_size=40),
    bounds=st.sets(st.integers(1, 30)),
    data=st.data(),
)
def test_every_row_is_dealt_once_and_to_its_range(
    ids: list[int], bounds: set[int], data: st.DataObject
) -> None:
    rows = a_table("bureau", len(ids), SK_ID_CURR=ids)
    cut = data.draw(st.integers(1, len(ids)))
    batches = [stored(part) for part in rows.iter_slices(cut)]
    first = (*sorted(bounds),)
    packages, reports = dealt(Dealer("bureau", False, first).deal(batches))
    assert reports.rows("bureau") == len(rows)
    for place, contents in packages.items():
        low, high = (0, *first, 31)[place : place + 2]
        assert unpacked(contents)[ID].is_between(low, high, closed="left").all()
    together = pl.concat(unpacked(contents) for contents in packages.values())
    assert together.sort("SK_ID_BUREAU").equals(rows.sort("SK_ID_BUREAU"))


def test_text_is_read_as_from_a_csv_file() -> None:
    rows = a_table("bureau", 3, AMT_CREDIT_SUM=[1.5, None, -0.0], DAYS_CREDIT=[-1, -2, -3])
    text = rows.cast(pl.String)
    text = text.with_columns(pl.col("DAYS_CREDIT") + ".0", pl.col("CREDIT_TYPE").fill_null(""))
    packages, _ = dealt(Dealer("bureau", True, ()).deal([stored(text)]))
    assert unpacked(packages[0]).equals(rows.with_columns(AMT_CREDIT_SUM=pl.Series([1.5, None, 0.0])))


def test_months_are_joined_with_their_owners_and_dealt() -> None:
    rows = a_table("bureau_balance", 4, SK_ID_BUREAU=[1, 2, 3, 4])
    dealer = Dealer("bureau_balance", False, (20,))
    checked = pl.from_arrow(pa.Table.from_batches(dealer.check([stored(rows)])))
    assert isinstance(checked, pl.DataFrame)
    owners = pl.DataFrame({"SK_ID_BUREAU": [1, 2, 4], ID: [10, 20, 30]})
    joined = checked.join(owners, on="SK_ID_BUREAU", how="left")
    packages, reports = dealt(dealer.join(joined.to_arrow().to_batches()))
    assert {place: unpacked(own)["SK_ID_BUREAU"].to_list() for place, own in packages.items()} == {
        0: [1],
        1: [2, 4],
    }
    assert reports.rows("bureau_balance") == 4  # the third is nobody's, but was checked


def test_a_fault_is_told_with_its_row_in_the_whole_file_and_the_first_one_first() -> None:
    good = a_table("bureau", 5)
    bad = good.with_columns(pl.when(pl.int_range(pl.len()) == 2).then(float("inf")).alias("AMT_CREDIT_SUM"))
    dealer = Dealer("bureau", False, ())
    later = [*dealer.deal([stored(good, block=900), stored(bad, block=900)])]
    # Another task, which came later, reads what lies before in the file.
    _, reports = dealt([*later, *dealer.deal([stored(good)])])
    with pytest.raises(NotFiniteError, match="row 13: an infinite number"):
        reports.raise_first(["application_train", "bureau"])
    _, several = dealt([*later, *dealer.deal([stored(good, "file:///a/part-0.parquet")])])
    with pytest.raises(NotFiniteError, match=r"row 8: an infinite number \(in bureau.parquet\)"):
        several.raise_first(["bureau"])


def test_unknown_values_of_all_tasks_are_counted_together() -> None:
    boat = Unknown("CREDIT_TYPE", "'Boat'", row=2, rows=3)
    first, second = (
        Report("bureau", "f", 0, 0).right(10, [boat]),
        Report("bureau", "f", 500, 0).right(10, [boat]),
    )
    told = [Report.from_bytes(report.to_bytes()) for report in (second, first)]
    assert list(Reports(told).warnings("bureau")) == [
        "table bureau, column CREDIT_TYPE, row 2: 'Boat' is not a known value and counts as missing (6 rows)"
    ]


@given(applicants=st.integers(1, 10**8), cores=st.integers(1, 1000))
def test_partitions_are_small_enough_and_not_too_small(applicants: int, cores: int) -> None:
    partitions = partitions_of(applicants, cores)
    assert applicants / partitions <= PARTITION
    assert partitions == 1 or applicants / partitions >= min(LEAST, PARTITION / 2)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert Plan.read(tmp_path) is None
    plan = Plan("this run", 17, (3, 5), batch=2, warnings=["a"])
    plan.write(tmp_path / "out")
    assert Plan.read(tmp_path / "out") == plan
    assert (plan.partitions, plan.batches) == (3, 2)


def test_what_is_missing_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (
        pytest.raises(ClusterError, match="no Spark at spark://127.0.0.1:1: .*refused"),
        connected("spark://127.0.0.1:1"),
    ):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ClusterError, match="needs Java"), connected("local[1]"):
        pass
