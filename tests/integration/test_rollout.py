"""Rollouts against a fake of Render: order of the steps, failures, and rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from home_credit.deployment.render import Render
from home_credit.deployment.rollout import Addresses, Version, rollout
from home_credit.deployment.settings import DeploymentSettings, Secrets
from home_credit.errors import (
    FailedDeployError,
    HostingError,
    MissingSecretError,
    RateLimitError,
    RefusedKeyError,
    SmokeError,
    StuckDeployError,
    UnknownServiceError,
)
from support import render as stand_in
from support.render import API, DASHBOARD, KEY, MLFLOW, RenderStandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALL = (API, DASHBOARD, MLFLOW)
NEW = Version("ghcr.io/Owner", "new")
STOPS = ("build_in_progress", "update_in_progress")


@pytest.fixture
def render() -> Iterator[RenderStandIn]:
    with stand_in.running() as running:
        yield running


def passes(addresses: Addresses) -> None:
    """A smoke test without a failure."""


def roll_out(
    render: RenderStandIn,
    check: Callable[[Addresses], None] = passes,
    *,
    key: str = KEY,
    mlflow: str = MLFLOW,
    version: Version = NEW,
    **times: Any,
) -> tuple[Addresses | BaseException, str]:
    """Roll out; return the addresses of the services, or the error, and all messages."""
    quick = {
        "DEPLOY_ATTEMPTS": 3,
        "DEPLOY_BACK_OFF_SECONDS": 0.01,
        "DEPLOY_POLL_SECONDS": 0.001,
        "DEPLOY_LIVE_SECONDS": 5,
        "DEPLOY_LISTED_SECONDS": 0.05,
        "RENDER_API_URL": render.url,
    }
    settings = DeploymentSettings(**{name.lower(): value for name, value in {**quick, **times}.items()})
    secrets = Secrets(SecretStr(key), API, DASHBOARD, mlflow)
    told: list[str] = []
    try:
        with Render(secrets.key, settings, told.append) as client:
            outcome: Addresses | BaseException = rollout(
                client, secrets, version, check=check, echo=told.append
            )
    except (Exception, KeyboardInterrupt) as error:
        outcome = error
    text = "\n".join([*told, str(outcome), repr(outcome)])
    assert KEY not in text
    assert key not in text
    return outcome, text


def runs(render: RenderStandIn) -> list[str | None]:
    return [render.services[service].runs for service in ALL]


def test_a_rollout_deploys_in_order_and_tells_the_dashboard_where_the_api_is(render: RenderStandIn) -> None:
    outcome, told = roll_out(render)
    assert outcome == Addresses(*(render.services[service].url for service in ALL))
    assert runs(render) == ["new"] * 3
    live = render.services[DASHBOARD].live
    assert live
    assert live.environment["API_URL"] == render.services[API].url
    posts = [line for line in render.requests if line.startswith(("POST", "PUT"))]
    assert posts == [
        "POST /v1/services/srv-api/deploys",
        "PUT /v1/services/srv-dashboard/env-vars/API_URL",
        "POST /v1/services/srv-dashboard/deploys",
        "POST /v1/services/srv-mlflow/deploys",
    ]
    assert "home-credit-api: live at https://home-credit-api.onrender.com" in told


def test_a_service_that_runs_images_gets_the_image_in_lower_case(render: RenderStandIn) -> None:
    service = render.services[API]
    service.runtime = "image"
    assert service.live
    service.live.runs = "ghcr.io/owner/home-credit-api:old"
    roll_out(render)
    assert runs(render) == ["ghcr.io/owner/home-credit-api:new", "new", "new"]


def test_an_image_of_another_repository_is_refused_in_render_s_words(render: RenderStandIn) -> None:
    service = render.services[API]
    service.runtime = "image"
    assert service.live
    service.live.runs = "ghcr.io/somebody/else:old"
    outcome, told = roll_out(render)
    assert isinstance(outcome, HostingError)
    assert "400 the image must be of the repository" in told
    assert runs(render) == ["ghcr.io/somebody/else:old", "old", "old"]


def test_render_s_own_deploys_are_turned_off_and_a_right_api_url_is_left(render: RenderStandIn) -> None:
    dashboard = render.services[DASHBOARD]
    dashboard.auto_deploy, dashboard.environment["API_URL"] = "yes", render.services[API].url
    _, told = roll_out(render)
    assert dashboard.auto_deploy == "no"
    assert "no longer deploys it at every push" in told
    assert not any(line.startswith("PUT") for line in render.requests)


def test_a_deploy_that_is_queued_is_found_and_followed(render: RenderStandIn) -> None:
    render.services[API].queues = True
    render.services[API].steps = ("queued", *stand_in.STEPS)
    outcome, told = roll_out(render)
    assert isinstance(outcome, Addresses)
    assert "home-credit-api: deploy dep-srv-api-2 of commit new" in told
    assert "home-credit-api: queued" in told


@pytest.mark.parametrize("status", ["build_failed", "update_failed", "pre_deploy_failed", "canceled"])
def test_a_failed_build_of_the_dashboard_takes_the_api_back(render: RenderStandIn, status: str) -> None:
    render.services[DASHBOARD].steps = ("build_in_progress", status)
    outcome, told = roll_out(render)
    assert isinstance(outcome, FailedDeployError)
    assert f"home-credit-dashboard: deploy dep-srv-dashboard-2 ended as {status}" in str(outcome)
    assert runs(render) == ["old"] * 3
    assert render.services[DASHBOARD].environment["API_URL"] == "https://old.example"
    assert "home-credit-api: going back to dep-srv-api-1 with dep-srv-api-3" in told
    assert "home-credit-api: rolled back" in told
    assert not any(line.startswith("POST /v1/services/srv-mlflow") for line in render.requests)


def test_a_deploy_that_is_never_live_is_given_up_and_cannot_be_live_later(render: RenderStandIn) -> None:
    render.services[MLFLOW].steps = STOPS
    outcome, told = roll_out(render, DEPLOY_LIVE_SECONDS=0.3)
    assert isinstance(outcome, StuckDeployError)
    assert "is update_in_progress, not live, after 0 s" in str(outcome)
    assert runs(render) == ["old"] * 3
    assert render.services[MLFLOW].deploys[-1].status == "canceled"
    assert "home-credit-mlflow: still runs dep-srv-mlflow-1" in told


def test_a_failed_smoke_test_takes_all_three_back(render: RenderStandIn) -> None:
    def check(addresses: Addresses) -> None:
        assert runs(render) == ["new"] * 3
        raise SmokeError(f"smoke test failed: {addresses.api}")

    outcome, told = roll_out(render, check)
    assert isinstance(outcome, SmokeError)
    assert runs(render) == ["old"] * 3
    assert told.count(": rolled back") == 3


def test_a_deploy_whose_answer_was_lost_is_undone_too(render: RenderStandIn) -> None:
    mlflow = render.services[MLFLOW]
    mlflow.loses_answers = True
    outcome, _ = roll_out(render)
    assert isinstance(outcome, HostingError)
    assert mlflow.deploys[-1].status == "canceled"
    assert runs(render) == ["old"] * 3


def test_what_somebody_else_deployed_meanwhile_is_left(render: RenderStandIn) -> None:
    api = render.services[API]

    def check(addresses: Addresses) -> None:
        deploy = api.start("theirs", api.environment)
        while deploy.steps:
            api.step(deploy)
        raise SmokeError("a fault")

    _, told = roll_out(render, check)
    assert runs(render) == ["theirs", "old", "old"]
    assert f"home-credit-api: still runs {api.deploys[-1].id}" in told


def test_an_interrupted_rollout_is_undone_too(render: RenderStandIn) -> None:
    def check(addresses: Addresses) -> None:
        raise KeyboardInterrupt

    outcome, told = roll_out(render, check)
    assert isinstance(outcome, KeyboardInterrupt)
    assert "failed: interrupted" in told
    assert runs(render) == ["old"] * 3


def test_a_first_rollout_has_nothing_to_go_back_to(render: RenderStandIn) -> None:
    for service in render.services.values():
        service.deploys.clear()
        service.environment.clear()
    render.services[MLFLOW].steps = ("build_failed",)
    _, told = roll_out(render)
    assert runs(render) == ["new", "new", None]
    assert "home-credit-api: keeps dep-srv-api-1, for there is no earlier deploy to go back to" in told
    assert "home-credit-mlflow: runs nothing, as before" in told
    assert "API_URL" not in render.services[DASHBOARD].environment


def test_what_cannot_be_rolled_back_is_said_and_the_others_are(render: RenderStandIn) -> None:
    render.services[MLFLOW].steps = ("build_failed",)
    render.fails("POST .*srv-dashboard/rollback", 500, times=99)
    outcome, told = roll_out(render)
    assert isinstance(outcome, FailedDeployError)
    assert runs(render) == ["old", "new", "old"]
    assert "home-credit-dashboard: NOT rolled back" in told
    assert "roll it back to dep-srv-dashboard-1 in the Render Dashboard" in told


def test_a_wrong_key_changes_nothing(render: RenderStandIn) -> None:
    outcome, told = roll_out(render, key="rnd_wrong")
    assert isinstance(outcome, RefusedKeyError)
    assert "RENDER_API_KEY" in told
    assert len(render.requests) == 1


def test_an_unknown_service_changes_nothing(render: RenderStandIn) -> None:
    outcome, told = roll_out(render, mlflow="srv-nothing")
    assert isinstance(outcome, UnknownServiceError)
    assert "srv-nothing" in told
    assert runs(render) == ["old"] * 3
    assert all(line.startswith("GET") for line in render.requests)


def test_a_suspended_service_changes_nothing(render: RenderStandIn) -> None:
    render.services[MLFLOW].suspended = "suspended"
    outcome, _ = roll_out(render)
    assert isinstance(outcome, HostingError)
    assert all(line.startswith("GET") for line in render.requests)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(429, {"Retry_After": "0.2"}), (429, {"Ratelimit_Reset": "0.2"}), (503, {}), (500, {}), (0, {})],
    ids=["Retry-After", "Ratelimit-Reset", "503", "500", "reset"],
)
@pytest.mark.parametrize("pattern", ["GET /v1/services/srv-api$", "POST .*srv-api/deploys$"])
def test_a_fault_that_passes_is_waited_out(
    render: RenderStandIn, pattern: str, status: int, headers: dict[str, str]
) -> None:
    render.fails(pattern, status, times=2, **headers)
    outcome, told = roll_out(render)
    assert isinstance(outcome, Addresses), told
    assert told.count("again in") == 2
    if headers:
        assert told.count("again in 0.2 s") == 2
    assert runs(render) == ["new"] * 3


def test_a_rate_limit_without_end_is_one_clear_error(render: RenderStandIn) -> None:
    render.fails("POST .*srv-mlflow/deploys", 429, times=99, Retry_After="0")
    outcome, _ = roll_out(render)
    assert isinstance(outcome, RateLimitError)
    assert (
        len([line for line in render.requests if line.startswith("POST /v1/services/srv-mlflow/deploys")])
        == 3
    )
    assert runs(render) == ["old"] * 3


@pytest.mark.parametrize("pause", ["3600", "9999999999", "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_a_pause_that_is_too_long_is_not_waited_for(render: RenderStandIn, pause: str) -> None:
    render.fails("GET /v1/services/srv-api$", 429, times=99, Retry_After=pause)
    outcome, told = roll_out(render)
    assert isinstance(outcome, RateLimitError)
    assert "again in" not in told


def test_a_pause_that_is_not_understood_is_our_own(render: RenderStandIn) -> None:
    render.fails("GET /v1/services/srv-api$", 429, Retry_After="soon")
    outcome, told = roll_out(render)
    assert isinstance(outcome, Addresses)
    assert told.count("again in 0.0 s") == 1


def test_nobody_there_is_one_clear_error(render: RenderStandIn) -> None:
    render.fails("", 0, times=99)
    outcome, _ = roll_out(render)
    assert isinstance(outcome, HostingError)
    assert str(outcome).startswith("Render: GET /services/srv-api: no answer")


@pytest.mark.parametrize("value", [f"{KEY}\x00x", f"{KEY} x", f"{KEY}é", f"{KEY}\nx"])
def test_a_key_that_would_break_a_request_is_refused_unseen(value: str) -> None:
    given = {
        "render_service_api": API,
        "render_service_dashboard": DASHBOARD,
        "render_mlflow_service_id": MLFLOW,
    }
    with pytest.raises(MissingSecretError) as refused:
        Secrets.of(DeploymentSettings(render_api_key=SecretStr(value), **given))  # type: ignore[arg-type]  # a mapping of settings
    assert str(refused.value) == "RENDER_API_KEY holds a character that Render's keys and ids never have"
    pasted = Secrets.of(DeploymentSettings(render_api_key=SecretStr(f"{KEY}\n"), **given))  # type: ignore[arg-type]  # a mapping of settings
    assert pasted.key.get_secret_value() == KEY
    assert KEY not in repr(pasted)
