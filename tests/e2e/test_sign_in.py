"""Sign-in by OpenID Connect with a real provider, real services and a real browser; and what the logs hold afterwards."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from home_credit.client import ApiClient
from home_credit.dashboard.returning import COOKIE
from home_credit.dashboard.texts import texts
from support import oidc
from support.commands import COMMAND, SERVE_API
from support.ports import free_port
from support.servers import server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.schemas import Decision
    from support.servers import Running

ROOT = Path(__file__).parents[2]
FR, EN = texts("fr"), texts("en")
API_KEY = "a key of the test that has every scope"
COOKIE_SECRET = "a secret of the test that signs cookies"
REVIEWER, OFFICER, ANALYST, NOBODY = "anne", "omar", "ada", "zoe"
PEOPLE: dict[str, dict[str, object]] = {
    REVIEWER: {"name": "Anne Martin", "email": "anne@bank.example", "realm": {"roles": ["x", "second-line"]}},
    OFFICER: {"name": "Omar <b>Diaz</b>", "email": "omar@bank.example"},
    ANALYST: {"name": "Ada Moreau", "email": "ada@bank.example", "realm": {"roles": ["risk"]}},
    NOBODY: {"name": "Zoé Petit", "email": "zoe@bank.example", "email_verified": False},
}
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def api(applicants_url: str, logs: Path) -> Iterator[Running]:
    environment = {
        **os.environ,
        "API_KEY": API_KEY,
        "APPLICANTS_URL": applicants_url,
        "DATABASE_URL": f"sqlite:///{logs / 'ledger.db'}",
        "PORT": str(port := free_port()),
        "HOST": "127.0.0.1",
    }
    with server(SERVE_API, port, "/readyz", logs / "api.log", cwd=ROOT, env=environment) as running:
        yield running


@pytest.fixture(scope="module")
def referred(api: Running) -> Decision:
    """A decision that awaits a human."""
    with ApiClient(api.url, API_KEY) as client:
        for applicant in client.applicants(limit=50).applicants:
            decision = client.predict_applicant(applicant)
            if decision.decision == "review":
                return decision
    raise AssertionError("no case was referred")


@pytest.fixture(scope="module")
def dashboard(api: Running, logs: Path) -> Iterator[Running]:
    port = free_port()
    with oidc.provider(PEOPLE, logs / "provider.log") as provider:
        environment = {
            **os.environ,
            "API_URL": api.url,
            "API_KEY": API_KEY,
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "OIDC_ISSUER": provider.url,
            "OIDC_CLIENT_ID": "dashboard",
            "OIDC_CLIENT_SECRET": "the secret of the dashboard",
            "OIDC_REDIRECT_URI": f"http://localhost:{port}/oauth2callback",
            "OIDC_COOKIE_SECRET": COOKIE_SECRET,
            "OIDC_ROLE_CLAIM": "realm.roles",
            "OIDC_ROLES": '{"second-line": "reviewer", "risk": "analyst"}',
            "TMPDIR": str(logs),
        }
        with server(
            [*COMMAND, "serve", "dashboard"],
            port,
            "/_stcore/health",
            logs / "dashboard.log",
            host="localhost",
            cwd=ROOT,
            env=environment,
        ) as running:
            yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


def sign_in(context: BrowserContext, dashboard: Running, subject: str, address: str = "/") -> Page:
    translate = EN if "lang=en" in address else FR
    page = context.new_page()
    page.goto(f"{dashboard.url}{address}")
    page.get_by_role("button", name=translate("access.sign_in")).click()
    page.locator("input[name=sub]").fill(subject)
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.wait_for_url(f"{dashboard.url}/**")
    return page


def heading(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=30_000)


def refuses(page: Page, dashboard: Running, address: str, role: str) -> None:
    page.goto(f"{dashboard.url}{address}")
    heading(page, FR("access.title"))
    expect(page.get_by_text(FR("access.refused", role=FR(f"access.role_{role}")))).to_be_visible()


def test_a_reviewer_signs_in_reviews_under_her_identity_and_signs_out(
    context: BrowserContext, dashboard: Running, api: Running, referred: Decision
) -> None:
    page = sign_in(context, dashboard, REVIEWER)
    heading(page, FR("search.title"))
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar).to_contain_text("Anne Martin")
    expect(sidebar).to_contain_text(FR("access.role_reviewer"))
    page.get_by_label(FR("search.label")).fill(str(referred.SK_ID_CURR))
    page.get_by_label(FR("search.label")).press("Enter")
    page.get_by_role("link", name=FR("decision.to_review")).click()
    page.get_by_text(FR("reviews.as_approved"), exact=True).click()
    page.get_by_label(FR("reviews.reason_code")).click()
    page.get_by_role("option", name=FR("reviews.code_additional_income")).click()
    page.get_by_label(FR("reviews.reason_text")).fill("Loyer perçu, justifié")
    page.get_by_role("button", name=FR("reviews.send")).click()
    expect(page.get_by_text(FR("reviews.done"))).to_be_visible(timeout=30_000)
    with ApiClient(api.url, API_KEY) as client:
        (review,) = client.decision(referred.decision_id).reviews
    assert (review.reviewer, review.decision) == ("anne@bank.example", "approved")

    page.get_by_role("button", name=FR("access.leave")).click()
    page.get_by_role("button", name="End session").click()
    page.wait_for_url(f"{dashboard.url}/**")
    expect(page.get_by_role("button", name=FR("access.sign_in"))).to_be_visible(timeout=30_000)
    page.goto(f"{dashboard.url}/?client={referred.SK_ID_CURR}")
    expect(page.get_by_role("button", name=FR("access.sign_in"))).to_be_visible(timeout=30_000)
    expect(page.get_by_text(referred.decision_id)).to_have_count(0)


def test_an_officer_decides_but_does_not_review(
    context: BrowserContext, dashboard: Running, referred: Decision
) -> None:
    page = sign_in(context, dashboard, OFFICER)
    heading(page, FR("search.title"))
    expect(page.get_by_test_id("stSidebar")).to_contain_text("Omar <b>Diaz</b>")
    expect(page.get_by_role("link", name=FR("pages.compare"))).to_be_visible()
    expect(page.get_by_role("link", name=FR("pages.reviews"))).to_have_count(0)
    refuses(page, dashboard, f"/reviews?decision={referred.decision_id}", "officer")
    expect(page.get_by_role("button", name=FR("reviews.send"))).to_have_count(0)


def test_an_analyst_sees_no_applicant(
    context: BrowserContext, dashboard: Running, referred: Decision
) -> None:
    page = sign_in(context, dashboard, ANALYST)
    heading(page, FR("drift.heading"))
    links = page.get_by_test_id("stTopNavLink")
    expect(links).to_have_text([FR(f"pages.{name}") for name in ("drift", "model", "portfolio")])
    for address in (f"/?client={referred.SK_ID_CURR}", "/compare", "/simulate", "/reviews"):
        refuses(page, dashboard, address, "analyst")
    expect(page.get_by_text(str(referred.SK_ID_CURR))).to_have_count(0)


def test_the_sign_in_leads_back_to_page_applicant_and_language_of_the_link(
    context: BrowserContext, dashboard: Running, referred: Decision
) -> None:
    applicant = referred.SK_ID_CURR
    page = sign_in(context, dashboard, OFFICER, f"/?client={applicant}&lang=en&next=//host.example")
    heading(page, EN("search.title"))
    expect(page.locator(".hc-verdict")).to_have_text(EN("decision.review"))
    assert page.url == f"{dashboard.url}/?client={applicant}&lang=en"
    assert page.evaluate("document.documentElement.lang") == "en"
    assert {each["name"] for each in context.cookies(f"{dashboard.url}/oauth2callback")}.isdisjoint({COOKIE})
    page.goto(dashboard.url)
    heading(page, FR("search.title"))
    expect(page.get_by_text(FR("search.start"))).to_be_visible()


def test_the_sign_in_leads_back_to_the_page_in_the_language_chosen_before_it(
    context: BrowserContext, dashboard: Running
) -> None:
    page = context.new_page()
    page.goto(f"{dashboard.url}/portfolio")
    page.locator(".st-key-lang").get_by_text("English", exact=True).click()
    page.get_by_role("button", name=EN("access.sign_in")).click()
    page.locator("input[name=sub]").fill(ANALYST)
    (noted,) = [each for each in context.cookies(f"{dashboard.url}/oauth2callback") if each["name"] == COOKIE]
    assert (noted["httpOnly"], noted["sameSite"], noted["path"]) == (True, "Lax", "/oauth2callback")
    page.get_by_role("button", name="Authorize", exact=True).click()
    heading(page, EN("portfolio.title"))
    assert page.url == f"{dashboard.url}/portfolio?lang=en"


def test_an_account_that_does_not_identify_its_holder_sees_nothing(
    context: BrowserContext, dashboard: Running
) -> None:
    page = sign_in(context, dashboard, NOBODY)
    expect(page.get_by_text(FR("access.unnamed"))).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(0)


def claims_cookie(dashboard: Running, secret: str, **claims: Any) -> Any:
    content: dict[str, Any] = {
        "is_logged_in": True,
        "origin": dashboard.url,
        "provider": "default",
        "email": "mallory@bank.example",
        "iat": 4_000_000_000,
        "realm": {"roles": ["second-line"]},
        **claims,
    }
    value = create_signed_value(secret, "_streamlit_user", json.dumps(content)).decode()
    return {"name": "_streamlit_user", "value": value, "url": dashboard.url, "httpOnly": True}


@pytest.mark.parametrize(
    ("secret", "claims", "told"),
    [
        ("another secret that somebody guessed", {}, "access.sign_in_first"),
        (COOKIE_SECRET, {"origin": "http://elsewhere.example"}, "access.sign_in_first"),
        (COOKIE_SECRET, {"iat": 1_600_000_000}, "access.expired"),
        (COOKIE_SECRET, {"email": None}, "access.unnamed"),
    ],
    ids=["forged", "of another site", "old", "without identity"],
)
def test_a_cookie_that_does_not_hold_opens_nothing(
    context: BrowserContext, dashboard: Running, secret: str, claims: dict[str, Any], told: str
) -> None:
    context.add_cookies([claims_cookie(dashboard, secret, **claims)])
    page = context.new_page()
    page.goto(dashboard.url)
    expect(page.get_by_text(FR(told))).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name=FR("access.sign_in"))).to_be_visible()
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(0)


def test_a_cookie_of_the_dashboard_itself_does_open(context: BrowserContext, dashboard: Running) -> None:
    """What the tests above refuse is refused for the one thing that is wrong with it."""
    context.add_cookies([claims_cookie(dashboard, COOKIE_SECRET)])
    page = context.new_page()
    page.goto(dashboard.url)
    heading(page, FR("search.title"))


def test_the_settings_of_the_sign_in_are_the_owners_alone(dashboard: Running, logs: Path) -> None:
    (file,) = logs.glob("home-credit-*.toml")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "the secret of the dashboard" in file.read_text()


def test_logs_hold_the_route_and_no_applicant(
    context: BrowserContext, dashboard: Running, api: Running, referred: Decision
) -> None:
    """Runs last: by then people have opened, decided and reviewed cases, and an address failed."""
    page = sign_in(context, dashboard, OFFICER)
    applicant = referred.SK_ID_CURR
    page.goto(f"{dashboard.url}/?client={applicant}")
    expect(page.get_by_text(FR("decision.review")).first).to_be_visible(timeout=30_000)
    httpx.get(f"{api.url}/applicants/{applicant}/nothing", headers={"X-API-Key": API_KEY})
    assert "/applicants/{SK_ID_CURR}" in api.text()
    for log in (api, dashboard):
        text = log.text()
        assert not re.search(rf"(?<!\d){applicant}(?!\d)", text), text
        for secret in (
            API_KEY,
            COOKIE_SECRET,
            "the secret of the dashboard",
            "anne@bank.example",
            "Anne Martin",
        ):
            assert secret not in text
