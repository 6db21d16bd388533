"""The simulated history that the ledger of a demo begins with: the model's decisions, marked, chained, counted apart."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from home_credit import services
from home_credit.api.app import create_app
from home_credit.config import Settings
from home_credit.decisioning import history
from home_credit.decisioning.factory import decision_service
from home_credit.decisioning.requests import KnownRequest
from home_credit.ledger import Ledger
from home_credit.schemas import ApplicantQuery, DecisionQuery
from home_credit.schemas.portfolios import PortfolioQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.decisioning.service import DecisionService

ROOT = Path(__file__).parents[2]
SIZE = 40
NOW = datetime.now(UTC)


@contextmanager
def serving(applicants_url: str, folder: Path) -> Iterator[tuple[DecisionService, Ledger]]:
    """A decision service on the demo's applicants with the committed model, and its ledger."""
    settings = Settings(
        HOME_CREDIT_MODELS=ROOT / "models",
        HOME_CREDIT_MODEL_VERSIONS=folder / "models",
        applicants_url=applicants_url,
        database_url=f"sqlite:///{folder}/ledger.db",
    )
    with closing(Ledger.of(settings)) as ledger, decision_service(settings, ledger=ledger) as service:
        yield service, ledger


@pytest.fixture(scope="module")
def recorded(
    applicants_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DecisionService, Ledger]]:
    with serving(applicants_url, tmp_path_factory.mktemp("history")) as (service, ledger):
        planned = history.wanted(service, SIZE, NOW)
        assert list(history.record(service, planned, NOW)) == [10, 20, 30, 40]
        yield service, ledger


def test_each_record_says_that_it_is_simulated_and_when_it_stands(
    recorded: tuple[DecisionService, Ledger],
) -> None:
    service, ledger = recorded
    found = service.decisions(DecisionQuery(limit=200)).decisions
    assert len(found) == SIZE
    stands = [each.decided_at for each in found if each.decided_at]
    assert stands == sorted(stands, reverse=True)
    assert all(each.simulation and each.recorded_at >= NOW for each in found)
    assert NOW - timedelta(days=history.DAYS + 1) < min(stands) < max(stands) < NOW
    record = service.decision(found[0].decision_id)
    assert record.decision.decided_at == stands[0]
    assert service.replay(found[0].decision_id).identical
    assert ledger.verify() == SIZE + sum(len(service.decision(each.decision_id).reviews) for each in found)


def test_it_counts_as_no_decision_on_an_application(recorded: tuple[DecisionService, Ledger]) -> None:
    service, ledger = recorded
    long_ago, later = NOW - timedelta(days=1_000), NOW + timedelta(days=1)
    assert ledger.count(long_ago, later) == 0
    assert list(ledger.decided(long_ago, later)) == []
    counts = service.portfolio(PortfolioQuery()).counts
    assert all(each.simulation for each in counts)
    assert len({each.day for each in counts}) > SIZE / 3


def test_referred_cases_were_reviewed_or_wait(recorded: tuple[DecisionService, Ledger]) -> None:
    service, _ = recorded
    reviewed = service.decisions(DecisionQuery(review="reviewed")).decisions
    assert reviewed
    for each in reviewed:
        (review,) = service.decision(each.decision_id).reviews
        assert review.reviewer in history.REVIEWERS
        assert review.reason == history.REASON
    never = service.decisions(DecisionQuery(review="none", limit=200)).decisions
    assert all(each.decision != "review" for each in never)


def test_it_is_recorded_once(recorded: tuple[DecisionService, Ledger]) -> None:
    service, ledger = recorded
    before = ledger.verify()
    assert history.wanted(service, SIZE, NOW) == []
    known = service.applicants(ApplicantQuery(limit=history.CANDIDATES)).applicants
    assert list(history.record(service, history.plan(known, SIZE, NOW), NOW))[-1] == SIZE
    assert ledger.verify() == before


def test_one_that_was_interrupted_goes_on_and_a_ledger_in_use_has_none(
    applicants_url: str, tmp_path: Path
) -> None:
    with serving(applicants_url, tmp_path) as (service, ledger):
        planned = history.wanted(service, 20, NOW)
        groups = history.record(service, planned, NOW)
        assert next(groups) == 10
        service.decide_all([KnownRequest(planned[0].applicant_id)])
        assert history.wanted(service, 20, NOW) == planned
        assert list(history.record(service, planned, NOW)) == [10, 20]
        found = service.decisions(DecisionQuery(limit=200)).decisions
        assert sorted(each.simulation for each in found) == [False] + [True] * 20
        assert ledger.count(NOW - timedelta(days=1), NOW + timedelta(days=1)) == 1
    used = tmp_path / "used"
    used.mkdir()
    with serving(applicants_url, used) as (service, _):
        service.decide_all([KnownRequest(planned[0].applicant_id)])
        assert history.wanted(service, 20, NOW) == []


@given(
    st.integers(0, 2_000),
    st.integers(1, 300),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
)
def test_a_plan_lies_in_the_past_at_working_hours(known: int, size: int, now: datetime) -> None:
    planned = history.plan(range(known), size, now)
    assert len(planned) == min(known, size)
    assert len({each.applicant_id for each in planned}) == len(planned)
    assert [each.number for each in planned] == list(range(len(planned)))
    for each in planned:
        assert now - timedelta(days=history.DAYS + 1) < each.decided_at < now
        assert each.decided_at.weekday() < 5
        assert history.OPENS <= each.decided_at.hour < history.CLOSES


def test_make_up_asks_for_it_with_the_demo_portfolio_and_its_own_ledger_only(tmp_path: Path) -> None:
    demo = Settings.model_fields["portfolio"].default
    assert services._demo_variables(Settings(), demo) == {
        "HOME_CREDIT_DEMO_DECISIONS": str(services.DEMO_DECISIONS)
    }
    # The store holds what was loaded from elsewhere: these may be real persons.
    assert services._demo_variables(Settings(), tmp_path) == {}
    for chosen in ({"database_url": "sqlite:///mine.db"}, {"HOME_CREDIT_DEMO_DECISIONS": 0}):
        assert services._demo_variables(Settings.model_validate(chosen), demo) == {}


@pytest.mark.parametrize("api_key", [None, "k3y"])
def test_the_api_records_it_unless_a_key_is_set(
    applicants_url: str, tmp_path: Path, api_key: str | None
) -> None:
    settings = Settings(
        HOME_CREDIT_MODELS=ROOT / "models",
        HOME_CREDIT_MODEL_VERSIONS=tmp_path / "models",
        HOME_CREDIT_DEMO_DECISIONS=20,
        applicants_url=applicants_url,
        database_url=f"sqlite:///{tmp_path}/ledger.db",
        api_key=api_key,
    )
    with TestClient(
        create_app(settings),
        base_url="http://127.0.0.1",
        client=("127.0.0.1", 50000),
        headers={"X-API-Key": "k3y"},
    ) as client:
        deadline = time.monotonic() + (60 if api_key is None else 3)
        while len(found := client.get("/decisions").json()["decisions"]) < 20:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
    assert len(found) == (20 if api_key is None else 0)
    assert all(each["decided_at"] < each["recorded_at"] for each in found)
