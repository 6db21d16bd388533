"""Client of Render's REST API (https://api-docs.render.com): the few calls that a rollout needs."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar

import httpx
import tenacity
from pydantic import TypeAdapter, ValidationError

from home_credit.deployment.answers import ENDED, LIVE, Deploy, Listed, Service, Variable
from home_credit.errors import (
    FailedDeployError,
    HostingError,
    RateLimitError,
    RefusedKeyError,
    StuckDeployError,
    UnknownServiceError,
)
from home_credit.invalid import first_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from pydantic import SecretStr

    from home_credit.deployment.settings import DeploymentSettings

T = TypeVar("T")

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
SERVER_ERRORS = 500
# Ratelimit-Reset is documented as a point in time and shown as seconds to wait: no pause is this long.
LONGEST_RESET = 1e9
# Answers to the request to cancel a deploy that has ended.
HAS_ENDED = frozenset({httpx.codes.BAD_REQUEST, httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY})


class Render:
    """Calls Render with ``key``; safe to use from one thread.

    Attempts that end in a rate limit, a server error or a connection error are repeated after the pause that Render
    requests, or else after an exponential pause with jitter; each is reported to ``echo``. A repeated request does no
    harm: of two deploys of one service the later one wins, and that is the one followed.

    Every method raises :class:`RefusedKeyError`, :class:`UnknownServiceError`, :class:`RateLimitError` or
    :class:`HostingError`; none of them holds the key.
    """

    def __init__(self, key: SecretStr, settings: DeploymentSettings, echo: Callable[[str], None]) -> None:
        self._settings, self._echo = settings, echo
        self._http = httpx.Client(
            base_url=settings.render_api_url.rstrip("/"),
            headers={"Authorization": f"Bearer {key.get_secret_value()}", "Accept": "application/json"},
            timeout=TIMEOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def service(self, service_id: str) -> Service:
        """Return a service."""
        return _parsed(self._send("GET", f"/services/{service_id}"), Service)

    def stop_auto_deploy(self, service_id: str) -> None:
        """Turn off Render's deploy at every push."""
        self._send("PATCH", f"/services/{service_id}", {"autoDeploy": "no"})

    def variable(self, service_id: str, name: str) -> str | None:
        """Return an environment variable of a service, ``None`` where it is not set."""
        response = self._send("GET", f"/services/{service_id}/env-vars/{name}", absent=httpx.codes.NOT_FOUND)
        return None if response.status_code == httpx.codes.NOT_FOUND else _parsed(response, Variable).value

    def set_variable(self, service_id: str, name: str, value: str | None) -> None:
        """Set an environment variable, or remove it (``None``); the next deploy sees it."""
        path = f"/services/{service_id}/env-vars/{name}"
        if value is None:
            self._send("DELETE", path, absent=httpx.codes.NOT_FOUND)
        else:
            self._send("PUT", path, {"value": value})

    def live_deploy(self, service_id: str) -> Deploy | None:
        """Return the deploy that the service runs, ``None`` where it never was live."""
        return self.newest_deploy(service_id, status="live")

    def newest_deploy(self, service_id: str, **filters: str) -> Deploy | None:
        """Return the newest deploy of a service (that matches Render's ``filters``), whatever its status."""
        response = self._send("GET", f"/services/{service_id}/deploys", params={"limit": "1", **filters})
        newest = _parsed(response, list[Listed])
        return newest[0].deploy if newest else None

    def deploys_after(self, service_id: str, deploy_id: str | None, version: str) -> list[Deploy]:
        """Return the deploys of ``version`` that are newer than a deploy, newest first."""
        response = self._send("GET", f"/services/{service_id}/deploys", params={"limit": "20"})
        newer = takewhile(
            lambda deploy: deploy.id != deploy_id,
            (listed.deploy for listed in _parsed(response, list[Listed])),
        )
        return [deploy for deploy in newer if deploy.is_of(version)]

    def deploy(self, service: Service, version: str, *, newest_before: str | None) -> Deploy:
        """Start a deploy of an image (of a service that runs images) or of a commit (of one that is built).

        ``newest_before`` is the newest deploy before this one. Where Render accepts a deploy without naming it, the
        deploy is the first of ``version`` that is listed after that one.

        :raises StuckDeployError: it is not listed within ``deploy_listed_seconds``.
        """
        body = {"imageUrl" if service.runs_images else "commitId": version}
        response = self._send("POST", f"/services/{service.id}/deploys", body)
        if response.content:
            return _parsed(response, Deploy)
        # 202: the deploy waits for one that is in progress.
        if found := self.listed_after(service.id, newest_before, version):
            return found[0]
        raise StuckDeployError(
            f"{service.name}: Render accepted a deploy of {version} and did not list it within"
            f" {self._settings.deploy_listed_seconds:.0f} s"
        )

    def listed_after(self, service_id: str, deploy_id: str | None, version: str) -> list[Deploy]:
        """Return :meth:`deploys_after` as soon as there is one, none after ``deploy_listed_seconds``."""
        deadline = time.monotonic() + self._settings.deploy_listed_seconds
        while not (found := self.deploys_after(service_id, deploy_id, version)):
            if time.monotonic() > deadline:
                break
            time.sleep(self._settings.deploy_poll_seconds)
        return found

    def read_deploy(self, service_id: str, deploy_id: str) -> Deploy:
        """Return a deploy as it is now."""
        return _parsed(self._send("GET", f"/services/{service_id}/deploys/{deploy_id}"), Deploy)

    def roll_back(self, service_id: str, deploy_id: str) -> Deploy:
        """Start a deploy of the version of an earlier deploy, without building it again."""
        return _parsed(
            self._send("POST", f"/services/{service_id}/rollback", {"deployId": deploy_id}), Deploy
        )

    def cancel(self, service_id: str, deploy_id: str) -> None:
        """Cancel a deploy that is in progress; one that has ended stays as it is."""
        try:
            self._send("POST", f"/services/{service_id}/deploys/{deploy_id}/cancel")
        except HostingError as error:
            if error.status not in HAS_ENDED:
                raise

    def wait_until_live(self, service: Service, deploy: Deploy) -> None:
        """Return when the deploy is live; each status is reported to ``echo``.

        :raises FailedDeployError: it ended without being live.
        :raises StuckDeployError: it is not live within ``deploy_live_seconds``.
        """
        deadline = time.monotonic() + self._settings.deploy_live_seconds
        log = f"https://dashboard.render.com/web/{service.id}/deploys/{deploy.id}"
        reported = ""
        while deploy.status != LIVE:
            if deploy.status != reported:
                reported = deploy.status
                self._echo(f"{service.name}: {reported}")
            if deploy.status in ENDED:
                raise FailedDeployError(
                    f"{service.name}: deploy {deploy.id} ended as {deploy.status}; see {log}"
                )
            if time.monotonic() > deadline:
                raise StuckDeployError(
                    f"{service.name}: deploy {deploy.id} is {deploy.status}, not live, after"
                    f" {self._settings.deploy_live_seconds:.0f} s; see {log}"
                )
            time.sleep(self._settings.deploy_poll_seconds)
            deploy = self.read_deploy(service.id, deploy.id)

    def wait_until_ended(self, service_id: str, deploy: Deploy) -> Deploy:
        """Return a cancelled deploy when it can no longer become live, or is.

        :raises StuckDeployError: it is in progress after ``deploy_listed_seconds``.
        """
        deadline = time.monotonic() + self._settings.deploy_listed_seconds
        while (deploy := self.read_deploy(service_id, deploy.id)).in_progress:
            if time.monotonic() > deadline:
                raise StuckDeployError(f"deploy {deploy.id} was cancelled and is {deploy.status}")
            time.sleep(self._settings.deploy_poll_seconds)
        return deploy

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        params: dict[str, str] | None = None,
        absent: int | None = None,
    ) -> httpx.Response:
        """Return the response to a request; a response with the status ``absent`` is no error."""

        def once() -> httpx.Response:
            response = self._http.request(method, path, json=body, params=params)
            return response if response.status_code == absent else response.raise_for_status()

        back_off = tenacity.wait_exponential_jitter(
            multiplier=self._settings.deploy_back_off_seconds,
            max=self._settings.deploy_longest_pause_seconds,
            jitter=self._settings.deploy_back_off_seconds,
        )
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._settings.deploy_attempts),
            retry=tenacity.retry_if_exception(self._worth_another_attempt),
            wait=lambda state: max(back_off(state), _pause_asked_for(_failure(state))),
            before_sleep=lambda state: self._echo(
                f"Render: {method} {path}: {_reason(_failure(state))}; again in {state.upcoming_sleep:.1f} s"
            ),
            reraise=True,
        )
        try:
            return attempts(once)
        except httpx.HTTPStatusError as error:
            raise _problem(error.response) from None
        except httpx.HTTPError as error:
            raise HostingError(f"Render: {method} {path}: no answer ({_reason(error)})") from None

    def _worth_another_attempt(self, error: BaseException) -> bool:
        if isinstance(error, httpx.HTTPStatusError):
            status = error.response.status_code
            transient = status == httpx.codes.TOO_MANY_REQUESTS or status >= SERVER_ERRORS
        else:
            transient = isinstance(error, httpx.TransportError)
        return transient and _pause_asked_for(error) <= self._settings.deploy_longest_pause_seconds


