"""Smoke checks: each service answers, the API decides like the model in this repository, MLflow lists runs."""

from __future__ import annotations

import math
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

import httpx
import tenacity
from pydantic import BaseModel, Field, ValidationError

from home_credit import __version__
from home_credit.client import ApiClient
from home_credit.errors import ApiError, HomeCreditError, SmokeError
from home_credit.examples import BUNDLE
from home_credit.schemas import PredictionRequest
from home_credit.tables.bundle import parse_bundle
from home_credit.tracking import CHAMPION, MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from home_credit.decisioning.scoring import Scorer
    from home_credit.deployment.rollout import Addresses
    from home_credit.schemas import Decision

T = TypeVar("T")
Answer = TypeVar("Answer", bound=BaseModel)
HEALTHY = {"status": "healthy", "model_loaded": True, "version": __version__}
MLFLOW_API = "/api/2.0/mlflow"
# The hosting platform answers with these while a service wakes.
WAKING = frozenset({httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT})
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
# The last bits of an exponential differ between machines.
TOLERANCE = 1e-9


class StillWaking(Exception):  # noqa: N818  # not an error yet
    """The service does not answer yet."""


def smoke(
    addresses: Addresses,
    scorer: Scorer,
    *,
    echo: Callable[[str], None],
    api_key: str | None = None,
    wake_seconds: float = 240.0,
    revision: str | None = None,
) -> None:
    """Run every check and report each with its seconds; the first answer of a service may take ``wake_seconds``.

    ``scorer`` is the model that should have been deployed; its decision is the expected one. With a ``revision``
    each service must run that commit.

    :raises SmokeError: a check failed; the message names all that did.
    """
    with (
        httpx.Client(timeout=TIMEOUT, follow_redirects=True) as http,
        ApiClient(addresses.api, api_key) as client,
    ):
        api, dashboard, mlflow = (
            _Site(http, url, wake_seconds) for url in (addresses.api, addresses.dashboard, addresses.mlflow)
        )
        checks: dict[str, Callable[[], str]] = {
            "API health": lambda: _api_health(api),
            "API decision": lambda: _api_decision(api, client, scorer),
            "Dashboard health": lambda: _dashboard_health(dashboard),
            "Dashboard first page": lambda: _dashboard_page(dashboard),
            "MLflow health": lambda: _mlflow_health(mlflow),
            "MLflow runs": lambda: _mlflow_runs(mlflow),
            "MLflow champion": lambda: _mlflow_champion(mlflow),
        }
        if revision:
            checks |= {
                "API revision": lambda: _revision(_api_revision(api), revision),
                "Dashboard revision": lambda: _revision(
                    dashboard.answer("GET", "/app/static/revision.txt").text, revision
                ),
                "MLflow revision": lambda: _revision(mlflow.answer("GET", "/revision").text, revision),
            }
        failed = [problem for name, check in checks.items() if (problem := _run(name, check, echo))]
    if failed:
        raise SmokeError(f"smoke test failed: {'; '.join(failed)}")


def _run(name: str, check: Callable[[], str], echo: Callable[[str], None]) -> str | None:
    """Run and report one check; return its problem, or ``None``."""
    began = time.monotonic()
    try:
        found, problem = check(), None
    except (HomeCreditError, httpx.HTTPError, StillWaking) as error:
        found = str(error) or type(error).__name__
        problem = f"{name}: {found}"
    echo(f"{'FAILED' if problem else 'ok':<6} {name:<20} {time.monotonic() - began:6.1f} s  {found}")
    return problem


