"""The API client: answers become contract models, failures one clear ApiError."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from home_credit.client import ApiClient
from home_credit.errors import ApiError
from home_credit.schemas import PredictionRequest, ReviewRequest
from support import stub_api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BASE = "http://api.test"


@pytest.fixture(scope="module")
def stub() -> Iterator[stub_api.StubApi]:
    with stub_api.running() as api:
        yield api


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
    return httpx.Response(200, text=stub_api.MODEL.model_dump_json())


def decision() -> httpx.Response:
    return httpx.Response(200, text=stub_api.decide(stub_api.APPROVED).model_dump_json())


def test_reads_a_real_server(stub: stub_api.StubApi) -> None:
    with ApiClient(stub.url) as api:
        assert api.health().status == "healthy"
        assert api.applicants(after=stub_api.APPROVED, limit=2).applicants == [
            stub_api.REVIEW,
            stub_api.DECLINED,
        ]
        assert api.applicant(stub_api.REVIEW).SK_ID_CURR == stub_api.REVIEW
        assert api.model() == stub_api.MODEL
        taken = api.predict_applicant(stub_api.DECLINED)
        assert taken == stub_api.decide(stub_api.DECLINED)
        assert api.decision(taken.decision_id).decision == taken
        assert api.recourse_of_decision(taken.decision_id) == stub_api.recourse(stub_api.DECLINED)


def test_unhealthy_is_an_answer_of_health_and_no_error(stub: stub_api.StubApi) -> None:
    stub.has_model = False
    try:
        with ApiClient(stub.url) as api:
            assert not api.health().model_loaded
    finally:
        stub.has_model = True


def test_unknown_applicant_carries_status_and_detail(stub: stub_api.StubApi) -> None:
    with (
        ApiClient(stub.url) as api,
        pytest.raises(ApiError, match="no applicant with SK_ID_CURR 7") as caught,
    ):
        api.predict_applicant(7)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "first", [httpx.Response(502), httpx.Response(503), httpx.ConnectError("refused")], ids=str
)
def test_a_starting_api_is_asked_again(first: httpx.Response | Exception) -> None:
    api, seen = client(first, first, model())
    assert api.model() == stub_api.MODEL
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
        lambda api: api.review("d", ReviewRequest(reviewer="A", decision="approved", reason="seen payslip")),
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
    found = stub_api.recourse(stub_api.REVIEW)
    answer = httpx.Response(200, text=found.model_dump_json())
    api, seen = client(answer, answer)
    rows = stub_api.bundle(stub_api.REVIEW)
    assert api.recourse(rows) == api.recourse_of_applicant(stub_api.REVIEW) == found
    assert [request.url.path for request in seen] == ["/recourse", f"/applicants/{stub_api.REVIEW}/recourse"]
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
