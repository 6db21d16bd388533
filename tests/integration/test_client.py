"""The API client against the real API: every answer comes as its model, every failure as one clear ApiError."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from home_credit.client import ApiClient
from home_credit.errors import ApiError
from home_credit.schemas import DecisionQuery
from support import fake_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.fake_model import RunningApi


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with fake_model.running(tmp_path_factory.mktemp("api")) as api:
        yield api


def test_every_answer_comes_as_its_model(running: RunningApi) -> None:
    with ApiClient(running.url) as api:
        assert api.health().status == "healthy"
        known = api.applicants(after=fake_model.APPROVED, limit=2)
        assert known.applicants == [fake_model.REVIEW, fake_model.DECLINED]
        assert (
            api.applicant(fake_model.REVIEW).bundle.application
            == fake_model.bundle(fake_model.REVIEW)["application"]
        )
        assert api.model() == running.scorer.facts
        taken = api.predict_applicant(fake_model.REVIEW)
        assert (taken.SK_ID_CURR, taken.decision) == (fake_model.REVIEW, "review")
        assert api.decision(taken.decision_id).decision == taken
        listed = api.decisions(DecisionQuery(applicant=fake_model.REVIEW, review="open", limit=1))
        assert [one.decision_id for one in listed.decisions] == [taken.decision_id]
        assert api.decisions().decisions == listed.decisions
        assert api.recourse_of_decision(taken.decision_id) == api.recourse_of_applicant(fake_model.REVIEW)


def test_unhealthy_is_an_answer_of_health_and_no_error(tmp_path: Path) -> None:
    with fake_model.running(tmp_path, model=False) as running, ApiClient(running.url) as api:
        assert not api.health().model_loaded


def test_unknown_applicant_carries_status_and_detail(running: RunningApi) -> None:
    with ApiClient(running.url) as api, pytest.raises(ApiError, match="SK_ID_CURR 7") as caught:
        api.predict_applicant(7)
    assert caught.value.status == 404
