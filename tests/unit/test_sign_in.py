"""Who a sign-in makes of somebody, and what Streamlit is told of the provider."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from home_credit.config import Settings
from home_credit.dashboard import oidc
from home_credit.dashboard.links import ADDRESSES, link
from home_credit.dashboard.returning import COOKIE, ReturnToPage
from home_credit.dashboard.roles import PAGES, Person, RefusedSignInError, person_of, role_of
from home_credit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

NOW = 1_800_000_000.0
ANNE = {"iat": NOW - 60, "email": "anne@bank.example", "name": "Anne Martin"}
GIVEN: dict[str, Any] = {
    "oidc_issuer": "https://login.bank.example/",
    "oidc_client_id": "dashboard",
    "oidc_client_secret": 'sec"ret\\',
    "oidc_redirect_uri": "https://credit.bank.example/oauth2callback",
    "oidc_cookie_secret": "c" * 32,
}


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({}, "officer"),
        ({"roles": "reviewer"}, "reviewer"),
        ({"roles": ["analyst", "unknown"]}, "analyst"),
        ({"roles": ["analyst", "reviewer"]}, "reviewer"),
        ({"roles": {"reviewer": True}}, "officer"),
        ({"roles": [1, None]}, "officer"),
    ],
)
def test_a_role_is_that_of_the_claim(claims: Mapping[str, object], role: str) -> None:
    assert person_of({**ANNE, **claims}, Settings(), NOW) == Person(role, "Anne Martin", "anne@bank.example")  # type: ignore[arg-type]


@pytest.mark.parametrize("claim", ["realm_access.roles", "https://bank.example/roles"])
def test_a_claim_may_lie_in_an_object_or_have_dots_in_its_name(claim: str) -> None:
    settings = Settings(oidc_role_claim=claim, oidc_roles={"grp 7": "analyst"}, oidc_default_role="none")
    claims = {"realm_access": {"roles": ["grp 7"]}, "https://bank.example/roles": ["grp 7"]}
    assert role_of(claims, settings) == "analyst"
    assert role_of({"realm_access": "grp 7"}, settings) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["iat", "email", "email_verified", "name", "roles", "sub"])


@given(st.dictionaries(NAMES, JSON))
def test_no_claims_break_the_sign_in_or_give_a_page_without_an_identity(claims: dict[str, object]) -> None:
    settings = Settings(oidc_default_role="none")
    try:
        person = person_of(claims, settings, NOW)
    except RefusedSignInError:
        return
    assert person.identity
    assert person.identity.isprintable()
    assert person.role in {"officer", "reviewer", "analyst"}


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iat": NOW - 12.1 * 3600}, "expired"),
        ({"iat": None}, "expired"),
        ({"iat": float("nan")}, "expired"),
        ({"email": "\n"}, "unnamed"),
        ({"email_verified": False}, "unnamed"),
        ({"roles": ["clerk"]}, "no_role"),
    ],
)
def test_a_sign_in_that_is_refused_says_why(claims: Mapping[str, object], reason: str) -> None:
    with pytest.raises(RefusedSignInError) as refused:
        person_of({**ANNE, **claims}, Settings(oidc_default_role="none"), NOW)
    assert refused.value.reason == reason


def test_an_analyst_sees_what_is_counted_and_only_a_reviewer_the_reviews() -> None:
    assert PAGES["analyst"] == ("drift", "model", "portfolio")
    assert [role for role, pages in PAGES.items() if "reviews" in pages] == ["reviewer"]
    assert set(PAGES["analyst"]) < set(PAGES["officer"]) < set(PAGES["reviewer"])


def test_streamlit_is_told_of_the_provider() -> None:
    auth = tomllib.loads(oidc.content(Settings(**GIVEN)))["auth"]
    assert auth == {
        "redirect_uri": GIVEN["oidc_redirect_uri"],
        "cookie_secret": GIVEN["oidc_cookie_secret"],
        "client_id": "dashboard",
        "client_secret": 'sec"ret\\',
        "server_metadata_url": "https://login.bank.example/.well-known/openid-configuration",
        "client_kwargs": {"scope": "openid email profile"},
    }
    without = [tomllib.loads(oidc.content(Settings(**{**GIVEN, "oidc_cookie_secret": None}))) for _ in "12"]
    assert without[0]["auth"]["cookie_secret"] != without[1]["auth"]["cookie_secret"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"oidc_client_secret": None}, "needs OIDC_CLIENT_SECRET too"),
        ({"oidc_issuer": None, "oidc_client_id": None}, "needs OIDC_ISSUER, OIDC_CLIENT_ID too"),
        ({"oidc_issuer": "login.bank.example"}, "OIDC_ISSUER must be an address"),
        ({"oidc_issuer": "http://login.bank.example"}, "OIDC_ISSUER must begin with https://"),
        ({"oidc_redirect_uri": "https://credit.bank.example/"}, "must end in /oauth2callback"),
    ],
)
def test_a_sign_in_that_is_half_set_up_ends_the_start(changed: dict[str, Any], said: str) -> None:
    settings = Settings(**{**GIVEN, **changed})
    assert oidc.configured(settings)
    with pytest.raises(UsageError, match=said):
        oidc.arguments(settings)


def test_without_a_sign_in_streamlit_is_told_nothing() -> None:
    assert oidc.arguments(Settings()) == []


ROOT = "https://bank.example/credit"


@pytest.mark.parametrize(
    ("address", "page"),
    [
        (f"{ROOT}/", "/"),
        (f"{ROOT}/?client=100004&lang=en", "/?client=100004&lang=en"),
        (f"{ROOT}/portfolio", "/portfolio"),
        (
            f"{ROOT}/reviews?decision=01a21c3d-493e-77e2&lang=xx&name=Anne",
            "/reviews?decision=01a21c3d-493e-77e2",
        ),
        (f"{ROOT}/?client=%3Cb%3E&lang=fr", "/?lang=fr"),
        (f"{ROOT}/?client=1&client=2", "/?client=2"),
        (f"{ROOT}/elsewhere", None),
        (f"{ROOT}/client", None),
        (f"{ROOT}//host.example/portfolio", None),
        (f"{ROOT}/portfolio/", None),
        ("https://host.example/credit/portfolio", None),
        ("https://bank.example.host.example/credit/portfolio", None),
        ("https://bank.example@host.example/credit/portfolio", None),
        ("http://bank.example/credit/portfolio", None),
        ("https://bank.example/other", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_link_is_rebuilt_from_known_pages_and_parameters(address: str, page: str | None) -> None:
    assert link(address, ROOT) == page


@given(st.text(), st.sampled_from([f"{ROOT}/", f"{ROOT}/?client=", f"{ROOT}/client?", "//", ""]))
def test_no_text_makes_a_link_to_elsewhere(text: str, before: str) -> None:
    page = link(f"{before}{text}", ROOT)
    assert page is None or page.split("?")[0] in {f"/{each}" for each in ADDRESSES.values()}


def browser() -> TestClient:
    """A browser before a server that answers as Streamlit does when people sign in."""

    def login(_request: Request) -> RedirectResponse:
        return RedirectResponse("https://provider.example/authorize?state=s1")

    def callback(_request: Request) -> RedirectResponse:
        return RedirectResponse("/")

    app = Starlette(
        routes=[Route("/credit/auth/login", login), Route("/credit/oauth2callback", callback)],
        middleware=[Middleware(ReturnToPage, redirect_uri=f"{ROOT}/oauth2callback", secret="s" * 32)],
    )
    return TestClient(app, base_url="https://bank.example", follow_redirects=False)


def led_to(client: TestClient, state: str) -> str:
    answer = client.get("/credit/oauth2callback", params={"state": state, "code": "c"})
    return str(answer.headers["location"])


def test_a_sign_in_leads_back_once_to_the_page_that_it_was_begun_on() -> None:
    client = browser()
    begun = client.get("/credit/auth/login", headers={"Referer": f"{ROOT}/model?lang=en"})
    assert begun.headers["location"] == "https://provider.example/authorize?state=s1"
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/credit/oauth2callback", "Max-Age=600"):
        assert part in begun.headers["set-cookie"]
    assert led_to(client, "s1") == f"{ROOT}/model?lang=en"
    assert COOKIE not in client.cookies
    assert led_to(client, "s1") == "/"


@pytest.mark.parametrize("referer", ["https://host.example/", f"{ROOT}/elsewhere", None])
def test_a_sign_in_that_no_page_of_ours_began_leads_to_the_first_page(referer: str | None) -> None:
    client = browser()
    client.get("/credit/auth/login", headers={"Referer": referer} if referer else {})
    assert COOKIE not in client.cookies
    assert led_to(client, "s1") == "/"


def test_the_page_of_another_sign_in_is_not_led_to() -> None:
    client = browser()
    client.get("/credit/auth/login", headers={"Referer": f"{ROOT}/model"})
    assert led_to(client, "another") == "/"


@pytest.mark.parametrize(
    ("secret", "content"),
    [
        ("t" * 32, ["s1", "/model"]),
        ("s" * 32, ["s1", "//host.example/"]),
        ("s" * 32, "s1"),
        ("s" * 32, [1, 2]),
    ],
    ids=["forged", "elsewhere", "text", "numbers"],
)
def test_a_cookie_that_is_not_of_a_sign_in_is_not_followed(secret: str, content: object) -> None:
    client = browser()
    signed = URLSafeTimedSerializer(secret, salt=COOKIE).dumps(content)
    client.cookies.set(COOKIE, signed, domain="bank.example", path="/credit/oauth2callback")
    assert led_to(client, "s1") == "/"
