"""The API over real HTTP semantics, a real ledger and the real parser, with a scorer that answers at once."""

from __future__ import annotations

import copy
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from inspect import getmembers, isclass
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from home_credit import __version__, errors
from home_credit.api.app import create_app
from home_credit.api.problems import problem_of
from home_credit.config import Settings
from home_credit.decisioning import records
from home_credit.examples import APPLICANT, BUNDLE
from home_credit.ledger.store import Ledger
from home_credit.policy import Policy
from home_credit.schemas import (
    Applicant,
    BatchResponse,
    Decision,
    DecisionList,
    DecisionRecord,
    DecisionSummary,
    Health,
    ModelFacts,
    PredictionRequest,
    Problem,
    Replay,
    Text,
)
from support.assessments import POLICY, an_assessment
from support.contents import content
from support.fakes import FakeApplicantStore, FakeScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

    from home_credit.decisioning.service import DecisionService

KEY = "k3y"
JSON = {"Content-Type": "application/json"}


class Api(TestClient):
    """The application with its resources."""

    scorer: FakeScorer
    ledger: Ledger


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    opened: list[Api] = []
    ledgers: list[Ledger] = []

    def build(scorer: FakeScorer | None = None, **settings: Any) -> Api:
        scorer = scorer or FakeScorer()
        ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
        known: Any = FakeApplicantStore(
            {APPLICANT: {**BUNDLE}, APPLICANT + 5: {"application": {"SK_ID_CURR": 1}}}
        )
        app = create_app(Settings(**settings), scorer=scorer, applicants=known, ledger=ledger)  # type: ignore[arg-type]  # a fake
        api = Api(app, raise_server_exceptions=False)
        api.scorer, api.ledger = scorer, ledger
        opened.append(api.__enter__())
        ledgers.append(ledger)
        return api

    yield build
    for api in opened:
        api.__exit__(None, None, None)
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def api(make: Callable[..., Api]) -> Api:
    return make()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The example with one column replaced; ``path`` as in ``bureau.0.DAYS_CREDIT``."""
    bundle: dict[str, Any] = copy.deepcopy({**BUNDLE})
    *parents, last = path.split(".")
    place: Any = bundle
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    place[last] = value
    return bundle


def problem(response: httpx.Response, status: int, field: str | None = None) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = Problem.model_validate_json(response.content)
    assert document.status == status
    assert document.type.startswith("urn:home-credit:problem:")
    assert document.field == field
    return document


def test_health_is_exactly_the_contract(api: Api) -> None:
    response = api.get("/health")
    assert response.status_code == 200
    assert response.json() == {"status": "healthy", "model_loaded": True, "version": __version__}


def test_a_decision_is_recorded_before_it_is_answered(api: Api) -> None:
    response = api.post("/predict", json=BUNDLE)
    assert response.status_code == 200
    assert list(response.json()) == list(Decision.model_fields)
    decision = Decision.model_validate_json(response.content)
    assert decision.probability_of_default == 1 - 0.61
    assert not decision.simulation
    record = DecisionRecord.model_validate_json(api.get(f"/decisions/{decision.decision_id}").content)
    assert record.decision == decision
    assert {table: rows for table, rows in record.bundle if rows} == BUNDLE
    assert records.history(api.ledger.read(decision.decision_id)) == record


def test_a_fault_in_a_batch_is_logged_and_counted(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        """A service that fails at each bundle."""

        def decide_each(self, bundles: list[object]) -> list[Exception]:
            return [ZeroDivisionError("of rows") for _ in bundles]

    logging.getLogger("home_credit").propagate = True
    state: Any = api.app
    state.state.service = Failing()
    (item,) = BatchResponse.model_validate_json(
        api.post("/predict/batch", json={"bundles": [BUNDLE]}).content
    ).results
    assert item.problem is not None
    assert item.problem.status == 500
    assert "of rows" not in item.problem.detail
    (fault,) = {record for record in caplog.records if record.name == "home_credit.api.problems"}
    assert fault.exc_info is not None
    assert fault.exc_info[0] is ZeroDivisionError
    assert 'home_credit_faults_total{kind="fault"} 1.0' in api.get("/metrics").text


def test_a_batch_gives_what_single_requests_give(api: Api) -> None:
    bundles: list[Any] = [changed("application.EXT_SOURCE_2", 0.1 * n) for n in range(5)]
    bundles[1:1] = [None, {}, changed("bureau.0.DAYS_CREDIT", "long ago"), {"application": {}, "loans": []}]
    response = api.post("/predict/batch", json={"bundles": bundles})
    assert response.status_code == 200
    results = BatchResponse.model_validate_json(response.content).results
    assert [item.index for item in results] == list(range(9))
    assert [item.problem and item.problem.field for item in results[1:5]] == [
        None,
        "application",
        "bureau[0].DAYS_CREDIT",
        "loans",
    ]
    own = {"decision_id", "recorded_at"}
    for bundle, item in zip(bundles, results, strict=True):
        single = api.post("/predict", json=bundle)
        if item.decision:
            alone = Decision.model_validate_json(single.content)
            assert item.decision.model_dump(exclude=own) == alone.model_dump(exclude=own)
            assert item.problem is None
        else:
            assert single.status_code == 422
    assert api.ledger.verify() == 10


@pytest.mark.parametrize("body", [{"bundles": []}, {"bundles": [{}] * 1001}, {}, []])
def test_a_batch_that_is_none(api: Api, body: Any) -> None:
    assert api.post("/predict/batch", json=body).status_code == 422


def test_known_applicants(api: Api) -> None:
    assert api.get("/applicants").json() == {"applicants": [APPLICANT, APPLICANT + 5], "total": 2}
    page = api.get("/applicants", params={"after": APPLICANT, "limit": 1})
    assert page.json() == {"applicants": [APPLICANT + 5], "total": 2}
    applicant = Applicant.model_validate_json(api.get(f"/applicants/{APPLICANT}").content)
    assert applicant.bundle.application == BUNDLE["application"]
    problem(api.get("/applicants", params={"limit": 0}), 422, "limit")
    for unknown in (1, 10**30):
        problem(api.get(f"/applicants/{unknown}"), 404)
        problem(api.post(f"/applicants/{unknown}/predict"), 404)
    for wrong in ("somebody", "-1", "+100001", "1_00_001", "%20100001", "١٠٠٠٠١", "100001.0"):
        problem(api.get(f"/applicants/{wrong}"), 422, "SK_ID_CURR")
        problem(api.post(f"/applicants/{wrong}/predict"), 422, "SK_ID_CURR")


def test_a_simulation_is_marked_and_recorded(api: Api) -> None:
    path = f"/applicants/{APPLICANT}/predict"
    plain = Decision.model_validate_json(api.post(path).content)
    assert not plain.simulation
    response = api.post(path, json={"application": {"EXT_SOURCE_2": 0.9, "EXT_SOURCE_1": None}})
    simulated = Decision.model_validate_json(response.content)
    assert simulated.simulation
    assert simulated.probability_of_default == 1 - 0.9
    recorded = api.ledger.read(simulated.decision_id).decision
    assert recorded.simulation
    assert recorded.bundle["application"] == {
        **BUNDLE["application"],
        "EXT_SOURCE_2": 0.9,
        "EXT_SOURCE_1": None,
    }
    assert api.post(path, json={"application": {}}).json()["simulation"]
    assert api.post("/predict?simulation=true", json=BUNDLE).json()["simulation"]
    assert api.post(path, json={"application": {"SK_ID_CURR": APPLICANT}}).status_code == 200
    problem(api.post(path, json={"application": {"SK_ID_CURR": 5}}), 422, "application.SK_ID_CURR")
    problem(api.post(path, json={"application": {"AMT_CREDIT": "much"}}), 422, "application.AMT_CREDIT")
    problem(api.post(path, json={"bureau": []}), 422, "bureau")


def test_a_human_review(api: Api) -> None:
    decision_id = api.post("/predict", json=BUNDLE).json()["decision_id"]
    review = {"decision": "approved", "reason_code": "guarantor_or_collateral", "reason": "A guarantor signs"}
    path = f"/decisions/{decision_id}/review"
    problem(api.post(path, json=review, headers={"X-Reviewer": "%20"}), 422, "header.X-Reviewer")
    response = api.post(path, json=review, headers={"X-Reviewer": "Ana%C3%AFs Martin"})
    assert response.status_code == 201
    assert response.json() == {
        **review,
        "decision_id": decision_id,
        "reviewer": "Anaïs Martin",
        "forwarded_by": "demo",
        "override": True,
        "state": "reviewed",
        "recorded_at": response.json()["recorded_at"],
    }
    read = api.get(f"/decisions/{decision_id}").json()
    assert (read["reviews"], read["review"]) == ([response.json()], "reviewed")
    problem(api.post(path, json={**review, "reason_code": "mood"}), 422, "reason_code")
    problem(api.post(f"/decisions/{decision_id}/review", json=review), 409)
    problem(api.post(f"/decisions/{decision_id}/review", json={**review, "reason": " \n "}), 422, "reason")
    simulated = api.post("/predict?simulation=true", json=BUNDLE).json()["decision_id"]
    refused = problem(api.post(f"/decisions/{simulated}/review", json=review), 409)
    assert "it is a simulation" in refused.detail
    problem(api.post("/decisions/none/review", json=review), 404)


def test_decisions_are_listed_the_newest_first(api: Api) -> None:
    taken = [Decision.model_validate_json(api.post("/predict", json=BUNDLE).content) for _ in range(3)]
    first = DecisionList.model_validate_json(api.get("/decisions", params={"limit": 2}).content)
    assert [one.decision_id for one in first.decisions] == [one.decision_id for one in taken[:0:-1]]
    newest = first.decisions[0]
    assert {name: getattr(newest, name) for name in DecisionSummary.model_fields if name != "review"} == {
        name: getattr(taken[2], name) for name in DecisionSummary.model_fields if name != "review"
    }
    rest = api.get("/decisions", params={"limit": 2, "cursor": first.next}).json()
    assert [one["decision_id"] for one in rest["decisions"]] == [taken[0].decision_id]
    assert rest["next"] is None
    of_time = {"from": taken[1].recorded_at.isoformat(), "to": taken[2].recorded_at.isoformat()}
    (found,) = api.get("/decisions", params=of_time).json()["decisions"]
    assert found["decision_id"] == taken[1].decision_id
    assert api.get("/decisions", params={"applicant": 7}).json() == {"decisions": [], "next": None}
    problem(api.get("/decisions", params={"limit": 1000}), 422, "limit")
    problem(api.get("/decisions", params={"from": "yesterday"}), 422, "from")
    problem(api.get("/decisions", params={"colour": "red"}), 422, "colour")


def test_a_replay_finds_every_bit_or_says_what_differs(api: Api) -> None:
    decision_id = api.post("/predict", json=BUNDLE).json()["decision_id"]
    same = Replay.model_validate_json(api.get(f"/decisions/{decision_id}/replay").content)
    assert same.identical
    assert same.differences == []
    bundle = records.request(api.ledger.read(decision_id).decision)
    other = api.ledger.append(content(same.recorded.model_copy(update={"score": 1}), bundle, POLICY))
    differing = Replay.model_validate_json(api.get(f"/decisions/{other.decision_id}/replay").content)
    assert not differing.identical
    assert "score" in differing.differences[0]
    problem(api.get("/decisions/none/replay"), 404)


def test_a_decision_of_another_model_is_not_replayed(make: Callable[..., Api]) -> None:
    decision_id = make(FakeScorer("old")).post("/predict", json=BUNDLE).json()["decision_id"]
    refused = problem(make(FakeScorer("new")).get(f"/decisions/{decision_id}/replay"), 409)
    assert "model version old" in refused.detail
    assert "new" in refused.detail


def test_a_replay_decides_by_the_policy_that_was_recorded(make: Callable[..., Api]) -> None:
    decision = make().post("/predict", json=BUNDLE).json()
    lenient = make(FakeScorer(policy=Policy(0.5, (0.4, 0.6))))
    assert lenient.post("/predict", json=BUNDLE).json()["decision"] != decision["decision"]
    replayed = Replay.model_validate_json(lenient.get(f"/decisions/{decision['decision_id']}/replay").content)
    assert replayed.identical
    assert replayed.recomputed.cut_off == decision["cut_off"]


def test_reasons_in_other_words_are_the_same_decision(api: Api) -> None:
    decision_id = api.post("/predict", json=BUNDLE).json()["decision_id"]
    told = Replay.model_validate_json(api.get(f"/decisions/{decision_id}/replay").content)
    assert (told.reworded, len(told.recorded.reasons) > 0) == (0, True)
    first, *others = told.recorded.reasons
    earlier = first.model_copy(update={"text": Text(en="in earlier words", fr="en d’autres mots")})
    bundle = records.request(api.ledger.read(decision_id).decision)
    for reasons, identical, reworded in (
        ([earlier, *others], True, 1),
        ([earlier.model_copy(update={"contribution": first.contribution + 1e-9}), *others], False, 0),
        ([earlier], len(others) == 0, int(len(others) == 0)),
    ):
        said = told.recorded.model_copy(update={"reasons": reasons})
        entry = api.ledger.append(content(said, bundle, POLICY))
        replayed = Replay.model_validate_json(api.get(f"/decisions/{entry.decision_id}/replay").content)
        assert (replayed.identical, replayed.reworded) == (identical, reworded)
        assert replayed.differences == ([] if identical else ["reasons"])


def test_rows_that_this_release_would_refuse_are_not_called_broken(api: Api) -> None:
    incomplete = PredictionRequest(application={"SK_ID_CURR": APPLICANT})
    entry = api.ledger.append(content(an_assessment(APPLICANT), incomplete, POLICY))
    for path in ("replay", "recourse"):
        refused = problem(api.get(f"/decisions/{entry.decision_id}/{path}"), 409)
        assert refused.type == "urn:home-credit:problem:other-checks"
        assert "application.NAME_CONTRACT_TYPE: is needed (and 3 more faults)" in refused.detail
    assert api.get(f"/decisions/{entry.decision_id}").status_code == 200


def test_a_model_is_replaced_under_way(api: Api) -> None:
    service: DecisionService = api.app.state.service  # type: ignore[attr-defined]  # the client's own type hides it
    before = api.post("/predict", json=BUNDLE).json()
    newer: Any = FakeScorer("test-2")
    service.champion.replace(newer)
    after = api.post("/predict", json=BUNDLE).json()
    assert (before["model_version"], after["model_version"]) == ("test-1", "test-2")
    assert api.get("/model").json()["model_version"] == "test-2"


def test_model(api: Api) -> None:
    assert ModelFacts.model_validate_json(api.get("/model").content) == api.scorer.facts


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"bureau": []}, "application"),
        ({**BUNDLE, "loans": []}, "loans"),
        ({**BUNDLE, "bureau": {}}, "bureau"),
        ({**BUNDLE, "bureau": [[]]}, "bureau[0]"),
        (changed("application.AMT_CREDIT", "much"), "application.AMT_CREDIT"),
        (changed("application.AMT_CREDIT", None), "application.AMT_CREDIT"),
        (changed("bureau.0.DAYS_CREDIT", True), "bureau[0].DAYS_CREDIT"),
        (changed("bureau.0.AMT_CREDIT_SUM", 10**400), "bureau[0].AMT_CREDIT_SUM"),
        (changed("bureau.0.DAYS_CREDIT", -(10**30)), "bureau[0].DAYS_CREDIT"),
    ],
)
def test_a_bundle_that_breaks_the_schema_names_the_field(api: Api, body: Any, field: str) -> None:
    assert field in problem(api.post("/predict", json=body), 422, field).detail


def test_every_field_that_breaks_the_schema_is_named(api: Api) -> None:
    body = changed("application.EXT_SOURCE_2", 57)
    body["application"]["DAYS_BIRTH"] = 300
    body["bureau"][0]["DAYS_CREDIT"] = 4
    document = problem(api.post("/predict", json=body), 422, "application.DAYS_BIRTH")
    named = [error.field for error in document.errors or ()]
    assert sorted(named) == ["application.DAYS_BIRTH", "application.EXT_SOURCE_2", "bureau[0].DAYS_CREDIT"]
    assert document.detail.endswith("(and 2 more faults)")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (
            {"application": {**BUNDLE["application"], "AMT_GOODS_PRICE": 1e-310}},
            "application.AMT_GOODS_PRICE",
        ),
        (
            {
                "previous_application": [
                    {"SK_ID_PREV": 1, "DAYS_DECISION": -9, "NFLAG_INSURED_ON_APPROVAL": 9.3e18}
                ]
            },
            "previous_application[0].NFLAG_INSURED_ON_APPROVAL",
        ),
        (
            {
                "installments_payments": [
                    {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -9, "NUM_INSTALMENT_VERSION": 10**400}
                ]
            },
            "installments_payments[0].NUM_INSTALMENT_VERSION",
        ),
    ],
)
def test_a_number_out_of_range_refuses_its_bundle_alone(
    api: Api, changes: dict[str, Any], field: str
) -> None:
    answer = api.post("/predict/batch", json={"bundles": [BUNDLE, {**BUNDLE, **changes}, BUNDLE]})
    assert answer.status_code == 200, answer.text
    one, two, three = BatchResponse.model_validate_json(answer.content).results
    assert one.decision
    assert three.decision
    assert two.problem
    assert two.problem.status == 422
    assert two.problem.field == field


@pytest.mark.parametrize(
    "body",
    [
        {"application": {"x" * 1_000_000: 1}},
        {"x" * 1_000_000: []},
        {"application": {}, "bureau": [{"x" * 1_000_000: 1}]},
        {"application": {"NAME_INCOME_TYPE": "x" * 1_000_000}},
        {f"table {number}": [] for number in range(100_000)},
        {"application": {}, "bureau": [1] * 500_000},
        {"application": {}, "bureau": [[]] * 500_000},
        {"application": {}, "installments_payments": [{}] * 20_001},
        {"application": {}, "installments_payments": [{}] * 20_000},
    ],
)
def test_an_answer_to_a_long_request_is_short(api: Api, body: dict[str, Any]) -> None:
    for address, sent in (("/predict", body), ("/predict/batch", {"bundles": [body]})):
        answer = api.post(address, json=sent)
        assert answer.status_code == 422 if address == "/predict" else 200
        assert len(answer.content) < 8000


def test_a_name_that_is_twice_in_an_object_is_refused(api: Api) -> None:
    text = json.dumps(BUNDLE)
    twice = text.replace('"AMT_CREDIT":', '"AMT_CREDIT": 1, "AMT_CREDIT":', 1)
    assert "duplicate key" in problem(api.post("/predict", content=twice, headers=JSON), 422).detail


@pytest.mark.parametrize(
    "body", ["", "{", "NaN", "[1]", "null", '"x"', b"\xff\xfe", "[" * 100_000, "1" * 100_000]
)
def test_a_body_that_is_no_bundle(api: Api, body: str | bytes) -> None:
    response = api.post("/predict", content=body, headers={"Content-Type": "application/json"})
    problem(response, 422)


def with_literal(column: str, literal: str) -> str:
    return json.dumps(changed(f"application.{column}", "HERE")).replace('"HERE"', literal)


NOT_JSON = ["NaN", "Infinity", "-Infinity", "9" * 5000, '"\\ud800"']
NO_NUMBERS = ["1e999", "-1e999", "1" * 400, "[" * 150 + "]" * 150]


@pytest.mark.parametrize("column", ["AMT_CREDIT", "TARGET", "NO_SUCH_COLUMN"])
@pytest.mark.parametrize("literal", NOT_JSON)
def test_what_is_not_json_is_refused_in_every_column(api: Api, column: str, literal: str) -> None:
    response = api.post("/predict", content=with_literal(column, literal), headers=JSON)
    assert "not JSON" in problem(response, 422).detail


@pytest.mark.parametrize("column", ["AMT_CREDIT", "NO_SUCH_COLUMN"])
@pytest.mark.parametrize("literal", NO_NUMBERS)
def test_json_that_is_no_number_is_refused_by_its_column(api: Api, column: str, literal: str) -> None:
    response = api.post("/predict", content=with_literal(column, literal), headers=JSON)
    problem(response, 422, f"application.{column}")


@pytest.mark.parametrize("literal", NO_NUMBERS)
def test_nobody_looks_at_a_label(api: Api, literal: str) -> None:
    response = api.post("/predict", content=with_literal("TARGET", literal), headers=JSON)
    assert response.status_code == 200, response.text
    recorded: Any = api.ledger.read(response.json()["decision_id"]).decision.bundle
    assert "TARGET" not in recorded["application"]


def test_a_body_of_another_type(api: Api) -> None:
    problem(api.post("/predict", data={"application": "x"}), 415)
    problem(api.post("/predict", content=json.dumps(BUNDLE)), 415)
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert api.post("/predict", content=json.dumps(BUNDLE), headers=charset).status_code == 200


def test_addresses_and_methods_that_are_none(api: Api) -> None:
    assert problem(api.get("/nothing"), 404).type.endswith("unknown-route")
    assert api.get("/predict").headers["allow"] == "POST"
    problem(api.get("/predict"), 405)
    problem(api.get("/decisions/%00"), 404)
    assert api.get("/", follow_redirects=False).headers["location"] == "/docs"


def test_large_bodies_are_refused_announced_or_not(make: Callable[..., Api]) -> None:
    api = make(max_body_bytes=10_000)
    large = json.dumps(changed("application.PADDING", "x" * 10_000)).encode()
    headers = {"Content-Type": "application/json"}
    problem(api.post("/predict", content=large, headers=headers), 413)
    chunks = (large[start : start + 1000] for start in range(0, len(large), 1000))
    problem(api.post("/predict", content=chunks, headers=headers), 413)
    problem(api.get("/nothing", headers={"Content-Length": "10001"}), 413)
    assert api.post("/predict", json=BUNDLE).status_code == 200


def test_too_many_requests(make: Callable[..., Api]) -> None:
    api = make(max_requests_per_minute=3)
    for _ in range(3):
        assert api.get("/model").status_code == 200
    refused = api.get("/model")
    problem(refused, 429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    for exempt in ("/health", "/metrics", "/v2/health/live", "/v2/health/ready"):
        assert api.get(exempt).status_code == 200


def test_the_api_key(make: Callable[..., Api]) -> None:
    api = make(api_key=KEY)
    closed = [
        ("POST", "/predict"),
        ("POST", "/predict/batch"),
        ("GET", "/applicants"),
        ("GET", f"/applicants/{APPLICANT}"),
        ("POST", f"/applicants/{APPLICANT}/predict"),
        ("GET", "/decisions"),
        ("GET", "/decisions/none"),
        ("POST", "/decisions/none/review"),
        ("GET", "/decisions/none/replay"),
        ("GET", "/metrics"),
        ("GET", "/model"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
    ]
    for method, path in closed:
        for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": "é".encode("latin-1")}):
            response = api.request(method, path, headers=headers)
            problem(response, 401)
            assert response.headers["WWW-Authenticate"]
        assert api.request(method, path, headers={"X-API-Key": KEY}).status_code != 401
    for path in ("/health", "/livez", "/readyz", "/status", "/v2/health/live", "/v2/health/ready"):
        assert api.get(path).status_code in {200, 503}
    assert make(api_key="").post("/predict", json=BUNDLE).status_code == 200


def test_without_any_part_the_api_starts_and_says_so(tmp_path: Path) -> None:
    settings = Settings(
        HOME_CREDIT_MODELS=tmp_path / "none",
        applicants_url=f"sqlite:///{tmp_path}/none.db",
        database_url="postgresql://clerk:s3cret@127.0.0.1:1/ledger?connect_timeout=1",
    )
    with TestClient(create_app(settings)) as api:
        health = api.get("/health")
        assert health.status_code == 503
        assert Health.model_validate_json(health.content) == Health(
            status="unhealthy", model_loaded=False, version=__version__
        )
        assert api.get("/v2/health/live").status_code == 200
        assert api.get("/v2/health/ready").status_code == 503
        for path, body in (("/predict", BUNDLE), ("/predict/batch", {"bundles": [BUNDLE]})):
            assert problem(api.post(path, json=body), 503).type.endswith("no-model")
        assert problem(api.get("/model"), 503).type.endswith("no-model")
        assert problem(api.get("/applicants"), 503).type.endswith("no-portfolio")
        unrecorded = problem(api.get("/decisions/none"), 503)
        assert unrecorded.type.endswith("no-ledger")
        assert "s3cret" not in unrecorded.detail


def test_a_ledger_that_comes_back_is_used(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("a file where the folder of the ledger should be")
    settings = Settings(database_url=f"sqlite:///{tmp_path}/ledger/ledger.db")
    scorer: Any = FakeScorer()
    with TestClient(create_app(settings, scorer=scorer)) as api:
        assert problem(api.post("/predict", json=BUNDLE), 503).type.endswith("no-ledger")
        (tmp_path / "ledger").unlink()
        assert api.post("/predict", json=BUNDLE).status_code == 200


def test_a_fault_tells_nothing_of_its_cause(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.scorer.fails = RuntimeError("the secret of the house")
    logging.getLogger("home_credit").propagate = True  # the API's handler writes to another stream
    fault = problem(api.post("/predict", json=BUNDLE), 500)
    assert "secret" not in fault.model_dump_json()
    assert "the secret of the house" in caplog.text
    api.scorer.fails = None
    assert api.post("/predict", json=BUNDLE).status_code == 200
    assert (
        'home_credit_requests_total{method="POST",route="/predict",status="500"} 1.0'
        in api.get("/metrics").text
    )


def test_every_error_of_the_tree_has_a_problem() -> None:
    arguments: dict[str, tuple[Any, ...]] = {
        "TableError": ("bureau", "is broken"),
        "BundleError": ("bureau[2].DAYS_CREDIT", "is no number"),
        "OtherModelError": ("some-id", "1", "2"),
        "OtherChecksError": ("some-id", errors.BundleError("bureau[2].DAYS_CREDIT", "is no number")),
        "IdempotencyKeyError": (),
        "NoShadowError": (None,),
        "NoVerdictError": (),
        "NoOutcomesError": (),
        "ErasedDecisionError": ("some-id",),
        "ReviewConflictError": ("some-id", "it was reviewed before"),
    }
    kinds = [kind for _, kind in getmembers(errors, isclass) if issubclass(kind, errors.HomeCreditError)]
    assert len(kinds) > 15
    for kind in kinds:
        needed = next((arguments[base.__name__] for base in kind.__mro__ if base.__name__ in arguments), (1,))
        document = problem_of(kind(*needed))
        if issubclass(kind, errors.BrokenRecordError):
            assert document.status == 500
        elif issubclass(kind, errors.UnavailableError | errors.UsageError):
            assert document.status == 503
        elif kind is not errors.HomeCreditError:
            assert 400 <= document.status < 500
    assert problem_of(errors.BundleError("bureau[2].DAYS_CREDIT", "is none")).field == "bureau[2].DAYS_CREDIT"


def test_metrics_count_requests_and_decisions(api: Api, make: Callable[..., Api]) -> None:
    api.post("/predict", json=BUNDLE)
    api.post(f"/applicants/{APPLICANT}/predict", json={"application": {}})
    api.get("/decisions/synthetic")
    api.get("/made/up")
    api.request("BREW", "/predict")
    text = api.get("/metrics").text
    for line in (
        'home_credit_requests_total{method="POST",route="/predict",status="200"} 1.0',
        'home_credit_requests_total{method="GET",route="/decisions/{decision_id}",status="404"} 1.0',
        'home_credit_requests_total{method="GET",route="unmatched",status="404"} 1.0',
        'home_credit_request_seconds_count{method="POST",route="/predict"} 1.0',
        'home_credit_decisions_total{decision="declined",grade="G",simulation="false"} 1.0',
        'home_credit_decisions_total{decision="declined",grade="G",simulation="true"} 1.0',
    ):
        assert line in text
    assert "synthetic" not in text
    assert "BREW" not in text
    assert "home_credit_decisions_total{" not in make().get("/metrics").text


def test_health_answers_while_the_model_works(api: Api) -> None:
    api.scorer.may_answer.clear()
    with ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(api.post, "/predict", json=BUNDLE) for _ in range(60)]
        # The thread that computes decisions is taken.
        assert api.scorer.waiting.acquire(timeout=30)
        assert api.get("/health").status_code == 200
        assert not any(future.done() for future in waiting)
        api.scorer.may_answer.set()
        assert {future.result().status_code for future in waiting} == {200}
    assert api.ledger.verify() == 60


def test_the_example_of_an_answer_is_one(api: Api) -> None:
    for path in ("/predict", "/applicants/{SK_ID_CURR}/predict"):
        answer = api.get("/openapi.json").json()["paths"][path]["post"]["responses"]["200"]
        example = answer["content"]["application/json"]["example"]
        # The document leaves out what is null: a decision that is not of a demo's history has no ``decided_at``.
        assert {**Decision.model_validate(example).model_dump(mode="json"), "decided_at": None} == {
            **example,
            "decided_at": None,
        }
        assert [*example, "decided_at"] == list(api.post("/predict", json=BUNDLE).json())


def test_the_documentation(api: Api) -> None:
    assert "swagger" in api.get("/docs").text.lower()
    document = api.get("/openapi.json").json()
    assert document["info"]["version"] == __version__
    predict = document["paths"]["/predict"]["post"]
    (example,) = predict["requestBody"]["content"]["application/json"]["examples"].values()
    assert api.post("/predict", json=example["value"]).status_code == 200
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["tags"], path
            for status, answer in operation["responses"].items():
                if status[0] in "45" and not path.startswith(("/health", "/readyz", "/v2")):
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_two_requests_at_once_are_two_records(api: Api) -> None:
    start = threading.Barrier(8)

    def ask(n: int) -> int:
        start.wait()
        return int(api.post("/predict", json=changed("application.EXT_SOURCE_2", n / 10)).status_code)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {200}
    assert api.ledger.verify() == 8
