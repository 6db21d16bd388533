"""Typed client of the scoring API; it returns the models of :mod:`home_credit.schemas`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from home_credit.errors import ApiError
from home_credit.invalid import first_fault
from home_credit.schemas import (
    AccessMode,
    Applicant,
    ApplicantList,
    Decision,
    DecisionList,
    DecisionQuery,
    DecisionRecord,
    Health,
    ModelFacts,
    PredictionRequest,
    Recourse,
    Replay,
    Review,
    ReviewRequest,
    ReviewStatistics,
    SimulationRequest,
)
from home_credit.schemas.comparisons import Comparison, Points, PointsQuery, Segment
from home_credit.schemas.model_reports import ModelReport
from home_credit.schemas.portfolios import Portfolio, PortfolioQuery
from home_credit.schemas.shadow import ShadowReport
from home_credit.schemas.verdicts import RealisedPerformance, StoredVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from home_credit.schemas import AgeBand, Contract

Answer = TypeVar("Answer", bound=BaseModel)

# A free hosting plan holds the first request back for up to a minute while the container starts.
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
BACK_OFF = (0.5, 1.0, 2.0, 4.0)
STARTING = frozenset({httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE})


class ApiClient:
    """Calls the scoring API at ``base_url``; every method raises :class:`~home_credit.errors.ApiError`.

    ``back_off`` holds the pauses, in seconds, between attempts of a GET request while the API is starting (connection
    refused, 502 or 503). A request that records something is sent once, for a second attempt could record it twice;
    one with an idempotency key is tried again like a GET.
    Thread-safe; ``transport`` replaces the network.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        transport: httpx.BaseTransport | None = None,
        *,
        back_off: Sequence[float] = BACK_OFF,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._back_off = tuple(back_off)
        self._http = httpx.Client(
            base_url=self.base_url,
            headers={"X-API-Key": api_key} if api_key else {},
            timeout=TIMEOUT,
            transport=transport,
            follow_redirects=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> Health:
        """Return the state of the API, healthy or not; one attempt, without waiting for the API to start."""
        response = self._send("GET", "/health")
        if response.status_code in {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}:
            return _parsed(response, Health)
        raise _problem(response)

    def access(self) -> str:
        """Return who the API answers: "keys", "demo" or "loopback"; one attempt."""
        return _answer(self._send("GET", "/status"), AccessMode).access

    def model(self) -> ModelFacts:
        """Return the facts of the model that decides."""
        return self._get("/model", ModelFacts)

    def model_report(self) -> ModelReport:
        """Return what training measured of the model that decides."""
        return self._get("/model/report", ModelReport)

    def applicants(
        self,
        after: int = 0,
        limit: int = 50,
        *,
        id_prefix: str = "",
        age_band: AgeBand | None = None,
        contract: Contract | None = None,
        region: int | None = None,
    ) -> ApplicantList:
        """Return up to ``limit`` known applicants whose SK_ID_CURR is above ``after``.

        Only those whose SK_ID_CURR begins with ``id_prefix``, and who have that age, contract and region rating.
        """
        filters = {"id_prefix": id_prefix, "age_band": age_band, "contract": contract, "region": region}
        params = {"after": after, "limit": limit} | {name: value for name, value in filters.items() if value}
        return self._get("/applicants", ApplicantList, params=params)

    def applicant(self, applicant_id: int) -> Applicant:
        """Return the rows that the platform holds of one applicant (404 for an unknown one)."""
        return self._get(f"/applicants/{applicant_id}", Applicant)

    def comparison(self, applicant_id: int, segment: Segment | None = None) -> Comparison:
        """Return the place of a known applicant among those of a segment, or among all of them."""
        params = (segment or Segment()).model_dump(exclude_none=True)
        return self._get(f"/applicants/{applicant_id}/comparison", Comparison, params=params)

    def comparison_points(self, applicant_id: int, query: PointsQuery) -> Points:
        """Return two figures of a known applicant, and of some of those that it is compared with."""
        params = query.model_dump(exclude_none=True)
        return self._get(f"/applicants/{applicant_id}/comparison/points", Points, params=params)

    def predict(self, bundle: PredictionRequest, *, simulation: bool = False) -> Decision:
        """Decide on one applicant's raw rows, optionally as a simulation."""
        path = "/predict?simulation=true" if simulation else "/predict"
        return self._post(path, Decision, bundle.model_dump(mode="json"))

    def predict_applicant(
        self,
        applicant_id: int,
        overrides: Mapping[str, object] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Decision:
        """Decide on the rows held of a known applicant; ``overrides`` make it a simulation.

        A request that repeats an ``idempotency_key`` gets the decision that was recorded with it.
        """
        body = None if overrides is None else SimulationRequest(application=dict(overrides)).model_dump()
        path = f"/applicants/{applicant_id}/predict"
        if idempotency_key is None:
            return self._post(path, Decision, body)
        headers = {"Idempotency-Key": idempotency_key}
        return _answer(self._repeated(lambda: self._send("POST", path, body=body, headers=headers)), Decision)

    def decisions(self, query: DecisionQuery | None = None) -> DecisionList:
        """Return a page of recorded decisions, the newest first; the next one has its ``next`` as ``cursor``."""
        return self._get("/decisions", DecisionList, params=_parameters(query or DecisionQuery()))

    def decision(self, decision_id: str) -> DecisionRecord:
        """Return a recorded decision with its rows and its reviews."""
        return self._get(f"/decisions/{decision_id}", DecisionRecord)

    def portfolio(self, query: PortfolioQuery | None = None) -> Portfolio:
        """Return how many decisions were recorded each day; of the last ninety days where none are named."""
        return self._get("/portfolio", Portfolio, params=_parameters(query or PortfolioQuery()))

    def shadow(self, challenger: str | None = None) -> ShadowReport:
        """Return how a challenger in shadow judged the last decisions (404 where it scored none).

        It is the latest one where no model version is given.
        """
        params = {} if challenger is None else {"challenger": challenger}
        return self._get("/shadow", ShadowReport, params=params)

    def drift_verdict(self) -> StoredVerdict:
        """Return the stored verdict on drift (404 where there is none)."""
        return self._get("/monitoring/verdict", StoredVerdict)

    def outcomes(self) -> RealisedPerformance:
        """Return what stored outcomes say of the decisions (404 where there are none)."""
        return self._get("/monitoring/outcomes", RealisedPerformance)

    def recourse(self, bundle: PredictionRequest) -> Recourse:
        """Return the loans that one applicant would be approved with, smallest change first."""
        return self._post("/recourse", Recourse, bundle.model_dump(mode="json"))

    def recourse_of_applicant(self, applicant_id: int) -> Recourse:
        """Return the loans that a known applicant would be approved with."""
        return self._post(f"/applicants/{applicant_id}/recourse", Recourse, None)

    def recourse_of_decision(self, decision_id: str) -> Recourse:
        """Return the loans that would have turned a recorded decision into an approval."""
        return self._get(f"/decisions/{decision_id}/recourse", Recourse)

    def review(self, decision_id: str, request: ReviewRequest, *, reviewer: str | None = None) -> Review:
        """Record a human's own decision.

        ``reviewer`` is the person that the caller signed in, which its key must be allowed to name (scope
        ``act-for``); without one it is the holder of the key.
        """
        headers = {"X-Reviewer": quote(reviewer)} if reviewer else None
        body = request.model_dump(exclude_none=True)
        return self._post(f"/decisions/{decision_id}/review", Review, body, headers)

    def replay(self, decision_id: str) -> Replay:
        """Compute a recorded decision again and compare it with its record."""
        return self._get(f"/decisions/{decision_id}/replay", Replay)

    def review_statistics(self, query: PortfolioQuery | None = None) -> ReviewStatistics:
        """Return how many decisions were reviewed each day; of the last ninety days where none are named."""
        return self._get(
            "/reviews/statistics", ReviewStatistics, params=_parameters(query or PortfolioQuery())
        )

    def _get(self, path: str, answer: type[Answer], params: Mapping[str, int | str] | None = None) -> Answer:
        return _answer(self._repeated(lambda: self._send("GET", path, params=params)), answer)

    def _repeated(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        for pause in self._back_off:
            try:
                response = send()
            except ApiError as error:
                if not isinstance(error.__cause__, httpx.ConnectError):
                    raise
            else:
                if response.status_code not in STARTING:
                    return response
            time.sleep(pause)
        return send()

    def _post(
        self,
        path: str,
        answer: type[Answer],
        body: Mapping[str, object] | None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return _answer(self._send("POST", path, body=body, headers=headers), answer)

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, int | str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        try:
            return self._http.request(method, path, params=params, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            cause = str(error) or type(error).__name__
            raise ApiError(f"{method} {self.base_url}{path}: no answer ({cause})") from error


def _parameters(query: BaseModel) -> dict[str, int | str]:
    """Return what a query asks for as parameters of an address."""
    return query.model_dump(mode="json", by_alias=True, exclude_none=True)


def _answer(response: httpx.Response, answer: type[Answer]) -> Answer:
    if not response.is_success:
        raise _problem(response)
    return _parsed(response, answer)


def _parsed(response: httpx.Response, answer: type[Answer]) -> Answer:
    try:
        return answer.model_validate_json(response.content)
    except ValidationError as error:
        problem = f"answer is not a {answer.__name__}: {first_fault(error, 'body')}"
        raise ApiError(f"{_request(response)}: {problem}", status=response.status_code) from error


def _problem(response: httpx.Response) -> ApiError:
    """Return the error of a response: its problem document in one line, or its HTTP reason."""
    said = ""
    if "json" in response.headers.get("content-type", ""):
        try:
            document = response.json()
        except ValueError:
            document = None
        if isinstance(document, dict):
            place = f"{document['field']}: " if document.get("field") else ""
            said = f"{place}{document.get('detail') or document.get('title') or response.reason_phrase}"
    return ApiError(
        f"{_request(response)}: {response.status_code} {said or response.reason_phrase}",
        status=response.status_code,
        detail=said,
    )


def _request(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url}"
