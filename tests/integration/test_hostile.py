"""No bytes make a fault: requests from hypothesis and from the API's own OpenAPI document, against the real model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from home_credit.api.rules import RULES
from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from support.guarded import Guarded, guarded
from support.hostile import Request, requests

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
KEY = "k3y"
UNLIMITED: dict[str, Any] = {"max_requests_per_minute": 10_000_000, "max_key_requests_per_minute": 10_000_000}
OPEN = {rule.path for rule in RULES["GET"] if not rule.scopes}
CASES = {"few": 300, "thousands": 10_000}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    scorer = Scorer.load(ROOT / "models", Settings())
    with guarded(tmp_path_factory.mktemp("api"), scorer=scorer, api_key=KEY, **UNLIMITED) as running:
        yield running


@pytest.fixture(scope="module")
def client(api: Guarded) -> Iterator[httpx.Client]:
    # A connection each: the server ends one that was idle while the next case was made.
    each = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=60, limits=each) as opened:
        yield opened


def sent(client: httpx.Client, request: Request, key: str | None) -> httpx.Response:
    headers = dict(request.headers)
    if key:
        headers[b"x-api-key"] = key.encode()
    url = httpx.URL(client.base_url, raw_path=request.path.encode())
    return client.request(request.method, url, headers=headers, content=request.body)


def check(client: httpx.Client, request: Request) -> None:
    answer = sent(client, request, KEY)
    assert answer.status_code < 500, (request, answer.text)
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 400 and request.method != "HEAD":
        assert "json" in kind, (request, kind)
        document = json.loads(answer.text)
        assert document.get("status") == answer.status_code or "error" in document or "ready" in document
    assert len(answer.content) < 50_000 or answer.status_code == 200
    without = sent(client, request, None)
    # httpx takes "/docs/.." for "/".
    if request.method not in {"GET", "HEAD"} or without.request.url.path not in OPEN:
        assert without.status_code == 401


@settings(max_examples=CASES["few"], suppress_health_check=list(HealthCheck))
@given(request=requests())
def test_no_request_makes_a_fault(client: httpx.Client, request: Request) -> None:
    check(client, request)


@pytest.mark.slow
@settings(max_examples=CASES["thousands"], suppress_health_check=list(HealthCheck))
@given(request=requests())
def test_thousands_of_requests_make_no_fault(client: httpx.Client, request: Request) -> None:
    check(client, request)


CHECKS: list[CheckFunction] = [not_a_server_error, status_code_conformance, content_type_conformance]


def explored(client: httpx.Client, key: str | None, cases: int) -> None:
    """Send what Schemathesis makes of the document to every operation: valid values and others."""
    document = client.get("/openapi.json", headers={"X-API-Key": KEY}).json()
    schema = schemathesis.openapi.from_dict(document)
    count = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @settings(max_examples=cases, suppress_health_check=list(HealthCheck), deadline=None, database=None)
        @given(
            case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
            | operation.as_strategy()
        )
        def explore(case: schemathesis.Case[Any]) -> None:
            nonlocal count
            count += 1
            # Schemathesis makes keys, too.
            case.headers.pop("X-API-Key", None)
            if key:
                case.headers["X-API-Key"] = key
            answer = case.call(base_url=str(client.base_url))
            case.validate_response(answer, checks=CHECKS)

        explore()
    assert count > cases


@pytest.mark.parametrize("key", [KEY, None])
def test_the_answers_are_those_of_the_document(client: httpx.Client, key: str | None) -> None:
    explored(client, key, 8)


@pytest.mark.slow
@pytest.mark.parametrize("key", [KEY, None])
def test_thousands_of_answers_are_those_of_the_document(client: httpx.Client, key: str | None) -> None:
    explored(client, key, 200)
