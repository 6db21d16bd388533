"""Every page and the main journeys in Chromium, in both languages, light and dark, on the committed model.

The applicants are synthetic; the API, the store, the ledger and the report are the real ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from home_credit.applicants.loading import current_features, load
from home_credit.client import ApiClient
from home_credit.config import Settings
from home_credit.dashboard.finding import SHOWN
from home_credit.dashboard.texts import texts
from home_credit.languages import LANGUAGES
from home_credit.schemas import DecisionQuery
from home_credit.synthetic import write_demo
from support import sites
from support.dashboards import NAMES_A_CLIENT, PAGES, dashboard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.dashboard.texts import Texts
    from home_credit.languages import Language

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Evidently draws the report, and what axe finds in it cannot be changed from here: see docs/decisions/0022-dashboard.md.
FRAME = "iframe"
EXCEPTIONS = {"aria-required-parent", "button-name"}


class Platform(NamedTuple):
    """The running services, and an applicant of each outcome."""

    api: str
    dashboard: str
    outcomes: dict[str, int]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("platform")
    write_demo(folder / "demo", 300, seed=2018)
    load(folder / "demo", f"sqlite:///{folder}/applicants.db", current_features())
    settings = Settings(
        database_url=f"sqlite:///{folder}/ledger.db",
        applicants_url=f"sqlite:///{folder}/applicants.db",
        HOME_CREDIT_MODELS=ROOT / "models",
        HOME_CREDIT_MODEL_VERSIONS=folder / "versions",
        HOME_CREDIT_REPORTS=ROOT / "reports",
    )
    with sites.api(settings) as url, dashboard(url, ROOT / "reports") as address:
        with ApiClient(url) as client:
            decided = [client.predict_applicant(each) for each in client.applicants(limit=60).applicants]
        yield Platform(url, address, {each.decision: each.SK_ID_CURR for each in decided})


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, platform: Platform, name: str, language: Language, scheme: Literal["light", "dark"]
) -> None:
    path, last = PAGES[name]
    page = browser.new_page(viewport={"width": 1366, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(60_000)  # the report of drift is large
    page.goto(f"{platform.dashboard}/{path}?lang={language}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if name in NAMES_A_CLIENT:
        _open(page, texts(language), platform.outcomes["review"])
    page.wait_for_selector(last, state="attached")
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0)
    assert page.title().startswith(f"{texts(language)(f'pages.{name}')} — ")
    assert page.evaluate("document.documentElement.lang") == language
    assert page.locator("[data-testid=stException]").count() == 0
    found = Axe().run(page, context={"exclude": [[FRAME]]}, options={"runOnly": WCAG})
    assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_the_written_exceptions_alone_in_the_report(
    browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.set_default_timeout(120_000)
    page.goto((ROOT / "reports" / "evidently_full_report.html").as_uri())
    expect(page.get_by_text("Drift alarm")).to_be_visible()
    found = Axe().run(page, options={"runOnly": WCAG})
    assert {each["id"] for each in found.response["violations"]} <= EXCEPTIONS
    page.close()


@pytest.mark.parametrize(("scheme", "darkest", "lightest"), [("light", 200, 255), ("dark", 0, 80)])
def test_the_report_has_the_colours_of_the_page_in_a_frame_of_its_own(
    browser: Browser, platform: Platform, scheme: Literal["light", "dark"], darkest: int, lightest: int
) -> None:
    page = browser.new_page(viewport={"width": 1366, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(120_000)
    page.goto(f"{platform.dashboard}/{PAGES['drift'][0]}?lang=en")
    body = page.frame_locator(FRAME).locator("body")
    expect(body.get_by_text("Drift alarm")).to_be_visible()
    height = page.locator(FRAME).evaluate("frame => frame.getBoundingClientRect().height")
    assert 500 < height <= 1_100
    drawn = "body => getComputedStyle(body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    assert all(darkest <= part <= lightest for part in body.evaluate(drawn))
    page.close()


def test_the_list_of_applicants_is_turned_page_by_page(page: Page, platform: Platform) -> None:
    translate = texts("en")
    page.goto(f"{platform.dashboard}/?lang=en")
    page.get_by_text(translate("find.known"), exact=True).click()
    picks = page.locator("[class*=st-key-pick_] button")
    with ApiClient(platform.api) as client:
        ids = [str(each) for each in client.applicants(limit=50).applicants]
    expect(picks).to_have_text(ids[:SHOWN])
    page.locator(".st-key-page_after button").click()
    expect(picks).to_have_text(ids[SHOWN : 2 * SHOWN])
    page.locator(".st-key-page_before button").click()
    expect(picks).to_have_text(ids[:SHOWN])


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_officer_finds_explains_and_hands_over(page: Page, platform: Platform, language: Language) -> None:
    translate, applicant = texts(language), platform.outcomes["declined"]
    page.goto(f"{platform.dashboard}/?lang={language}")
    _open(page, translate, applicant)
    expect(page.locator(".hc-verdict")).to_have_text(translate("decision.declined"))
    expect(page.locator(".hc-arguments").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name=translate("letter.download")).click()
    letter = download.value.path().read_bytes()
    assert letter.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in letter or b"/MarkInfo" in letter


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_case_goes_from_its_page_to_a_review(page: Page, platform: Platform, language: Language) -> None:
    translate = texts(language)
    with ApiClient(platform.api) as client:
        waiting = client.decisions(DecisionQuery(review="open", limit=20)).decisions
    case = waiting[LANGUAGES.index(language)]
    page.goto(f"{platform.dashboard}/?lang={language}&client={case.SK_ID_CURR}")
    page.get_by_role("link", name=translate("decision.to_review")).click()
    expect(page.get_by_role("heading", name=translate("reviews.human"))).to_be_visible()
    kinds = page.get_by_role("radiogroup", name=translate("reviews.decision"))
    kinds.get_by_text(translate("reviews.as_approved"), exact=True).click()
    expect(kinds.get_by_role("radio", name=translate("reviews.as_approved"))).to_be_checked()
    page.get_by_role("combobox", name=translate("reviews.reason_code")).click()
    page.get_by_role("option", name=translate("reviews.code_additional_income")).click()
    page.get_by_label(translate("reviews.reason_text")).fill("Rental income was proved")
    page.get_by_role("button", name=translate("reviews.send")).click()
    expect(page.get_by_text(translate("reviews.done"))).to_be_visible()
    with ApiClient(platform.api) as client:
        (review,) = client.decision(case.decision_id).reviews
    assert (review.decision, review.reason) == ("approved", "Rental income was proved")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_is_answered_beside_the_old_answer(
    page: Page, platform: Platform, language: Language
) -> None:
    translate = texts(language)
    page.goto(f"{platform.dashboard}/simulate?lang={language}")
    _open(page, translate, platform.outcomes["declined"])
    field = page.get_by_label(translate("fields.EXT_SOURCE_2"))
    field.fill("0.9")
    field.press("Enter")
    expect(page.get_by_role("columnheader", name=translate("simulate.after"))).to_be_visible()
    with ApiClient(platform.api) as client:
        found = client.decisions(DecisionQuery(applicant=platform.outcomes["declined"])).decisions
    assert [each.simulation for each in found].count(False) == 1, "a simulation is no decision"


def _open(page: Page, translate: Texts, applicant: int) -> None:
    field = page.get_by_label(translate("search.label"))
    field.fill(str(applicant))
    field.press("Enter")
