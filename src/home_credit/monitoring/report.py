"""The drift report (a page by Evidently, imported here only) and the verdict in JSON."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.io
import polars as pl
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations import data_drift
from evidently.legacy.calculations.stattests.registry import StatTest, register_stattest
from evidently.legacy.core import ColumnType
from evidently.metrics import column_statistics
from evidently.presets import DataDriftPreset, DataSummaryPreset

from home_credit.monitoring.causes import FALSE_ALARMS
from home_credit.monitoring.drift import verdict
from home_credit.monitoring.page import slim
from home_credit.monitoring.storing import store
from home_credit.monitoring.tables import read, reference_from, tally_of
from home_credit.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from evidently.core.datasets import DatasetColumn
    from evidently.legacy.calculations.data_drift import ColumnDataDriftMetrics
    from evidently.legacy.model.widget import BaseWidgetInfo

    from home_credit.monitoring.tables import Scoring, Side
    from home_credit.schemas.verdicts import StoredVerdict

REPORT = "evidently_full_report.html"
PREDICTION = "probability_of_default"
# The columns with a summary and a figure of their own, those first that changed or move decisions most; a browser draws
# all of them when the page is opened.
SUMMARISED = 20


def run(
    reference_dir: Path,
    current_dir: Path,
    out_dir: Path,
    progress: Progress = silent,
    *,
    scoring: Scoring | None = None,
    made_at: datetime | None = None,
) -> StoredVerdict:
    """Compare the applications of two folders of tables; write :data:`REPORT` and the verdict.

    The reference is the one folder's application_train, the current rows are the other's application_test;
    a folder that has only one of the two gives that one. The verdict uses all rows, and with ``scoring`` the scores of
    a sample; the report uses a sample.

    :raises TableError: a folder has neither table, or one that cannot be used.
    """
    before, now = read(reference_dir, current_dir, scoring, progress)
    reference = reference_from(before, scoring)
    policy = scoring.policy if scoring else None
    found = verdict(reference, tally_of(reference, now, scoring), made_at or _now(), policy)
    found = found.model_copy(update={"model_version": scoring.model.version if scoring else None})
    out_dir.mkdir(parents=True, exist_ok=True)
    stored = store(found, out_dir)
    progress("pages written", 0, 1)
    write_report(before, now, stored, out_dir / REPORT)
    progress("pages written", 1, 1)
    return stored


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def write_report(before: Side, now: Side, found: StoredVerdict, out: Path, max_rows: int = 5_000) -> Path:
    """Write one page, under 5 MB, that needs no network and starts with the verdict and its date.

    A column is marked as drifted where the verdict says so: both count by one rule. The table of drift has all columns,
    the summaries the probabilities and the first :data:`SUMMARISED` of the verdict. The figures show counts and moments
    of at most ``max_rows`` rows of each side, the same ones at each call, and no single rows. Columns without a value
    on one side are left out, since Evidently rejects them.
    """
    # Turns off Evidently's telemetry.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    names = [column.column for column in found.columns]
    sides = [_sample(side.rows.select(names), max_rows) for side in (before, now)]
    if before.probability is not None and now.probability is not None:
        probabilities = (before.probability, now.probability)
        sides = [
            rows.with_columns(pl.Series(PREDICTION, _spread(probability, len(rows))))
            for rows, probability in zip(sides, probabilities, strict=True)
        ]
    first, second = sides
    filled = [name for name in first.columns if first[name].count() and second[name].count()]
    numbers = [name for name in filled if first[name].dtype.is_numeric()]
    definition = DataDefinition(
        numerical_columns=numbers, categorical_columns=[name for name in filled if name not in numbers]
    )
    datasets = (
        Dataset.from_pandas(rows.select(filled).to_pandas(), data_definition=definition)
        for rows in (second, first)
    )
    summarised = [PREDICTION, *names][: SUMMARISED + 1]
    presets = [
        DataDriftPreset(method=_by_verdict(found), threshold=FALSE_ALARMS),
        DataSummaryPreset(columns=[name for name in summarised if name in filled]),
    ]
    with _plain_figures(), _once():
        page = Report(presets).run(*datasets).get_html_str(as_iframe=False)
    headline, basis = _headline(found)
    out.write_text(slim(page, headline, basis), encoding="utf-8")
    return out


def _by_verdict(found: StoredVerdict) -> str:
    """Register the verdict as a test of Evidently, which then marks the same columns, and return its name."""
    scores = [cause.p_value for cause in found.causes if cause.detector in {"scores", "mean_probability"}]
    known = {column.column: (column.p_value, column.status != "none") for column in found.columns}
    known[PREDICTION] = (min(scores, default=1.0), bool(scores))

    def test(
        _reference: pd.Series, current: pd.Series, _kind: ColumnType, _level: float
    ) -> tuple[float, bool]:
        return known[str(current.name)]

    name = "home_credit_verdict"
    kinds = [ColumnType.Numerical, ColumnType.Categorical]
    register_stattest(StatTest(name, "corrected p-value", kinds, FALSE_ALARMS), test)
    return name


def _headline(found: StoredVerdict) -> tuple[str, str]:
    assert found.summary is not None  # noqa: S101  # for mypy: a verdict made here has one
    headline, rest = found.summary.en.split(": ")
    drifted = sum(column.status != "none" for column in found.columns)
    moment = f"{found.made_at:%d %B %Y, %H:%M} UTC" if found.made_at else "an unknown time"
    return headline, (
        f"{rest.capitalize()}. {drifted} of {len(found.columns)} columns changed by more than chance (corrected for"
        f" {found.tests} tests), {found.reference_rows:,} reference rows against {found.current_rows:,}. Made on"
        f" {moment}."
    )


def _spread(probability: np.ndarray, size: int) -> np.ndarray:
    """Return ``size`` of the probabilities: their distribution, in no order that belongs to the rows."""
    return np.random.default_rng(0).permutation(probability)[:size]


def _sample(rows: pl.DataFrame, at_most: int) -> pl.DataFrame:
    return rows if len(rows) <= at_most else rows.sample(at_most, seed=0)


@contextmanager
def _plain_figures() -> Iterator[None]:
    """Leave Plotly's theme out of the figures; repeated in hundreds of them, it is half of the page."""
    with _replaced(plotly.io.templates, "default", "none"):
        yield


