"""Outcomes that arrive: joined with what was decided, by month and grade, against the estimate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from home_credit.errors import MissingColumnError, MissingTableError, TableError, WrongTypeError
from home_credit.monitoring import storing
from home_credit.monitoring.outcomes import read, realised
from home_credit.monitoring.simulated_outcomes import KNOWN_AFTER, draw
from home_credit.monitoring.verdict import stored_outcomes, stored_verdict
from home_credit.policy import Costs, Policy
from support.assessments import a_decision
from support.windows import drift

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.ledger import Ledger
    from home_credit.ledger.records import DecisionContent, DecisionEntry

POLICY = Policy.of(Costs())
BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _content(applicant: int, probability: float) -> DecisionContent:
    content = a_decision(applicant)
    changed = {"probability_of_default": probability, "decision": POLICY.decide(probability)}
    return content.model_copy(update={"assessment": content.assessment.model_copy(update=changed)})


def _recorded(ledger: Ledger, count: int = 600) -> list[DecisionEntry]:
    chance = np.random.default_rng(5)
    return ledger.append_many([
        _content(100_001 + number, float(chance.beta(1, 12))) for number in range(count)
    ])  # fmt: skip


def _file(folder: Path, entries: list[DecisionEntry], times: float, key: str) -> Path:
    """Write outcomes of all but the last hundred decisions; the odds of default are ``times`` those estimated."""
    chance = np.random.default_rng(6)
    p = np.array([entry.assessment.probability_of_default for entry in entries])
    target = (chance.random(len(p)) < times * p / (1 + (times - 1) * p)).astype(int).tolist()
    rows = pl.DataFrame({
        "decision_id": [entry.decision_id for entry in entries],
        "SK_ID_CURR": [entry.applicant_id for entry in entries],
        "TARGET": target[:-100] + [None] * 100,
    })  # fmt: skip
    path = folder / "outcomes.csv"
    rows.select(key, "TARGET").write_csv(path)
    return path


@pytest.mark.parametrize("key", ["decision_id", "SK_ID_CURR"])
def test_realised_performance_is_that_of_granted_loans(ledger: Ledger, tmp_path: Path, key: str) -> None:
    entries = _recorded(ledger)
    outcomes = read(_file(tmp_path, entries, 1.0, key))
    found = realised(outcomes, ledger.decided(BEGINNING, END), POLICY, "test-1")
    assert found is not None
    granted = [entry for entry in entries if entry.assessment.decision != "declined"]
    known = [entry for entry in granted if outcomes.of(entry) is not None]
    assert (found.decided, found.known) == (len(granted), len(known))
    assert found.default_rate.value == pytest.approx(np.mean([outcomes.of(entry) for entry in known]))
    assert found.estimate_holds
    assert found.auc is not None
    (vintage,) = found.vintages
    assert vintage.mature
    assert sum(grade.applicants for grade in found.grades) == len(known)
    assert realised(outcomes, ledger.decided(BEGINNING, END), POLICY, "another model") is None


def test_a_model_that_is_too_low_is_found_by_outcomes_alone(ledger: Ledger, tmp_path: Path) -> None:
    entries = _recorded(ledger)
    outcomes = read(_file(tmp_path, entries, 2.5, "decision_id"))
    found = realised(outcomes, ledger.decided(BEGINNING, END), POLICY, "test-1")
    assert found is not None
    assert not found.estimate_holds
    assert found.estimate_error < 0
    assert any(grade.verdict == "fail" for grade in found.grades)


def test_outcomes_are_stored_with_the_verdict_of_their_model(ledger: Ledger, tmp_path: Path) -> None:
    outcomes = read(_file(tmp_path, _recorded(ledger, 300), 1.0, "decision_id"))
    found = realised(outcomes, ledger.decided(BEGINNING, END), POLICY, "test-1")
    assert found is not None
    rows = pl.DataFrame({"AMT_CREDIT": np.arange(50.0)})
    verdict = drift(rows, rows).model_copy(update={"model_version": "test-1"})
    storing.store(verdict, tmp_path)
    storing.store_outcomes(found, tmp_path)
    assert stored_verdict(tmp_path).outcomes == found
    assert storing.store(verdict, tmp_path).outcomes == found
    other = verdict.model_copy(update={"model_version": "another"})
    assert storing.store(other, tmp_path).outcomes is None


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("TARGET\n1\n", MissingColumnError, "SK_ID_CURR"),
        ("SK_ID_CURR\n1\n", MissingColumnError, "TARGET"),
        ("SK_ID_CURR,TARGET\n1,0\n2,3\n", WrongTypeError, "row 2"),
        ("SK_ID_CURR,TARGET\nx,0\n", WrongTypeError, "SK_ID_CURR"),
        ("", TableError, "cannot be read"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, text: str, error: type[TableError], message: str
) -> None:
    path = tmp_path / "outcomes.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=message):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match="outcomes"):
        read(tmp_path / "outcomes.csv")


def test_simulated_outcomes_are_drawn_from_the_estimates_and_are_in_no_verdict(
    ledger: Ledger, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    stands = [now - timedelta(days=90 * number / 600) for number in range(600)]
    chance = np.random.default_rng(5)
    history = [
        _content(100_001 + number, float(chance.beta(1, 12))).model_copy(
            update={"simulation": True, "decided_at": moment}
        )
        for number, moment in enumerate(stands)
    ]
    ledger.append_many([*history, _content(1, 0.01)])
    drawn, entries = draw(ledger.simulated(), now)
    assert len(entries) == len(history)
    assert [entry.recorded_at for entry in entries] == stands
    known = [entry.decision_id for entry in entries if entry.recorded_at <= now - KNOWN_AFTER]
    assert list(drawn.known) == known
    found = realised(drawn, entries, POLICY, "test-1")
    assert found is not None
    assert found.estimate_holds
    assert len(found.vintages) > 2
    assert draw(ledger.simulated(), now)[0] == drawn

    storing.store(drift(pl.DataFrame({"AMT_CREDIT": [1.0]}), pl.DataFrame({"AMT_CREDIT": [1.0]})), tmp_path)
    verdict = stored_verdict(tmp_path).model_copy(update={"model_version": "test-1"})
    (tmp_path / "drift.json").write_text(verdict.model_dump_json(), encoding="utf-8")
    storing.store_outcomes(found.model_copy(update={"simulated": True}), tmp_path)
    assert stored_outcomes(tmp_path).simulated
    assert stored_verdict(tmp_path).outcomes is None
    assert storing.store(verdict, tmp_path).outcomes is None
    storing.store_outcomes(found, tmp_path)
    assert stored_verdict(tmp_path).outcomes == found
