"""Decisions counted by day on SQLite and PostgreSQL: always what a count over the entries gives."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.errors import BrokenRecordError
from home_credit.ledger.daily_counts import Cell
from home_credit.ledger.records import Idempotency
from home_credit.schemas import DecisionQuery
from support.assessments import a_decision
from support.databases import drop_everything, execute, rows_1_0, upgrade_to, write_1_0
from support.ledgers import open_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.ledger import Ledger
    from home_credit.ledger.records import DecisionContent

BEGINNING, END = date(1970, 1, 1), date(9999, 12, 31)
Counts = dict[Cell, tuple[int, Any]]

contents = st.builds(
    lambda decision, grade, simulation, probability: _content(
        decision, grade, probability, simulation=simulation
    ),
    st.sampled_from(["approved", "review", "declined"]),
    st.sampled_from("ABCG"),
    st.booleans(),
    st.floats(0, 1),
)


def _content(decision: str, grade: str, probability: float, *, simulation: bool) -> DecisionContent:
    content = a_decision(simulation=simulation)
    changed = {"decision": decision, "grade": grade, "probability_of_default": probability}
    return content.model_copy(update={"assessment": content.assessment.model_copy(update=changed)})


def _counted(ledger: Ledger) -> Counts:
    found = ledger.daily_counts(BEGINNING, END)
    assert [cell for cell, _ in found] == sorted(cell for cell, _ in found)
    return {cell: (count.decisions, count.mean_probability) for cell, count in found}


def _found(ledger: Ledger) -> Counts:
    """The counts made from every recorded decision, without the table."""
    probabilities: defaultdict[Cell, list[float]] = defaultdict(list)
    page = ledger.search(DecisionQuery(limit=200))
    while True:
        for entry, _ in page.found:
            said, day = entry.assessment, entry.recorded_at.date().isoformat()
            probabilities[Cell(day, said.decision, said.grade, entry.simulation)].append(
                said.probability_of_default
            )
        if page.next is None:
            break
        page = ledger.search(DecisionQuery(limit=200, cursor=page.next))
    return {
        key: (len(each), pytest.approx(sum(each) / len(each), abs=1e-9))
        for key, each in probabilities.items()
    }


def test_daily_counts_are_a_count_over_the_entries(ledger: Ledger) -> None:
    @settings(max_examples=25)
    @given(groups=st.lists(st.lists(contents, max_size=12), max_size=4))
    def check(groups: list[list[DecisionContent]]) -> None:
        for group in groups:
            ledger.append_many(group)
        assert _counted(ledger) == _found(ledger)

    check()
    ledger.verify()


def test_only_the_days_asked_for_are_read(ledger: Ledger) -> None:
    recorded = ledger.append(a_decision()).recorded_at.date()
    assert len(ledger.daily_counts(recorded, recorded)) == 1
    assert ledger.daily_counts(BEGINNING, date.fromordinal(recorded.toordinal() - 1)) == []
    assert ledger.daily_counts(date.fromordinal(recorded.toordinal() + 1), END) == []


def test_a_repeated_request_is_counted_once(ledger: Ledger) -> None:
    idempotency = Idempotency.of("caller", "key", b"request")
    repeated = a_decision().model_copy(update={"idempotency": idempotency})
    ledger.append_many([repeated, a_decision(), repeated])
    ledger.append(repeated)
    assert sum(decisions for decisions, _ in _counted(ledger).values()) == 2
    ledger.verify()


def test_the_ledger_is_verified_while_decisions_are_counted(url: str, ledger: Ledger) -> None:
    done = threading.Event()

    def append() -> None:
        other = open_ledger(url)
        while not done.is_set():
            other.append_many([a_decision(), a_decision(simulation=True)])
        other.close()

    writers = [threading.Thread(target=append) for _ in range(2)]
    for writer in writers:
        writer.start()
    verified = set[int]()
    try:
        while len(verified) < 4:
            assert all(writer.is_alive() for writer in writers)
            verified.add(ledger.verify())
    finally:
        done.set()
        for writer in writers:
            writer.join()
    ledger.verify()
    assert _counted(ledger) == _found(ledger)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE daily_counts SET decisions = decisions + 1 WHERE grade = 'A'",
        "UPDATE daily_counts SET billionths = billionths - 1 WHERE grade = 'A'",
        "UPDATE daily_counts SET last_sequence = last_sequence - 1 WHERE grade = 'A'",
        "UPDATE daily_counts SET last_sequence = 99 WHERE grade = 'A'",
        "UPDATE daily_counts SET grade = 'C' WHERE grade = 'A'",
        "UPDATE daily_counts SET day = '2020-01-01' WHERE grade = 'A'",
        "DELETE FROM daily_counts WHERE grade = 'A'",
        "DELETE FROM daily_counts",
        "INSERT INTO daily_counts VALUES ('2020-01-01', 'approved', 'A', false, 1, 1, 1)",
    ],
)
def test_changed_counts_are_found(url: str, ledger: Ledger, change: str) -> None:
    ledger.append_many([_content("approved", grade, 0.1, simulation=False) for grade in "AABA"])
    assert ledger.verify() == 4
    execute(url, change)
    with pytest.raises(BrokenRecordError, match="daily counts"):
        ledger.verify()


def test_a_migration_counts_the_decisions_there_are(url: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write_1_0(url)
    ledger = open_ledger(url)
    counted = _counted(ledger)
    assert counted == _found(ledger)
    assert sum(decisions for decisions, _ in counted.values()) == len(rows_1_0("decisions"))
    ledger.append_many([a_decision(), a_decision(simulation=True)])
    ledger.verify()
    ledger.close()

    # As a ledger of the revision before the counts is.
    drop_everything(url)
    write_1_0(url)
    upgrade_to(url, "0003")
    ledger = open_ledger(url)
    assert _counted(ledger) == counted == _found(ledger)
    ledger.append(a_decision())
    assert {cell.day for cell, _ in ledger.daily_counts(BEGINNING, END)} >= {
        datetime.now(UTC).date().isoformat()
    }
    ledger.verify()
    ledger.close()