@contextmanager
def _once() -> Iterator[None]:
    """Let Evidently compute the drift of a column once and draw its distribution once.

    It computes the drift for the count of drifted columns, for the table and for a figure of the column that the page
    does not show, and draws the distribution for each statistic, of which the page shows one.
    """
    computing, drawing = data_drift.get_one_column_drift, column_statistics.distribution
    computed: dict[str, ColumnDataDriftMetrics] = {}
    drawn: dict[str, list[BaseWidgetInfo]] = {}

    def drift_once(*, column_name: str, **others: Any) -> ColumnDataDriftMetrics:
        if column_name not in computed:
            computed[column_name] = computing(column_name=column_name, **others)
        return computed[column_name]

    def distribution_once(
        title: str, current: DatasetColumn, reference: DatasetColumn | None
    ) -> list[BaseWidgetInfo]:
        name = str(current.data.name)
        if name not in drawn:
            drawn[name] = drawing(title, current, reference)
        return [widget.copy() for widget in drawn[name]]

    with (
        _replaced(data_drift, "get_one_column_drift", drift_once),
        _replaced(column_statistics, "get_one_column_drift", drift_once),
        _replaced(column_statistics.ValueDriftCalculation, "_render", lambda *_: []),
        _replaced(column_statistics, "distribution", distribution_once),
    ):
        yield


@contextmanager
def _replaced(owner: object, name: str, by: object) -> Iterator[None]:
    """Set an attribute for as long as the block lasts."""
    before = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, before)
