"""Decisions of many callers at once: computed and recorded in groups, each with its own outcome."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from home_credit.config import Settings
from home_credit.decisioning.factory import decision_service
from home_credit.decisioning.pipeline import COMPUTED_TOGETHER, LARGE, Pipeline
from home_credit.decisioning.requests import Idempotency, KnownRequest, RawRequest
from home_credit.errors import BundleError, IdempotencyKeyError, LedgerError, UnknownApplicantError
from home_credit.examples import APPLICANT, BUNDLE
from home_credit.ledger import Ledger
from home_credit.schemas import Decision, PredictionRequest
from support.fakes import FakeApplicantStore, FakeScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from home_credit.decisioning.requests import DecisionRequest
    from home_credit.decisioning.service import DecisionService

WAIT = 30


class Counted(FakeScorer):
    """Remembers the number of bundles of each call, and fails for one score."""

    def __init__(self, *, poison: float | None = None) -> None:
        super().__init__()
        self.groups: list[int] = []
        self._poison = poison

    def assess(self, bundles: Sequence[Any], **options: Any) -> Any:
        self.groups.append(len(bundles))
        outcome = super().assess(bundles, **options)
        if any(bundle.application["EXT_SOURCE_2"] == self._poison for bundle in bundles):
            raise ZeroDivisionError
        return outcome


class Desk:
    """A pipeline with what it delivers, in the order in which it does."""

    def __init__(self, service: DecisionService, await_turn: Callable[[int], None] = lambda _: None) -> None:
        self.delivered: SimpleQueue[tuple[int, Decision | Exception]] = SimpleQueue()
        self.pipeline: Pipeline[int] = Pipeline(service, self._deliver, await_turn)

    def _deliver(self, outcomes: Sequence[tuple[int, Decision | Exception]]) -> None:
        for outcome in outcomes:
            self.delivered.put(outcome)

    def outcomes(self, number: int) -> dict[int, Decision | Exception]:
        return dict(self.delivered.get(timeout=WAIT) for _ in range(number))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(f"sqlite:///{tmp_path}/ledger.db")) as opened:
        yield opened


def service_of(scorer: FakeScorer, ledger: Any, settings: Settings) -> DecisionService:
    known: Any = FakeApplicantStore({APPLICANT: {**BUNDLE}})
    held: Any = scorer
    return decision_service(settings, scorer=held, applicants=known, ledger=ledger)


@pytest.fixture
def settings() -> Settings:
    return Settings()


def raw(score: float = 0.5, **options: Any) -> RawRequest:
    application: dict[str, Any] = {**BUNDLE["application"], "EXT_SOURCE_2": score}
    return RawRequest(lambda: PredictionRequest(application=application), **options)


def at_work(ledger: Ledger, settings: Settings) -> tuple[Counted, Desk]:
    """Return a scorer that waits with request 0 for ``may_answer``, and its desk, where what is submitted waits too."""
    scorer = Counted()
    scorer.may_answer.clear()
    desk = Desk(service_of(scorer, ledger, settings))
    desk.pipeline.submit(0, raw())
    assert scorer.waiting.acquire(timeout=WAIT)
    return scorer, desk


def test_what_waits_is_decided_together(ledger: Ledger, settings: Settings) -> None:
    scorer, desk = at_work(ledger, settings)
    for ticket in range(1, 2 * COMPUTED_TOGETHER + 1):
        desk.pipeline.submit(ticket, raw(ticket / 100))
    scorer.may_answer.set()
    outcomes = desk.outcomes(2 * COMPUTED_TOGETHER + 1)
    assert scorer.groups == [1, COMPUTED_TOGETHER, COMPUTED_TOGETHER]
    for ticket, outcome in outcomes.items():
        assert isinstance(outcome, Decision)
        assert outcome.probability_of_default == 1 - (ticket / 100 or 0.5)
        assert ledger.read(outcome.decision_id).decision.recorded_at == outcome.recorded_at
    assert ledger.verify() == len(outcomes)
    desk.pipeline.close()


def test_nothing_waits_for_the_rest_of_a_large_group(ledger: Ledger, settings: Settings) -> None:
    scorer, desk = at_work(ledger, settings)
    text = b" " * (LARGE + 1)
    for ticket in (1, 2, 3):
        desk.pipeline.submit(ticket, raw(text=text))
    scorer.may_answer.set()
    desk.outcomes(4)
    assert scorer.groups == [1, 1, 1, 1]
    desk.pipeline.close()


def test_rows_that_are_many_end_a_group(ledger: Ledger, settings: Settings) -> None:
    scorer, desk = at_work(ledger, settings)
    text = b" " * (LARGE // 3)
    for ticket in range(1, 10):
        desk.pipeline.submit(ticket, raw(text=text))
    scorer.may_answer.set()
    desk.outcomes(10)
    assert scorer.groups == [1, 4, 4, 1]
    desk.pipeline.close()


def test_a_group_is_filled_when_its_turn_has_come(ledger: Ledger, settings: Settings) -> None:
    scorer, turn, asked = Counted(), threading.Event(), SimpleQueue[int]()

    def await_turn(ticket: int) -> None:
        asked.put(ticket)
        assert turn.wait(WAIT)

    desk = Desk(service_of(scorer, ledger, settings), await_turn)
    desk.pipeline.submit(7, raw())
    assert asked.get(timeout=WAIT) == 7
    for ticket in range(3):
        desk.pipeline.submit(ticket, raw())
    turn.set()
    desk.outcomes(4)
    assert scorer.groups == [4]
    desk.pipeline.close()


def test_each_request_has_its_own_error(ledger: Ledger, settings: Settings) -> None:
    def unreadable() -> PredictionRequest:
        raise RecursionError

    requests: list[DecisionRequest] = [
        raw(),
        RawRequest(unreadable),
        KnownRequest(APPLICANT),
        KnownRequest(1),
        raw(7.0),
        raw(0.3),
        KnownRequest(APPLICANT, {"SK_ID_CURR": 5}),
        KnownRequest(APPLICANT, {}),
    ]
    scorer = Counted(poison=0.3)
    scorer.may_answer.clear()
    desk = Desk(service_of(scorer, ledger, settings))
    for ticket, request in enumerate(requests):
        desk.pipeline.submit(ticket, request)
    scorer.may_answer.set()
    outcomes = desk.outcomes(len(requests))
    kinds = [type(outcomes[ticket]) for ticket in range(len(requests))]
    assert kinds == [
        Decision,
        RecursionError,
        Decision,
        UnknownApplicantError,
        BundleError,
        ZeroDivisionError,
        BundleError,
        Decision,
    ]
    assert ledger.verify() == 3
    desk.pipeline.close()


def test_a_ledger_that_fails_fails_what_waits_and_nothing_after(ledger: Ledger, settings: Settings) -> None:
    class Failing:
        """A ledger that fails once."""

        failed = False

        def commit(self, drafts: Any) -> Any:
            if not self.failed:
                self.failed = True
                raise LedgerError("the disk is full")
            return ledger.commit(drafts)

    desk = Desk(service_of(FakeScorer(), Failing(), settings))
    desk.pipeline.submit(1, raw())
    assert isinstance(desk.outcomes(1)[1], LedgerError)
    desk.pipeline.submit(2, raw())
    assert isinstance(desk.outcomes(1)[2], Decision)
    assert ledger.verify() == 1
    desk.pipeline.close()


def test_a_repeated_request_gets_the_decision_recorded_first(ledger: Ledger, settings: Settings) -> None:
    desk = Desk(service_of(FakeScorer(), ledger, settings))
    key, other = (Idempotency.of("branch", "key", asked) for asked in (b"one", b"other"))
    for ticket, idempotency in enumerate((key, key, other, None)):
        desk.pipeline.submit(ticket, raw(idempotency=idempotency))
    first, again, differing, without = desk.outcomes(4).values()
    assert isinstance(first, Decision)
    assert again == first
    assert isinstance(differing, IdempotencyKeyError)
    assert isinstance(without, Decision)
    assert ledger.verify() == 2
    desk.pipeline.close()


def test_closing_finishes_what_was_taken(ledger: Ledger, settings: Settings) -> None:
    before = threading.active_count()
    desk = Desk(service_of(FakeScorer(), ledger, settings))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda ticket: desk.pipeline.submit(ticket, raw()), range(100)))
    desk.pipeline.close()
    assert desk.delivered.qsize() == 100
    assert ledger.verify() == 100
    assert threading.active_count() == before
    desk.pipeline.close()
    # It can be used again.
    desk.pipeline.submit(101, raw())
    desk.pipeline.close()
    assert desk.delivered.qsize() == 101
