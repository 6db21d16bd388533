"""The command: exit codes, and one clear line that names what is wrong and where."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest
from typer.testing import CliRunner

from home_credit.cli.main import app
from home_credit.errors import InputError, RegistryError
from support.commands import home_credit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tables(portfolio: Path, tmp_path: Path) -> Path:
    """A copy of the demo portfolio to modify."""
    return shutil.copytree(portfolio, tmp_path / "tables")


def spoil(tables: Path, name: str, change: pl.Expr | None = None, drop: str | None = None) -> None:
    rows = pl.read_parquet(tables / f"{name}.parquet")
    rows = rows.drop(drop) if drop else rows.with_columns(change) if change is not None else rows.clear()
    rows.write_parquet(tables / f"{name}.parquet")


def third(column: str, value: object) -> pl.Expr:
    return pl.when(pl.int_range(pl.len()) == 2).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)


@pytest.mark.parametrize(
    ("name", "change", "drop", "words"),
    [
        ("application_train", None, "AMT_CREDIT", "table application_train, column AMT_CREDIT"),
        ("bureau", pl.col("DAYS_CREDIT").cast(pl.String) + "x", None, "table bureau, column DAYS_CREDIT, row 1"),
        ("application_train", None, None, "table application_train: the table has no rows"),
        ("application_train", third("SK_ID_CURR", 100001), None, "column SK_ID_CURR, row 3"),
        ("installments_payments", third("AMT_PAYMENT", float("inf")), None, "table installments_payments, column AMT_PAYMENT, row 3"),
        ("application_train", third("EXT_SOURCE_2", 57.0), None, "column EXT_SOURCE_2, row 3: 57.0 is out of range: 0 to 1"),
        ("application_train", third("DAYS_BIRTH", 300), None, "table application_train, column DAYS_BIRTH, row 3: 300 is out"),
        ("application_train", third("DAYS_EMPLOYED", -36000), None, "column DAYS_EMPLOYED, row 3: -36000 is before DAYS_BIRTH"),
        ("installments_payments", third("DAYS_INSTALMENT", 20.0), None, "column DAYS_INSTALMENT, row 3: 20.0 is out of range"),
    ],
    ids=[
        "missing column", "wrong type", "no rows", "duplicate id", "infinity", "external score", "birth", "job", "instalment",
    ],
)  # fmt: skip
def test_what_is_wrong_with_tables_is_one_line_that_names_the_place(
    tables: Path, tmp_path: Path, name: str, change: pl.Expr | None, drop: str | None, words: str
) -> None:
    first = pl.read_parquet(tables / "application_train.parquet")["SK_ID_CURR"][0]
    if words == "column SK_ID_CURR, row 3":
        change = third("SK_ID_CURR", first)
    spoil(tables, name, change, drop)
    # In this process: starting another one takes most of the time of a check.
    ran = CliRunner().invoke(
        app, ["features", "--tables", str(tables), "--out", str(tmp_path / "out.parquet")]
    )
    assert isinstance(ran.exception, InputError)
    assert words in str(ran.exception)
    assert len(str(ran.exception).splitlines()) == 1
    assert not (tmp_path / "out.parquet").exists()


def test_bad_tables_are_one_line_and_exit_code_2(tables: Path, tmp_path: Path) -> None:
    spoil(tables, "application_train", drop="AMT_CREDIT")
    ran = home_credit("features", "--tables", tables, "--out", tmp_path / "out.parquet")
    assert ran.returncode == 2, ran.stderr
    *progress, error = ran.stderr.strip().splitlines()
    assert error.startswith("home-credit: table application_train, column AMT_CREDIT")
    # There is no other output, unless the machine is so slow that progress is shown.
    assert all(re.fullmatch(r"tables checked: \d of 8", line) for line in progress)
    assert not (tmp_path / "out.parquet").exists()


def test_a_feature_is_explained_without_tables() -> None:
    ran = home_credit("features", "--explain", "MIX_OPENING_TO_AGE")
    assert ran.returncode == 0, ran.stderr
    assert "BUR_ALL_AGE_MAX / DAYS_BIRTH" in ran.stdout
    assert "bureau: SK_ID_CURR, DAYS_CREDIT" in ran.stdout
    unknown = home_credit("features", "--explain", "MIX_OPENING_TO_AGES")
    assert unknown.returncode == 2
    assert "there is MIX_OPENING_TO_AGE" in unknown.stderr
    nothing = home_credit("features", "--tables", "somewhere")
    assert nothing.returncode == 2
    assert "--explain NAME" in nothing.stderr


def test_no_application_table_names_the_folder(tmp_path: Path) -> None:
    ran = home_credit("score", "--tables", tmp_path, "--out", tmp_path / "out.csv")
    assert ran.returncode == 2
    assert "application_test" in ran.stderr
    assert str(tmp_path) in ran.stderr


def test_score_writes_one_row_per_applicant_in_both_formats(
    portfolio: Path, models: Path, tmp_path: Path
) -> None:
    expected = pl.read_parquet(portfolio / "application_test.parquet").height
    frames = []
    for ending in ("csv", "parquet"):
        out = tmp_path / f"decisions.{ending}"
        ran = home_credit("score", "--tables", portfolio, "--models", models, "--out", out)
        assert ran.returncode == 0, ran.stderr
        frames.append(pl.read_csv(out) if ending == "csv" else pl.read_parquet(out))
    assert frames[0].equals(frames[1])
    assert frames[0].height == expected
    assert frames[0].columns == [
        "SK_ID_CURR",
        "probability_of_default",
        "score",
        "grade",
        "decision",
        *(f"reason_{n}" for n in range(1, 5)),
        "model_version",
    ]
    refused = home_credit("score", "--tables", portfolio, "--models", models, "--out", tmp_path / "out.txt")
    assert refused.returncode == 2


def test_a_history_that_is_not_there_means_that_nobody_has_it(
    tables: Path, models: Path, tmp_path: Path
) -> None:
    (tables / "credit_card_balance.parquet").unlink()
    ran = home_credit("score", "--tables", tables, "--models", models, "--out", tmp_path / "out.csv")
    assert ran.returncode == 0, ran.stderr


def test_no_model_is_our_fault(tmp_path: Path, portfolio: Path) -> None:
    ran = home_credit("score", "--tables", portfolio, "--models", tmp_path, "--out", tmp_path / "out.csv")
    assert ran.returncode == 1
    assert ran.stderr.startswith("home-credit: no model")


def test_a_registry_without_models_is_one_line_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(tmp_path / "empty"))
    ran = home_credit("rollback")
    assert ran.returncode == 1, ran.stderr
    assert "no model is registered as" in ran.stderr.strip().splitlines()[-1]
    # The same registry, in this process, to save the imports of another one.
    result = CliRunner().invoke(app, ["promote", "--tables", str(tmp_path)])
    assert isinstance(result.exception, RegistryError)
    assert "no model is registered as" in str(result.exception)
