"""The drift report (a page by Evidently, imported here only) and the verdict in JSON."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import plotly.io
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset, DataSummaryPreset

from home_credit.errors import MissingTableError
from home_credit.monitoring.drift import MODERATE, DriftVerdict, drift
from home_credit.monitoring.page import slim
from home_credit.monitoring.verdict import VERDICT
from home_credit.progress import Progress, silent
from home_credit.tables.schema import APPLICATION
from home_credit.tables.source import open_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from home_credit.tables.source import Split

REPORT = "evidently_full_report.html"


def run(reference_dir: Path, current_dir: Path, out_dir: Path, progress: Progress = silent) -> DriftVerdict:
    """Compare the applications of two folders of tables; write :data:`REPORT` and :data:`VERDICT`.

    The reference is the one folder's application_train, the current rows are the other's application_test;
    a folder that has only one of the two gives that one. The verdict uses all rows, the report a sample.

    :raises TableError: a folder has neither table, or one that cannot be used.
    """
    reference = _applications(reference_dir, "train", "test", progress)
    current = _applications(current_dir, "test", "train", progress)
    progress("columns compared", 0, reference.width)
    verdict = drift(reference, current)
    progress("columns compared", reference.width, reference.width)
    out_dir.mkdir(parents=True, exist_ok=True)
    progress("pages written", 0, 1)
    write_report(reference, current, verdict, out_dir / REPORT)
    progress("pages written", 1, 1)
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    document = json.dumps({"made_at": made_at, **verdict.document()}, indent=1)
    (out_dir / VERDICT).write_text(document + "\n", encoding="utf-8")
    return verdict


def write_report(
    reference: pl.DataFrame, current: pl.DataFrame, verdict: DriftVerdict, out: Path, max_rows: int = 5_000
) -> Path:
    """Write one page, under 5 MB, that needs no network and starts with the verdict.

    Its figures show counts and moments of at most ``max_rows`` rows of each side, the same ones at each call, and no
    single rows. Columns without a value on one side are left out, since Evidently rejects them.
    """
    # Turns off Evidently's telemetry.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    before, now = (
        rows.select(column.column for column in verdict.columns).pipe(_sample, max_rows)
        for rows in (reference, current)
    )
    filled = [name for name in before.columns if before[name].count() and now[name].count()]
    numbers = [name for name in filled if before[name].dtype.is_numeric()]
    definition = DataDefinition(
        numerical_columns=numbers, categorical_columns=[name for name in filled if name not in numbers]
    )
    samples = (
        Dataset.from_pandas(rows.select(filled).to_pandas(), data_definition=definition)
        for rows in (now, before)
    )
    presets = [DataDriftPreset(method="psi", threshold=MODERATE), DataSummaryPreset()]
    with _plain_figures():
        page = Report(presets).run(*samples).get_html_str(as_iframe=False)
    headline, basis = verdict.summary.split(": ")
    sampled = f"at most {max_rows:,} rows of each, chance not allowed for"
    below = f"{basis.capitalize()}, chance allowed for. Below: {sampled}."
    out.write_text(slim(page, headline, below), encoding="utf-8")
    return out


def _applications(directory: Path, wanted: Split, otherwise: Split, progress: Progress) -> pl.DataFrame:
    try:
        return _read(directory, wanted, progress)
    except MissingTableError:
        return _read(directory, otherwise, progress)


def _read(directory: Path, split: Split, progress: Progress) -> pl.DataFrame:
    with open_tables(directory, split, progress) as source:
        return source.frames[APPLICATION].collect()


def _sample(rows: pl.DataFrame, at_most: int) -> pl.DataFrame:
    return rows if len(rows) <= at_most else rows.sample(at_most, seed=0)


@contextmanager
def _plain_figures() -> Iterator[None]:
    """Leave Plotly's theme out of the figures; repeated in hundreds of them, it is half of the page."""
    theme = plotly.io.templates.default
    plotly.io.templates.default = "none"
    try:
        yield
    finally:
        plotly.io.templates.default = theme
