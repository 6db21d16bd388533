"""Monitoring of what was decided: counted from a ledger day by day, resumed, and told since when."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from home_credit.cli.main import app
from home_credit.default_risk.manifest import Manifest
from home_credit.errors import EmptyTableError, UsageError
from home_credit.ledger import Ledger
from home_credit.monitoring import recorded, storing
from home_credit.monitoring.build import reference_of
from home_credit.monitoring.drift import verdict
from home_credit.monitoring.recorded import RecordedWindow
from home_credit.monitoring.reference import Reference
from home_credit.monitoring.tally import Tally
from home_credit.policy import Costs, Policy
from support.applications import applications
from support.assessments import a_decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.ledger.records import DecisionContent, DecisionEntry

MODELS = Path(__file__).parents[2] / "models"
POLICY = Policy.of(Costs())
TODAY = datetime.now(UTC).date()


def _content(applicant: int, version: str, probability: float, **columns: Any) -> DecisionContent:
    content = a_decision(applicant, **columns)
    said = content.assessment.model_copy(update={"probability_of_default": probability})
    return content.model_copy(update={"assessment": said, "model_version": version})


def _decisions(count: int, version: str) -> list[DecisionContent]:
    chance = np.random.default_rng(3)
    return [
        _content(100_001 + number, version, float(chance.beta(2, 20)), AMT_CREDIT=float(100_000 + number))
        for number in range(count)
    ]


class CountingLedger:
    """A ledger that counts how often it is read."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self.reads = ledger, 0

    def count(self, since: datetime, until: datetime) -> int:
        self.reads += 1
        return self._ledger.count(since, until)

    def decided(
        self, since: datetime, until: datetime, *, one_in: int | None = None
    ) -> Iterator[DecisionEntry]:
        return self._ledger.decided(since, until, one_in=one_in)


def test_decisions_are_counted_with_their_rows_and_simulations_are_not(ledger: Ledger) -> None:
    reference, version = Reference.of_model(MODELS), Manifest.read(MODELS).model_version
    ledger.append_many(_decisions(40, version))
    ledger.append_many([a_decision(7, simulation=True), _content(8, "another model", 0.9)])
    total = RecordedWindow(ledger, reference, POLICY, version).count(TODAY - timedelta(1), TODAY).total
    assert (total.rows, total.scored) == (41, 40)
    place = reference.layout.slices()["bureau"]
    one = reference.columns[[column.name for column in reference.columns].index("bureau")].bins
    assert total.cells[place][one.codes(pl.Series([1]))[0]] == 41
    assert total.repeated == 0


def test_a_verdict_on_decisions_is_stored_and_tells_what_changed(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append_many(_decisions(200, Manifest.read(MODELS).model_version))
    with pytest.raises(EmptyTableError):
        recorded.run(ledger, MODELS, POLICY, tmp_path, first=date(2020, 1, 1), last=date(2020, 1, 2))
    found = recorded.run(ledger, MODELS, POLICY, tmp_path, first=TODAY - timedelta(2), last=TODAY)
    # These applications have three columns only, all others are missing.
    assert found.alarm
    assert found.source == "ledger"
    assert found.window == (TODAY, TODAY)
    assert ("missing", "NAME_CONTRACT_TYPE") in {(cause.detector, cause.subject) for cause in found.causes}
    assert found.performance is not None
    assert not found.performance.reliable
    assert found.advice is not None
    assert found.advice.en.startswith("Look at the source")

    assert storing.acknowledge(tmp_path, "a.person", "a test") == sum(c.material for c in found.causes)
    again = recorded.run(ledger, MODELS, POLICY, tmp_path, first=TODAY - timedelta(2), last=TODAY)
    assert not again.alarm
    assert again.acknowledged
    # Another change: the alarm is raised again.
    ledger.append_many(_decisions(200, Manifest.read(MODELS).model_version))
    changed = recorded.run(ledger, MODELS, POLICY, tmp_path, first=TODAY - timedelta(2), last=TODAY)
    assert changed.alarm
    assert "repeated" in {c.subject for c in changed.causes if c.material and not c.acknowledged}
    assert len(changed.trend) <= 3


def test_the_command_compares_the_ledger_and_ends_with_3_on_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with closing(Ledger.open(url)) as ledger:
        ledger.append_many(_decisions(200, Manifest.read(MODELS).model_version))
    monkeypatch.setenv("HOME_CREDIT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("HOME_CREDIT_MODELS", str(MODELS))
    run = CliRunner().invoke
    assert isinstance(run(app, ["drift"]).exception, UsageError)
    assert isinstance(run(app, ["drift", "--ledger", url, "--current", "x"]).exception, UsageError)
    alarm = run(app, ["drift", "--ledger", url, "--days", "2"])
    assert alarm.exit_code == 3, alarm.output
    assert "Drift alarm" in alarm.stdout
    assert "Look at the source" in alarm.stdout
    assert run(app, ["acknowledge", "--by", "a.person", "--note", "a test"]).exit_code == 0
    assert run(app, ["drift", "--ledger", url, "--days", "2"]).exit_code == 0


def test_a_day_that_is_over_is_read_once(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append_many(_decisions(5, "test-1"))
    counting = CountingLedger(ledger)
    window = RecordedWindow(counting, Reference.of_model(MODELS), POLICY, "test-1", tmp_path)
    first = window.count(TODAY - timedelta(3), TODAY)
    assert counting.reads == 4
    second = window.count(TODAY - timedelta(3), TODAY)
    assert counting.reads == 5, "only today is counted again"
    assert (first.total.cells == second.total.cells).all()
    assert (first.total.sums == second.total.sums).all()


def test_the_day_of_a_change_is_told() -> None:
    reference = reference_of(applications(20_000, 1))
    tally, begin = Tally(reference.layout), date(2026, 11, 1)
    for number in range(20):
        rows = applications(300, 10 + number)
        if number >= 13:
            rows = rows.with_columns(pl.col("EXT_SOURCE_2") * 0.8)
        tally.add(rows, begin + timedelta(number))
    causes = verdict(reference, tally).causes
    assert {cause.subject for cause in causes} == {"EXT_SOURCE_2"}
    assert {cause.since for cause in causes} == {date(2026, 11, 14)}