class _Site:
    """A service, and the time that is left for it to wake."""

    def __init__(self, http: httpx.Client, url: str, wake_seconds: float) -> None:
        self.url = url
        self._http, self._wake_seconds = http, wake_seconds
        self._deadline: float | None = None

    def answer(self, method: str, path: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        """Return a successful answer."""

        def once() -> httpx.Response:
            try:
                response = self._http.request(method, self.url + path, json=body)
            except httpx.TransportError as error:
                raise StillWaking(
                    f"{method} {self.url}{path}: no answer ({error or type(error).__name__})"
                ) from error
            if response.is_success:
                return response
            said = f"{method} {response.request.url}: {response.status_code} {response.reason_phrase}"
            # The API reports in JSON that it has no model; waiting does not help then.
            ours = "json" in response.headers.get("content-type", "")
            if response.status_code in WAKING and not ours:
                raise StillWaking(said)
            raise SmokeError(f"{said}{f' {response.text[:200]}' if ours else ''}")

        return self.retry_with_backoff(once)

    def retry_with_backoff(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, repeating it while it raises :class:`StillWaking` and there is time."""
        now = time.monotonic()
        self._deadline = self._deadline or now + self._wake_seconds
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_delay(max(0.0, self._deadline - now)),
            wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=5.0, jitter=0.5),
            retry=tenacity.retry_if_exception_type(StillWaking),
            reraise=True,
        )
        return attempts(call)


def _api_health(api: _Site) -> str:
    response = api.answer("GET", "/health")
    try:
        said = response.json()
    except ValueError:
        said = None
    if said != HEALTHY:
        raise SmokeError(f"GET {api.url}/health: {response.text[:200]!r}, not {HEALTHY}")
    return response.text


def _api_revision(api: _Site) -> str | None:
    try:
        return _Status.model_validate_json(api.answer("GET", "/status").content).revision
    except ValidationError:
        raise SmokeError(f"GET {api.url}/status: not the answer of the API") from None


def _revision(found: str | None, expected: str) -> str:
    """Compare the commit that runs with the one that was deployed."""
    running = " ".join((found or "").split())
    if running != expected:
        raise SmokeError(f"runs {running[:80] or 'an unknown commit'}, not {expected}")
    return running


def _api_decision(api: _Site, client: ApiClient, scorer: Scorer) -> str:
    """Compare a decision on the example applicant with that of the model in this repository.

    The request is a simulation, so the ledger marks the decision as one, and it can be repeated.
    """
    (expected,) = scorer.assess([parse_bundle(BUNDLE)], simulation=True)

    def once() -> Decision:
        try:
            return client.predict(PredictionRequest(**BUNDLE), simulation=True)
        except ApiError as error:
            if error.status in {None, httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT}:
                raise StillWaking(str(error)) from error
            raise

    decision = api.retry_with_backoff(once)
    if decision.model_version != expected.model_version:
        raise SmokeError(f"model {decision.model_version} decided, not {expected.model_version}")
    answered, right = decision.probability_of_default, expected.probability_of_default
    if not math.isclose(answered, right, rel_tol=TOLERANCE):
        raise SmokeError(f"probability of default {answered!r}, not {right!r}")
    return f"{decision.decision}, probability of default {answered:.4f}, model {decision.model_version}"


def _dashboard_health(dashboard: _Site) -> str:
    said = dashboard.answer("GET", "/_stcore/health").text.strip()
    if said != "ok":
        raise SmokeError(f"GET {dashboard.url}/_stcore/health: {said[:200]!r}, not 'ok'")
    return said


def _dashboard_page(dashboard: _Site) -> str:
    page = _Page()
    page.feed(dashboard.answer("GET", "/").text)
    if not page.titled or not page.assets:
        raise SmokeError(f"GET {dashboard.url}/: not the dashboard's page")
    for asset in page.assets:
        path = urljoin("/", asset)
        # Streamlit answers with the page itself where a file does not exist.
        if "text/html" in dashboard.answer("GET", path).headers.get("content-type", ""):
            raise SmokeError(f"GET {dashboard.url}{path}: a page, not the file")
    return f"{len(page.assets)} scripts and style sheets"


class _Page(HTMLParser):
    """Collects the title of a page, and the scripts and style sheets that it needs."""

    def __init__(self) -> None:
        super().__init__()
        self.titled = False
        self.assets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect one element."""
        given = dict(attrs)
        self.titled |= tag == "title"
        address = given.get("src") if tag == "script" else None
        if tag == "link" and given.get("rel") == "stylesheet":
            address = given.get("href")
        if address:
            self.assets.append(address)


def _mlflow_health(mlflow: _Site) -> str:
    return mlflow.answer("GET", "/health").text.strip()


def _mlflow_runs(mlflow: _Site) -> str:
    found = _parsed(
        mlflow.answer("POST", f"{MLFLOW_API}/experiments/search", {"max_results": 100}), _Experiments
    )
    search = {"experiment_ids": [each.experiment_id for each in found.experiments], "max_results": 1}
    runs = _parsed(mlflow.answer("POST", f"{MLFLOW_API}/runs/search", search), _Runs).runs
    if not runs:
        raise SmokeError(f"{mlflow.url} lists no run")
    return f"run {runs[0].info.run_name}"


def _mlflow_champion(mlflow: _Site) -> str:
    answer = mlflow.answer("GET", f"{MLFLOW_API}/registered-models/alias?name={MODEL}&alias={CHAMPION}")
    return f"{MODEL} version {_parsed(answer, _Alias).model_version.version}"


def _parsed(response: httpx.Response, kind: type[Answer]) -> Answer:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError:
        raise SmokeError(
            f"{response.request.method} {response.request.url}: not the answer of an MLflow server"
        ) from None


class _Status(BaseModel):
    revision: str | None = None


class _Experiment(BaseModel):
    experiment_id: str


class _Experiments(BaseModel):
    experiments: list[_Experiment] = Field(default_factory=list)


class _RunInfo(BaseModel):
    run_name: str


class _Run(BaseModel):
    info: _RunInfo


class _Runs(BaseModel):
    runs: list[_Run] = Field(default_factory=list)


class _ModelVersion(BaseModel):
    version: str


class _Alias(BaseModel):
    model_version: _ModelVersion
