"""The drift report: no applicant's row in it, and no connection made to write it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit.monitoring.report import write_report
from support.applications import applications
from support.windows import drift, side

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def connections() -> list[object]:
    """Addresses that this process connected to, from now on (an audit hook stays; the list is per test)."""
    addresses: list[object] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect":
            addresses.append(arguments[1])

    sys.addaudithook(watch)
    return addresses


def test_report_holds_no_row_and_asks_nobody(tmp_path: Path, connections: list[object]) -> None:
    reference, current = applications(60, 1), applications(40, 2)
    reference = reference.with_columns(CODE_GENDER=pl.lit("</script><b>"))
    verdict = drift(reference, current)
    path = write_report(side(reference), side(current), verdict, tmp_path / "report.html", max_rows=50)
    page = path.read_text(encoding="utf-8")

    assert connections == []
    assert path.stat().st_size < 5_000_000
    assert "Drift alarm" in page
    assert "AMT_CREDIT" in page
    assert "</script><b>" not in page
    # Amounts in the order of the file would reveal rows; sampled, binned and rounded ones do not.
    series = ",".join(f"{value:.4g}" for value in current["AMT_CREDIT"][:3])
    assert series not in page
    assert "(mean)" not in page
    assert not any(str(applicant) in page for applicant in current["SK_ID_CURR"])
