"""The list of decisions on SQLite and PostgreSQL: filters, pages, and the indexes that answer them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import insert

from home_credit.errors import BrokenRecordError
from home_credit.ledger.chain import Head, entry_hash, sha256
from home_credit.ledger.drafts import draft_decision
from home_credit.ledger.records import FORMAT, DecisionContent, ReviewContent, timestamp
from home_credit.ledger.schema import decisions, payload_keys
from home_credit.ledger.search import page
from home_credit.schemas import DecisionQuery
from support.assessments import a_decision
from support.databases import engine_of, execute
from support.ledgers import KEYS, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.ledger import Ledger

REVIEW = ReviewContent(reviewer="A. Martin", decision="approved", reason="Guarantor found")
KINDS = ("approved", "review", "declined")
START = datetime(2026, 11, 1, tzinfo=UTC)


def _content(applicant: int, decision: str, grade: str, *, simulation: bool = False) -> DecisionContent:
    content = a_decision(applicant, simulation=simulation)
    assessment = content.assessment.model_copy(update={"decision": decision, "grade": grade})
    return content.model_copy(update={"assessment": assessment})


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """A ledger of 48 decisions of four applicants; every third referral is reviewed."""
    opened = open_ledger(url)
    contents = [
        _content(applicant, decision, grade, simulation=simulation)
        for simulation, applicant, decision, grade in product((False, True), range(1, 5), KINDS, "CD")
    ]
    referred = [
        entry.decision_id
        for entry in opened.append_many(contents)
        if entry.assessment.decision == "review" and not entry.simulation
    ]
    for decision_id in referred[::3]:
        opened.review(decision_id, REVIEW)
    yield opened
    opened.close()


def _everything(ledger: Ledger) -> list[tuple[Any, str]]:
    """Every decision with the state of its review, the newest first, found without a search."""
    histories = [ledger.read(str(line["decision_id"])) for line in _payloads(ledger)]
    states = []
    for history in histories:
        waits = history.decision.assessment.decision == "review" and not history.decision.simulation
        states.append("reviewed" if history.reviews else "open" if waits else "none")
    found = zip((history.decision for history in histories), states, strict=True)
    return list(found)[::-1]


def _payloads(ledger: Ledger) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [line for line in ledger.export() if line["chain"] == "decisions"]
    return [line["record"] for line in lines]


def _pages(ledger: Ledger, query: DecisionQuery) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    cursor: str | None = None
    while True:
        answer = ledger.search(query.model_copy(update={"cursor": cursor}))
        assert len(answer.found) <= query.limit
        found += [(each.entry.decision_id, each.review) for each in answer.found]
        cursor = answer.next
        if cursor is None:
            return found
        assert len(answer.found) == query.limit


queries = st.builds(
    DecisionQuery,
    applicant=st.none() | st.integers(1, 5),
    decision=st.none() | st.sampled_from(KINDS),
    grade=st.none() | st.sampled_from("CDE"),
    review=st.none() | st.sampled_from(["none", "open", "reviewed"]),
    order=st.sampled_from(["newest", "oldest"]),
    limit=st.integers(1, 60),
)


def test_pages_are_what_a_walk_over_all_decisions_finds(ledger: Ledger) -> None:
    everything = _everything(ledger)
    assert {state for _, state in everything} == {"none", "open", "reviewed"}
    moments = [entry.recorded_at for entry, _ in everything]

    @settings(max_examples=40)
    @given(
        query=queries,
        bounds=st.tuples(st.none() | st.sampled_from(moments), st.none() | st.sampled_from(moments)),
    )
    def check(query: DecisionQuery, bounds: tuple[datetime | None, datetime | None]) -> None:
        since, until = bounds
        wanted = [
            (entry.decision_id, state)
            for entry, state in everything
            if query.applicant in {None, entry.applicant_id}
            and query.decision in {None, entry.assessment.decision}
            and query.grade in {None, entry.assessment.grade}
            and query.review in {None, state}
            and (since is None or entry.recorded_at >= since)
            and (until is None or entry.recorded_at < until)
        ]
        if query.order == "oldest":
            wanted.reverse()
        assert _pages(ledger, query.model_copy(update={"since": since, "until": until})) == wanted

    check()


def test_decisions_recorded_between_two_pages_move_nothing(ledger: Ledger) -> None:
    before = [entry.decision_id for entry, _ in _everything(ledger)]
    first = ledger.search(DecisionQuery(limit=10))
    ledger.append_many([_content(9, "approved", "A")] * 5)
    rest = ledger.search(DecisionQuery(limit=200, cursor=first.next))
    assert [each.entry.decision_id for each in (*first.found, *rest.found)] == before


def test_a_changed_decision_is_not_listed_as_if_it_were_whole(url: str, ledger: Ledger) -> None:
    execute(url, "UPDATE decisions SET grade = 'A' WHERE sequence = 7")
    assert len(ledger.search(DecisionQuery(limit=40)).found) == 40
    with pytest.raises(BrokenRecordError, match="record 7 .* column grade"):
        ledger.search(DecisionQuery(grade="A"))


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE decisions SET review = NULL WHERE review = 'open'", "column review does not match"),
        ("UPDATE decisions SET review = 'open' WHERE decision = 'approved'", "column review does not match"),
        ("UPDATE decisions SET review = 'other' WHERE sequence = 1", "column review does not match"),
        (
            "UPDATE decisions SET review = 'reviewed' WHERE sequence = 1",
            "record 1 was changed: its column review is not",
        ),
        ("UPDATE decisions SET review = 'open' WHERE review = 'reviewed'", "of reviews record 1 was changed"),
    ],
)
def test_a_changed_state_of_a_review_is_found(
    url: str, ledger: Ledger, statement: str, complaint: str
) -> None:
    records = ledger.verify()
    assert execute(url, statement) >= 1
    with pytest.raises(BrokenRecordError, match=complaint):
        ledger.verify()
    assert records == 51


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"cursor": "1"},
        {"cursor": "x-1"},
        {"cursor": "1-" + "9" * 19},
        {"decision": "refused"},
        {"review": "closed"},
        {"grade": "D' OR 1=1"},
        {"applicant": 2**63},
        {"from": "2026-01-01T00:00:00"},
    ],
)
def test_a_query_that_cannot_be(query: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DecisionQuery.model_validate(query)


@pytest.mark.parametrize("cursor", ["0-0", "9" * 17 + "-" + "9" * 18])
def test_a_cursor_from_nowhere(ledger: Ledger, cursor: str) -> None:
    assert len(ledger.search(DecisionQuery(cursor=cursor, limit=200)).found) in {0, 48}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (DecisionQuery(), "ix_decisions_recorded_at"),
        (DecisionQuery(cursor=f"{1_793_000_000_000_000}-5000"), "ix_decisions_recorded_at"),
        (DecisionQuery(since=START, until=START + timedelta(seconds=9)), "ix_decisions_recorded_at"),
        (DecisionQuery(applicant=17), "ix_decisions_applicant_id"),
        (DecisionQuery(applicant=17, decision="approved"), "ix_decisions_applicant_id"),
        (DecisionQuery(decision="declined"), "ix_decisions_decision"),
        (DecisionQuery(grade="A"), "ix_decisions_grade"),
        (DecisionQuery(review="open"), "ix_decisions_review"),
        (DecisionQuery(review="open", order="oldest"), "ix_decisions_review"),
        (DecisionQuery(review="open", order="oldest", cursor="1793000000000000-5000"), "ix_decisions_review"),
        (DecisionQuery(review="reviewed", cursor="1793000000000000-5000"), "ix_decisions_review"),
    ],
)
def test_an_index_answers_without_a_sort(url: str, query: DecisionQuery, index: str) -> None:
    open_ledger(url).close()
    _fill(url, 6000)
    with engine_of(url).connect() as connection:
        kind = connection.dialect.name
        statement = page(query).compile(connection.engine, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if kind == "sqlite" else "EXPLAIN"
        plan = "\n".join(
            str(row) for row in connection.exec_driver_sql(f"{explain} {statement}".replace("%", "%%"))
        )
    assert index in plan, plan
    assert "SCAN decisions" not in plan.replace("SCAN decisions USING INDEX", ""), plan
    assert "TEMP B-TREE" not in plan and "Seq Scan" not in plan, plan


def _fill(url: str, count: int) -> None:
    """Insert decisions: a declined and a grade A are rare, and few reviews are open."""
    head, rows, wrapped = Head(0, "0" * 64), [], []
    for number in range(count):
        decision = "declined" if number % 50 == 0 else "review" if number % 40 == 1 else "approved"
        draft = draft_decision(_content(number % 3000, decision, "A" if number % 60 == 0 else "D"))
        time = timestamp(START + timedelta(seconds=number))
        payload = draft.recorded(time)
        own = entry_hash("decisions", number + 1, head.hash, sha256(payload), key=KEYS.current)
        place = {"sequence": number + 1, "format": FORMAT, "previous_hash": head.hash, "hash": own}
        row = {**draft.columns, **place, "recorded_at": time, "payload": payload, "bundle": draft.bundle}
        rows.append({**row, "key_id": KEYS.current.id})
        assert draft.key is not None
        wrapped.append({"sequence": number + 1, "wrapped": draft.key.wrapped(KEYS.current)})
        head = Head(number + 1, own)
    with engine_of(url).begin() as connection:
        connection.execute(insert(decisions), rows)
        connection.execute(insert(payload_keys), wrapped)
        reviewed = "UPDATE decisions SET review = 'reviewed' WHERE review = 'open' AND sequence % 3 = 0"
        connection.exec_driver_sql(
            reviewed.replace("%", "%%") if connection.dialect.name != "sqlite" else reviewed
        )
        connection.exec_driver_sql("ANALYZE")