def _failure(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _pause_asked_for(error: BaseException | None) -> float:
    """Return the seconds to wait by the headers of the response, 0 where there are none that can be parsed."""
    if not isinstance(error, httpx.HTTPStatusError):
        return 0.0
    headers = error.response.headers
    asked = headers.get("Retry-After") or headers.get("Ratelimit-Reset") or "0"
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(asked).timestamp()
        except ValueError:
            return 0.0
    return max(0.0, seconds - time.time() if seconds > LONGEST_RESET else seconds)


def _reason(error: BaseException | None) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"{error.response.status_code} {error.response.reason_phrase}"
    return str(error) or type(error).__name__


def _problem(response: httpx.Response) -> Exception:
    """Return the error for a response."""
    status, place = response.status_code, f"{response.request.method} {response.request.url.path}"
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return RefusedKeyError(
            f"Render does not accept RENDER_API_KEY for {place} ({status}); is it the right key?"
        )
    if status == httpx.codes.NOT_FOUND:
        return UnknownServiceError(
            f"Render finds nothing at {place} (404); check the service id and whose key it is"
        )
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return RateLimitError(
            f"Render: {place}: still over the rate limit (429) after every attempt", status=status
        )
    return HostingError(f"Render: {place}: {status} {_message(response)}", status=status)


def _message(response: httpx.Response) -> str:
    """Return the message of an error response, in one line."""
    try:
        document = response.json()
    except ValueError:
        document = None
    said = document.get("message") if isinstance(document, dict) else None
    return " ".join(str(said or response.reason_phrase).split())


def _parsed(response: httpx.Response, kind: type[T]) -> T:
    try:
        return TypeAdapter(kind).validate_json(response.content)
    except ValidationError as error:
        where = f"{response.request.method} {response.request.url.path}"
        raise HostingError(
            f"Render: {where}: not the answer expected: {first_fault(error, 'body')}"
        ) from None
