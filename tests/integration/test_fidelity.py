"""The fidelity report: equal tables are reported as equal, and differences are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit.synthetic import write_demo
from home_credit.synthetic.fidelity import report
from home_credit.synthetic.fidelity.closest_records import QUASI_IDENTIFIERS, closest_records
from home_credit.synthetic.fidelity.discriminator import two_sample_auc
from home_credit.synthetic.fidelity.distances import column_distances
from home_credit.tables.schema import ID, TARGET
from support.numbers import number

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.synthetic.fidelity.result import Fidelity


# Enough rounds to rank at all.
QUICK = [{"rounds": 20, "learning_rate": 0.2, "num_leaves": 7, "feature_fraction": 0.2}]


def applications(folder: Path, seed: int) -> pl.DataFrame:
    write_demo(folder, 2500, seed)
    return pl.read_parquet(folder / "application_train.parquet").drop(ID, TARGET)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("another")


@pytest.fixture(scope="module")
def one(folders: tuple[Path, Path]) -> pl.DataFrame:
    return applications(folders[0], 1)


@pytest.fixture(scope="module")
def another(folders: tuple[Path, Path]) -> pl.DataFrame:
    return applications(folders[1], 2)


@pytest.fixture(scope="module")
def shifted(another: pl.DataFrame) -> pl.DataFrame:
    return another.with_columns(pl.col("AMT_INCOME_TOTAL") * 1.8)


def test_equal_distributions_are_near(one: pl.DataFrame, another: pl.DataFrame) -> None:
    found = column_distances(one, another)
    assert found.columns == ["column", "statistic", "distance", "missing_real", "missing_synthetic"]
    assert number(found["distance"].drop_nulls().median()) < 0.03
    assert number((found["missing_real"] - found["missing_synthetic"]).abs().max()) < 0.06
    test = two_sample_auc(one, another, most_rows=10_000)
    assert test.auc == pytest.approx(0.5, abs=0.06)
    assert test.rows == 2 * min(len(one), len(another))


def test_a_shifted_column_is_named(one: pl.DataFrame, shifted: pl.DataFrame) -> None:
    assert column_distances(one, shifted)["column"][0] == "AMT_INCOME_TOTAL"
    test = two_sample_auc(one, shifted, most_rows=10_000)
    assert test.auc > 0.75
    assert next(iter(test.gain)) == "AMT_INCOME_TOTAL"
    assert sum(test.gain.values()) == pytest.approx(1)


def test_copies_are_found(one: pl.DataFrame, another: pl.DataFrame) -> None:
    honest = closest_records(one, another, most_rows=1000)
    assert honest.closer_share < 0.05 and honest.synthetic_matches == 0
    shares = honest.quantiles()
    assert all(synthetic > 0.7 * real for _, synthetic, real in shares)
    copied = closest_records(one, one.sample(fraction=1.0, shuffle=True, seed=3), most_rows=1000)
    assert copied.synthetic_matches > 0.4 and copied.closer_share > 0.4
    assert set(QUASI_IDENTIFIERS) <= set(one.columns)


@pytest.fixture(scope="module")
def found(
    one: pl.DataFrame,
    another: pl.DataFrame,
    folders: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Fidelity, Path]:
    out = tmp_path_factory.mktemp("report")
    steps: list[tuple[int, int]] = []
    found = report.run(folders[1], folders[0], out, lambda *step: steps.append(step), QUICK)
    assert steps == [(done, steps[-1][1]) for done in range(1, steps[-1][1] + 1)]
    return found, out


@pytest.mark.slow
def test_the_report_holds_every_figure(found: tuple[Fidelity, Path]) -> None:
    fidelity, out = found
    assert {path.name for path in out.iterdir()} == {report.TABLE, report.PLOTS, report.PAGE}
    table = pl.read_csv(out / report.TABLE)
    assert table.columns == ["measure", "table", "column", "synthetic", "real"]
    figures = {
        (row["measure"], row["table"], row["column"] or ""): row for row in table.iter_rows(named=True)
    }
    assert figures["discriminator_auc", "application_test", ""]["synthetic"] == pytest.approx(0.5, abs=0.15)
    ranked = figures["tstr_auc", "application_train", "TARGET"]
    assert 0.5 < ranked["synthetic"] < 0.9 and 0.5 < ranked["real"] < 0.9
    assert figures["rows_per_applicant", "bureau", ""]["synthetic"] > 1
    assert figures["distance_ks", "bureau", "DAYS_CREDIT"]["synthetic"] < 0.1
    assert fidelity.correlation_distance < 0.06
    law = figures["law", "POS_CASH_balance", "tolerated days past due are days past due"]
    assert law["synthetic"] == law["real"] == 1
    page = (out / report.PAGE).read_text(encoding="utf-8")
    assert report.PLOTS in page and f"{fidelity.discriminators['application_train'].auc:.3f}" in page
