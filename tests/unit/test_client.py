"""The API client: responses become the models of the schemas, failures one clear ApiError."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from home_credit.client import ApiClient
from home_credit.errors import ApiError
from home_credit.schemas import Decision, PredictionRequest, Recourse, ReviewRequest, Text
from support.assessments import a_bundle, an_assessment
from support.fakes import FakeScorer

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = "http://api.test"


MODEL = FakeScorer().facts


def answering(*answers: httpx.Response | Exception) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """Return a transport that gives these answers in turn, and the requests it saw."""
    left, seen = list(answers), []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.MockTransport(handle), seen


def client(*answers: httpx.Response | Exception, **settings: Any) -> tuple[ApiClient, list[httpx.Request]]:
    transport, seen = answering(*answers)
    return ApiClient(BASE, transport=transport, back_off=(0, 0), **settings), seen


def model() -> httpx.Response:
    return httpx.Response(200, text=MODEL.model_dump_json())


def decision() -> httpx.Response:
    made = Decision(
        **an_assessment().model_dump(), decision_id="d-1", recorded_at=datetime(2026, 11, 20, tzinfo=UTC)
    )
    return httpx.Response(200, text=made.model_dump_json())


@pytest.mark.parametrize(
    "first", [httpx.Response(502), httpx.Response(503), httpx.ConnectError("refused")], ids=str
)
def test_a_starting_api_is_asked_again(first: httpx.Response | Exception) -> None:
    api, seen = client(first, first, model())
    assert api.model() == MODEL
    assert len(seen) == 3


def test_patience_ends_with_the_last_answer() -> None:
    problem = httpx.Response(
        503,
        json={"type": "about:blank", "title": "Unavailable", "status": 503, "detail": "no model is loaded"},
    )
    api, seen = client(*[httpx.Response(502)] * 2, problem)
    with pytest.raises(ApiError, match="503 no model is loaded") as caught:
        api.model()
    assert (caught.value.status, len(seen)) == (503, 3)


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(429), httpx.ReadTimeout("slow")], ids=str
)
def test_other_failures_are_not_repeated(answer: httpx.Response | Exception) -> None:
    api, seen = client(answer)
    with pytest.raises(ApiError):
        api.model()
    assert len(seen) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.predict_applicant(1),
        lambda api: api.predict(PredictionRequest(application={"SK_ID_CURR": 1})),
        lambda api: api.review("d", ReviewRequest(decision="approved", reason="seen payslip")),
    ],
    ids=["predict_applicant", "predict", "review"],
)
@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ConnectError("refused")], ids=str)
def test_what_records_is_sent_once(
    call: Callable[[ApiClient], object], answer: httpx.Response | Exception
) -> None:
    api, seen = client(answer)
    with pytest.raises(ApiError):
        call(api)
    assert len(seen) == 1


def test_problem_names_the_field() -> None:
    api, _ = client(
        httpx.Response(
            422,
            json={
                "type": "about:blank",
                "title": "t",
                "status": 422,
                "detail": "not a number",
                "field": "application.AMT_CREDIT",
            },
        )
    )
    with pytest.raises(ApiError, match=r"422 application\.AMT_CREDIT: not a number"):
        api.predict_applicant(1)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"model_version": 3}'],
)
def test_an_answer_outside_the_contract_is_an_api_error(body: bytes) -> None:
    api, _ = client(httpx.Response(200, content=body))
    with pytest.raises(ApiError, match="answer is not a ModelFacts"):
        api.model()


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"{}"])
def test_a_broken_problem_document_falls_back_to_the_status(body: bytes) -> None:
    headers = {"content-type": "application/problem+json"}
    api, _ = client(httpx.Response(500, content=body, headers=headers))
    with pytest.raises(ApiError, match="500 Internal Server Error"):
        api.model()


def test_no_answer_has_no_status() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with ApiClient(f"http://127.0.0.1:{unused.getsockname()[1]}", back_off=()) as api:
            with pytest.raises(ApiError, match="no answer") as caught:
                api.model()
            assert caught.value.status is None


def test_an_address_without_a_scheme_is_an_api_error() -> None:
    with ApiClient("localhost:8000") as api, pytest.raises(ApiError, match="localhost:8000"):
        api.health()


def test_key_and_overrides_are_sent() -> None:
    api, seen = client(decision(), api_key="secret")
    api.predict_applicant(1, {"AMT_CREDIT": 5.0})
    assert seen[0].headers["x-api-key"] == "secret"
    assert json.loads(seen[0].content) == {"application": {"AMT_CREDIT": 5.0}}


def test_recourse_is_asked_for_by_rows_or_by_number() -> None:
    text = Text(en="none", fr="aucun")
    found = Recourse(
        SK_ID_CURR=5, probability_of_default=0.5, decision="declined", options=[], loans_tried=3_000,
        text=text, assumptions=text, model_version="test-1",
    )  # fmt: skip
    answer = httpx.Response(200, text=found.model_dump_json())
    api, seen = client(answer, answer)
    rows = a_bundle(5)
    assert api.recourse(rows) == api.recourse_of_applicant(5) == found
    assert [request.url.path for request in seen] == ["/recourse", "/applicants/5/recourse"]
    assert json.loads(seen[0].content) == rows.model_dump(mode="json")


def test_without_key_or_overrides_neither_is_sent() -> None:
    api, seen = client(decision())
    api.predict_applicant(1)
    assert "x-api-key" not in seen[0].headers
    assert seen[0].content == b""


def test_a_bundle_can_be_sent_as_a_simulation() -> None:
    api, seen = client(decision(), decision())
    bundle = PredictionRequest(application={"SK_ID_CURR": 1})
    api.predict(bundle, simulation=True)
    api.predict(bundle)
    assert [request.url.query for request in seen] == [b"simulation=true", b""]
