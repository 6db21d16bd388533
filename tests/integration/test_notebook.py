"""The drift notebook runs as committed, from the root and from its own folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import numpy as np
import polars as pl
import pytest
from nbclient import NotebookClient

from home_credit.errors import MissingTableError
from home_credit.monitoring.report import REPORT, run
from home_credit.monitoring.verdict import VERDICT
from home_credit.tables.frames import polars_type
from home_credit.tables.schema import APPLICATION, ID, TARGET, table

if TYPE_CHECKING:
    from home_credit.tables.schema import Column

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "04_Drift_Evidently.ipynb"


def _values(column: Column, rows: int, random: np.random.Generator) -> pl.Series:
    if column.values:
        drawn = random.choice(np.array(column.values, dtype=object), rows).tolist()
    else:
        drawn = random.uniform(column.minimum, column.maximum, rows).tolist()
        if column.dtype == "integer":
            drawn = [int(value) for value in drawn]
    return pl.Series(column.name, drawn, strict=False).cast(polars_type(column))


def _applications(rows: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    drawn = pl.DataFrame([_values(column, rows, random) for column in table(APPLICATION).columns.values()])
    drawn = drawn.with_columns(DAYS_EMPLOYED=pl.max_horizontal("DAYS_EMPLOYED", "DAYS_BIRTH"))
    return drawn.with_columns(pl.Series(ID, range(seed * 1_000 + 1, seed * 1_000 + rows + 1), pl.Int64))


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    train = _applications(160, 1).with_columns(pl.lit(0, pl.Int64).alias(TARGET))
    train.write_parquet(folder / "application_train.parquet")
    # Contracts of one kind only, as where a product is withdrawn.
    _applications(120, 2).with_columns(NAME_CONTRACT_TYPE=pl.lit("Cash loans")).write_parquet(
        folder / "application_test.parquet"
    )
    return folder


@pytest.mark.slow
def test_notebook_writes_report_and_verdict(tables: Path, tmp_path: Path) -> None:
    notebook = nbformat.reads(NOTEBOOK.read_text(encoding="utf-8"), as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "committed without outputs"
    reports = tmp_path / "reports"
    surroundings = {"HOME_CREDIT_PORTFOLIO": str(tables), "HOME_CREDIT_REPORTS": str(reports)}
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    client.execute(env=os.environ | surroundings)

    page = (reports / REPORT).read_text(encoding="utf-8")
    assert "Drift alarm" in page
    assert len(page.encode()) < 5_000_000
    verdict = json.loads((reports / VERDICT).read_text(encoding="utf-8"))
    assert verdict["alarm"] is True
    assert verdict["columns"][0]["column"] == "NAME_CONTRACT_TYPE"
    assert verdict["columns"][0]["status"] == "major"
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))
    assert "Alerte de dérive" in printed


def test_one_folder_without_applications_is_named(tables: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(MissingTableError, match="application"):
        run(tables, empty, tmp_path / "reports")
    assert not (tmp_path / "reports").exists()
