"""Rollouts against a fake of Render: order of the steps, failures, and rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from home_credit.deployment.render import Render
from home_credit.deployment.rollout import Addresses, Version, rollout
from home_credit.deployment.settings import DeploymentSettings, Secrets
from home_credit.deployment.undo import Journal, undo
from home_credit.errors import (
    FailedDeployError,
    HostingError,
    MissingSecretError,
    RateLimitError,
    RefusedKeyError,
    SmokeError,
    StuckDeployError,
    UnknownServiceError,
    UsageError,
)
from support import render as stand_in
from support.render import API, DASHBOARD, KEY, MLFLOW, RenderStandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALL = (API, DASHBOARD, MLFLOW)
NEW = Version("ghcr.io/Owner", "new")
STOPS = ("build_in_progress", "update_in_progress")


@pytest.fixture
def render() -> Iterator[RenderStandIn]:
    with stand_in.running() as running:
        yield running


def passes(addresses: Addresses) -> None:
    """A smoke test without a failure."""


def quick_settings(render: RenderStandIn, **times: Any) -> DeploymentSettings:
    """Settings with short times, that ``times`` replace."""
    quick = {
        "DEPLOY_ATTEMPTS": 3,
        "DEPLOY_BACK_OFF_SECONDS": 0.01,
        "DEPLOY_POLL_SECONDS": 0.001,
        "DEPLOY_LIVE_SECONDS": 5,
        "DEPLOY_LISTED_SECONDS": 0.05,
        "RENDER_API_URL": render.url,
    }
    return DeploymentSettings(**{name.lower(): value for name, value in {**quick, **times}.items()})


def roll_out(
    render: RenderStandIn,
    check: Callable[[Addresses], None] = passes,
    *,
    key: str = KEY,
    mlflow: str = MLFLOW,
    version: Version = NEW,
    journal: Journal | None = None,
    on_line: Callable[[str], None] | None = None,
    **times: Any,
) -> tuple[Addresses | BaseException, str]:
    """Roll out; return the addresses of the services, or the error, and all messages."""
    secrets = Secrets(SecretStr(key), API, DASHBOARD, mlflow)
    told: list[str] = []
    undoing = False

    def echo(line: str) -> None:
        told.append(line)
        if on_line and not undoing:
            on_line(line)

    def before_undo() -> None:
        nonlocal undoing
        undoing = True

    try:
        with Render(secrets.key, quick_settings(render, **times), echo) as client:
            outcome: Addresses | BaseException = rollout(
                client, secrets, version, check=check, echo=echo, journal=journal, before_undo=before_undo
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
    mlflow.loses_answers = 99
    outcome, _ = roll_out(render)
    assert isinstance(outcome, HostingError)
    assert mlflow.deploys[-1].status == "canceled"
    assert runs(render) == ["old"] * 3


def test_a_deploy_that_is_listed_late_is_not_taken_for_the_one_before(render: RenderStandIn) -> None:
    api = render.services[API]
    api.queues, api.lists_late, api.steps = True, 4, ("build_in_progress", "build_failed")
    outcome, told = roll_out(render)
    assert isinstance(outcome, FailedDeployError), told
    assert runs(render) == ["old"] * 3


def test_a_deploy_that_is_never_listed_is_an_error_that_the_report_names(render: RenderStandIn) -> None:
    render.services[API].queues, render.services[API].lists_late = True, 10_000
    outcome, told = roll_out(render)
    assert isinstance(outcome, StuckDeployError)
    assert "accepted a deploy of new and did not list it" in str(outcome)
    assert "home-credit-api: still runs dep-srv-api-1; Render lists no deploy of new" in told


def test_a_deploy_of_another_commit_is_refused(render: RenderStandIn) -> None:
    render.services[API].deploys_instead = "other"
    outcome, _ = roll_out(render)
    assert isinstance(outcome, HostingError)
    assert "Render deploys other, not new" in str(outcome)


def test_a_cancel_that_the_rate_limit_refuses_is_said(render: RenderStandIn) -> None:
    render.services[MLFLOW].steps = STOPS
    render.fails("POST .*srv-mlflow/deploys/.*/cancel", 429, times=99, Retry_After="0")
    _, told = roll_out(render, DEPLOY_LIVE_SECONDS=0.1)
    assert runs(render)[:2] == ["old"] * 2
    assert "home-credit-mlflow: NOT rolled back" in told


def test_a_killed_rollout_is_undone_from_its_journal(render: RenderStandIn, tmp_path: Path) -> None:
    def killed(addresses: Addresses) -> None:
        raise SystemExit

    journal = tmp_path / "rollout.json"
    with pytest.raises(SystemExit):
        roll_out(render, killed, journal=Journal(journal))
    assert runs(render) == ["new"] * 3
    told: list[str] = []
    for _ in range(2):
        with Render(SecretStr(KEY), quick_settings(render), told.append) as client:
            assert undo(client, Journal.read(journal), told.append)
        assert runs(render) == ["old"] * 3
    assert render.services[DASHBOARD].environment["API_URL"] == "https://old.example"
    assert not journal.exists()
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UsageError, match=r"other\.json is not the journal of a rollout"):
        Journal.read(tmp_path / "other.json")


REQUESTS = (
    "GET .*srv-{}$", "GET .*srv-{}/deploys\\?", "GET .*srv-{}/deploys/", "POST .*srv-{}/deploys$", "POST .*/cancel",
    "POST .*srv-{}/rollback", "PUT ", "PATCH ", "DELETE ",
)  # fmt: skip
FAULTS = st.tuples(
    st.sampled_from(REQUESTS),
    st.sampled_from(["api", "dashboard", "mlflow"]),
    st.sampled_from([429, 503, 500, 0, 400]),
    st.integers(1, 4),
)
SERVICES = st.fixed_dictionaries(
    {
        "queues": st.booleans(),
        "loses_answers": st.integers(0, 3),
        "lists_late": st.integers(0, 3),
        "steps": st.sampled_from([stand_in.STEPS, stand_in.STEPS, ("build_failed",), STOPS]),
        "auto_deploy": st.sampled_from(["yes", "no"]),
    }
)


def settle(render: RenderStandIn) -> None:
    """Let every deploy that is in progress come to its end."""
    for service in render.services.values():
        for deploy in service.deploys:
            while deploy.steps:
                service.step(deploy)


def all_new_all_old_or_said(
    faults: list[tuple[str, str, int, int]], services: list[dict[str, Any]], interrupt: int
) -> None:
    lines = 0

    def interrupting(line: str) -> None:
        nonlocal lines
        lines += 1
        if lines == interrupt:
            raise KeyboardInterrupt

    with stand_in.running() as render:
        for service, behaviour in zip(render.services.values(), services, strict=True):
            vars(service).update(behaviour)
        for pattern, name, status, times in faults:
            render.fails(pattern.format(name), status, times, Retry_After="0")
        outcome, told = roll_out(render, on_line=interrupting, DEPLOY_LIVE_SECONDS=0.1)
        settle(render)
        if isinstance(outcome, Addresses):
            assert runs(render) == ["new"] * 3, told
            return
        for service in render.services.values():
            said = f"{service.name}: NOT rolled back" in told or f"{service.name}: still runs" in told
            assert service.runs == "old" or said, told


@settings(max_examples=15, deadline=None)
@given(st.lists(FAULTS, max_size=4), st.lists(SERVICES, min_size=3, max_size=3), st.integers(0, 20))
def test_in_the_end_all_are_new_or_all_old_or_the_report_says_which(
    faults: list[tuple[str, str, int, int]], services: list[dict[str, Any]], interrupt: int
) -> None:
    all_new_all_old_or_said(faults, services, interrupt)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(FAULTS, max_size=8), st.lists(SERVICES, min_size=3, max_size=3), st.integers(0, 30))
def test_the_same_for_many_sequences_of_faults(
    faults: list[tuple[str, str, int, int]], services: list[dict[str, Any]], interrupt: int
) -> None:
    all_new_all_old_or_said(faults, services, interrupt)


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
