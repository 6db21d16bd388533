"""The committed drift report is the one that the demo portfolio of `make up` gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from home_credit.monitoring.report import REPORT, run
from home_credit.monitoring.tables import Scoring
from home_credit.monitoring.verdict import stored_verdict
from home_credit.policy import Costs
from home_credit.services import DEMO_APPLICANTS, DEMO_SEED
from home_credit.synthetic import write_demo

ROOT = Path(__file__).parents[2]
# Of the widgets and figures, drawn anew for each page.
IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


@pytest.mark.slow
def test_the_committed_report_is_that_of_the_demo_portfolio(tmp_path: Path) -> None:
    committed = stored_verdict(ROOT / "reports")
    portfolio, reports = tmp_path / "demo", tmp_path / "reports"
    write_demo(portfolio, DEMO_APPLICANTS, DEMO_SEED)
    scoring = Scoring.of(ROOT / "models", Costs())
    assert scoring is not None
    made = run(portfolio, portfolio, reports, scoring=scoring, made_at=committed.made_at)
    assert _rounded(made.model_dump()) == _rounded(committed.model_dump())
    assert _parts(reports / REPORT) == _parts(ROOT / "reports" / REPORT)


def _rounded(value: Any) -> Any:
    """Return nested values with floats of eight digits: the last bits of a sum depend on how threads divide it."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.8g}") if isinstance(value, float) else value


def _parts(page: Path) -> list[str]:
    """Return what a page holds in no order: Evidently lists the values of a column in any."""
    return sorted(re.split(r"[\[\],{}]", IDS.sub("", page.read_text("utf-8"))))


def test_the_committed_page_and_verdict_count_alike() -> None:
    verdict, page = stored_verdict(ROOT / "reports"), (ROOT / "reports" / REPORT).read_text("utf-8")
    drifted = sum(column.status != "none" for column in verdict.columns)
    assert f"{drifted} of {len(verdict.columns)} columns changed by more than chance" in page
    assert f"{verdict.made_at:%d %B %Y, %H:%M} UTC" in page
    # Evidently's own count, over the columns that have values and the prediction.
    told = re.search(r"Drift is detected for [0-9.]+% of columns \((\d+) out of \d+\)", page)
    assert told is not None
    scores = any(cause.detector in {"scores", "mean_probability"} for cause in verdict.causes)
    assert int(told[1]) == drifted + scores
    assert len(page.encode()) < 5_000_000
