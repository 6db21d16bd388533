"""The dashboard's pages, in Streamlit's test runner and in Chromium.

They talk to the real API with a fake scorer. What they expect is what that API answers.
"""

from __future__ import annotations

import json
import re
import socket
import tomllib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from home_credit.client import ApiClient
from home_credit.dashboard import access, decision_view, failures
from home_credit.dashboard.texts import texts
from home_credit.default_risk.reasons import reason_codes
from home_credit.errors import ApiError
from home_credit.schemas import DecisionQuery
from support import fake_model
from support.dashboards import dashboard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.schemas import Decision, LoanChange, Recourse
    from support.fake_model import RunningApi

ROOT = Path(__file__).parents[2]
APP = ROOT / "streamlit_app" / "app.py"
LOCALES = ROOT / "src" / "home_credit" / "dashboard" / "locales"
FR, EN = texts("fr"), texts("en")
START_SECONDS = 60


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with fake_model.running(tmp_path_factory.mktemp("api")) as running:
        yield running


def decide(api: RunningApi, applicant: int) -> tuple[Decision, Recourse]:
    """Return the decision of the API, and its recourse."""
    with ApiClient(api.url) as client:
        decision = client.predict_applicant(applicant)
        return decision, client.recourse_of_decision(decision.decision_id)


@pytest.fixture(scope="module")
def decision(api: RunningApi) -> Decision:
    """The decision of the API on its first applicant."""
    return decide(api, fake_model.APPROVED)[0]


def opened(api_url: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("API_URL", api_url)
    # The test runner has no connection that would show the browser to be on this machine.
    monkeypatch.setenv("DASHBOARD_KEY", "a key of the tests alone")
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.session_state[access.SIGNED_IN] = "A. Martin"
    return app


@pytest.fixture
def app(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(api.url, monkeypatch)


def html(app: AppTest) -> str:
    return " ".join(element.value for element in app.html)


def enter(app: AppTest, number: str) -> AppTest:
    app.text_input(key="client").set_value(number)
    app.button[0].click()  # the form's own button
    return app.run()


def test_a_newcomer_is_shown_clients_that_exist(app: AppTest, decision: Decision) -> None:
    app.run()
    assert not app.exception
    assert app.title[0].value == FR("search.title")
    assert escape(FR("search.start")) in html(app)
    app.segmented_control(key="list").set_value("known").run()
    app.button(key=f"pick_{decision.SK_ID_CURR}").click().run()
    assert FR(f"decision.{decision.decision}") in html(app)


def test_decision_is_shown_with_reasons_profile_and_record(app: AppTest, decision: Decision) -> None:
    enter(app.run(), f" {decision.SK_ID_CURR} ")
    assert not app.exception
    page = html(app)
    assert FR.percent(decision.probability_of_default) in page
    assert FR.percent(decision.cut_off) in page
    assert escape(max(decision.reasons, key=lambda reason: abs(reason.contribution)).text.fr) in page
    for shown in (FR("fields.AMT_CREDIT"), FR("history.bureau"), decision.model_version):
        assert shown in page
    recourse = () if decision.decision == "approved" else ("recourse",)
    assert [header.value for header in app.header] == [
        FR(f"{part}.heading") for part in (*recourse, "letter", "profile", "history", "record")
    ]


def test_who_is_not_approved_is_shown_other_loans_or_that_there_is_none(
    app: AppTest, api: RunningApi
) -> None:
    decision, found = decide(api, fake_model.REVIEW)
    assert decision.decision == "review" and len(found.options) > 1
    page = html(enter(app.run(), str(fake_model.REVIEW)))
    assert page.count(FR("recourse.smallest")) == 1
    for option in found.options:
        assert option.robust
        for shown in (
            escape(option.text.fr),
            FR.percent(option.probability_of_default),
            *(f"<strong>{_in_words(change)}</strong>" for change in option.changes),
        ):
            assert shown in page
    assert FR("recourse.not_robust") not in page

    decision, found = decide(api, fake_model.DECLINED)
    assert (decision.decision, found.options) == ("declined", [])
    page = html(enter(app, str(fake_model.DECLINED)))
    assert FR("recourse.none") in page
    assert escape(found.text.fr) in page


def _in_words(change: LoanChange) -> str:
    return FR(f"recourse.{change.unit}", value=FR.number(change.new))


def test_a_loan_that_hangs_by_a_thread_says_so(app: AppTest, api: RunningApi) -> None:
    _, found = decide(api, fake_model.NARROW)
    assert found.options and not any(option.robust for option in found.options)
    page = html(enter(app.run(), str(fake_model.NARROW)))
    assert page.count(FR("recourse.not_robust")) == len(found.options)


def test_the_decision_stands_whatever_becomes_of_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_model.running(tmp_path) as api:
        api.scorer.successor = fake_model.SUCCESSOR
        app = opened(api.url, monkeypatch)
        page = html(enter(app.run(), str(fake_model.REVIEW)))
    assert FR("decision.review") in page
    assert escape(FR("recourse.unavailable")) in page


def test_reasons_stand_most_harmful_first(app: AppTest, api: RunningApi) -> None:
    decision, _ = decide(api, fake_model.DECLINED)
    assert {reason.code for reason in decision.reasons} <= set(reason_codes())
    page = html(enter(app.run(), str(fake_model.DECLINED)))
    details = page[page.index(FR("reasons.table_caption")) :]
    places = [
        details.index(escape(reason.text.fr))
        for reason in sorted(decision.reasons, key=lambda reason: -reason.contribution)
    ]
    assert places == sorted(places)
    first = page[: page.index(FR("reasons.table_caption"))]
    for ways in (
        [reason for reason in decision.reasons if reason.contribution > 0],
        [reason for reason in decision.reasons if reason.contribution < 0],
    ):
        strongest = sorted(ways, key=lambda reason: -abs(reason.contribution))[: decision_view.EACH_WAY]
        assert all(escape(reason.text.fr) in first for reason in strongest)


def recorded(api: RunningApi, applicant: int) -> int:
    """Return how many decisions on an applicant are recorded."""
    with ApiClient(api.url) as client:
        return len(client.decisions(DecisionQuery(applicant=applicant, limit=200)).decisions)


def test_opening_shows_the_last_decision_and_records_none(app: AppTest, api: RunningApi) -> None:
    decision, _ = decide(api, fake_model.REVIEW)
    before = recorded(api, fake_model.REVIEW)
    app.query_params["client"] = str(fake_model.REVIEW)
    app.query_params["lang"] = "en"
    app.run()
    assert EN("decision.review") in html(app)
    assert EN("decision.last") in html(app)
    assert any("Space agency" in warning for warning in decision.warnings)
    assert all(escape(warning) in html(app) for warning in decision.warnings)
    app.segmented_control(key="lang").set_value("fr").run()
    assert FR("decision.review") in html(app)
    assert recorded(api, fake_model.REVIEW) == before


def test_an_applicant_without_a_decision_gets_one_however_often_the_page_is_opened(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = fake_model.APPLICANTS[-1]
    assert recorded(api, fresh) == 0
    for made in (True, False, False):
        app = opened(api.url, monkeypatch)
        app.query_params["client"] = str(fresh)
        app.run()
        assert FR("decision.made" if made else "decision.last") in html(app)
    assert recorded(api, fresh) == 1


def test_deciding_again_records_one_decision_for_each_wish(app: AppTest, api: RunningApi) -> None:
    decide(api, fake_model.APPROVED)
    enter(app.run(), str(fake_model.APPROVED))
    before = recorded(api, fake_model.APPROVED)
    app.button(key="again").click().run()
    assert FR("decision.made") in html(app)
    assert recorded(api, fake_model.APPROVED) == before + 1
    app.run()
    assert recorded(api, fake_model.APPROVED) == before + 1


def test_two_pages_that_decide_again_at_once_record_one_decision(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(api, fake_model.APPROVED)
    before = recorded(api, fake_model.APPROVED)
    pages = [enter(opened(api.url, monkeypatch).run(), str(fake_model.APPROVED)) for _ in "12"]
    for page in pages:
        page.button(key="again").click().run()
        assert FR("decision.made") in html(page)
    assert recorded(api, fake_model.APPROVED) == before + 1


def test_lists_lead_to_cases(app: AppTest, api: RunningApi) -> None:
    decision, _ = decide(api, fake_model.REVIEW)
    app.run()
    app.button(key=f"pick_{decision.decision_id}").click().run()
    assert app.text_input(key="client").value == str(fake_model.REVIEW)
    assert FR("decision.review") in html(app)


def test_a_probability_is_told_apart_from_the_cut_off(decision: Decision) -> None:
    near = decision.model_copy(update={"probability_of_default": 0.07996, "cut_off": 0.0802})
    assert decision_view.percents(near, EN) == ("8.00%", "8.02%")
    same = decision.model_copy(update={"probability_of_default": 0.08, "cut_off": 0.08})
    assert decision_view.percents(same, EN) == ("8.0%", "8.0%")


@pytest.mark.parametrize("number", ["abc", "12a", "-4", "1.5", "٣", "9" * 19])
def test_what_is_no_number_is_said_to_be_none(app: AppTest, number: str) -> None:
    enter(app.run(), number)
    assert not app.exception
    assert escape(FR("search.invalid", entered=number)) in html(app)


def test_unknown_client(app: AppTest) -> None:
    enter(app.run(), "999999999")
    assert escape(FR("error.unknown_client", entered="999999999")) in html(app)


@pytest.mark.parametrize("text", ["<b>1</b>", "[a](//host.example)", "![](//host.example/a)"])
def test_text_in_the_address_is_neither_html_nor_markdown(app: AppTest, text: str) -> None:
    app.query_params["client"] = text
    app.run()
    assert not app.exception
    assert escape(FR("search.invalid", entered=text)) in html(app)
    assert not any(text in element.value for element in (*app.markdown, *app.warning, *app.info, *app.error))


def test_api_without_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_model.running(tmp_path, model=False) as api:
        app = opened(api.url, monkeypatch).run()
        enter(app, str(fake_model.APPROVED))
    assert escape(FR("error.unavailable")) in html(app)
    assert "no model" in html(app)
    assert "127.0.0.1" not in html(app)


def test_api_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        app = opened(f"http://127.0.0.1:{unused.getsockname()[1]}", monkeypatch)
        app.query_params["lang"] = "en"
        app.run()
    assert not app.exception
    assert escape(EN("error.unreachable")) in html(app)
    assert "127.0.0.1" not in html(app)
    assert app.button(key="retry_list").label == EN("error.retry")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def address(api: RunningApi, reports: Path) -> Iterator[str]:
    with dashboard(api.url, reports) as at:
        yield at


@pytest.mark.browser
def test_a_loan_officer_decides_and_keeps_the_record(page: Page, address: str, decision: Decision) -> None:
    page.goto(address)
    page.get_by_label(FR("search.label")).fill(str(decision.SK_ID_CURR))
    page.get_by_role("button", name=FR("search.submit")).click()
    expect(page.locator(".hc-verdict")).to_have_text(FR(f"decision.{decision.decision}"), timeout=20_000)
    assert f"client={decision.SK_ID_CURR}" in page.url
    assert page.evaluate("document.documentElement.lang") == "fr"
    # The chart is drawn, and readable without sight.
    expect(
        page.locator("[data-testid=stVegaLiteChart] svg.marks, [data-testid=stVegaLiteChart] canvas").first
    ).to_be_visible()
    assert page.title().startswith(f"{FR('pages.client')} — ")
    assert FR.percent(decision.cut_off) in page.locator("[data-testid=stVegaLiteChart]").first.evaluate(
        "chart => chart.closest('[data-testid=stElementContainer]').outerHTML"
    )
    with page.expect_download() as download:
        page.get_by_role("button", name=FR("record.download")).click()
    record = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert record["decision"]["SK_ID_CURR"] == decision.SK_ID_CURR
    assert record["bundle"]["application"]["SK_ID_CURR"] == decision.SK_ID_CURR

    page.locator(".st-key-lang").get_by_text("English", exact=True).click()
    expect(page.locator(".hc-verdict")).to_have_text(EN(f"decision.{decision.decision}"))
    assert "lang=en" in page.url


@pytest.mark.browser
def test_a_decision_is_printed_whole_and_without_controls(
    page: Page, address: str, decision: Decision
) -> None:
    page.goto(f"{address}/?client={decision.SK_ID_CURR}")
    expect(page.locator(".hc-verdict")).to_be_visible(timeout=20_000)
    expect(page.get_by_text(FR("record.heading"))).to_be_attached(timeout=20_000)
    sheets = re.findall(rb"/Type /Pages[^>]*?/Count (\d+)", page.pdf(format="A4"))
    assert max(map(int, sheets)) > 1, "what lies below the window is on paper too"
    page.emulate_media(media="print")
    expect(page.locator(".hc-verdict")).to_be_visible()
    for control in ("[data-testid=stSidebar]", ".stButton", ".stDownloadButton", ".st-key-find_opened"):
        for each in page.locator(control).all():
            expect(each).to_be_hidden()


@pytest.mark.browser
def test_other_loans_are_shown_on_a_phone_too(page: Page, address: str, api: RunningApi) -> None:
    _, found = decide(api, fake_model.REVIEW)
    first = found.options[0]
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/?client={fake_model.REVIEW}&lang=en")
    cards = page.locator(".hc-option")
    expect(cards).to_have_count(len(found.options))
    expect(cards.first.get_by_text(EN("recourse.smallest"))).to_be_visible()
    table = cards.first.get_by_role("table", name=EN("recourse.table_caption"))
    # One header line, one for each change, one for the risk.
    expect(table.get_by_role("row")).to_have_count(2 + len(first.changes))
    for change in first.changes:
        row = table.get_by_role("row", name=EN(f"fields.{change.field}"))
        expect(row).to_contain_text(EN.number(change.new))
    assert page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth") <= 0


@pytest.mark.browser
def test_drift_tab_says_how_to_make_the_report_then_shows_it(page: Page, address: str, reports: Path) -> None:
    page.goto(f"{address}/?lang=en")
    page.get_by_role("link", name="📊 Data Drift").click()
    expect(page.get_by_text(EN("drift.absent"))).to_be_visible()
    expect(page.get_by_text("notebooks/04_Drift_Evidently.ipynb")).to_be_visible()
    expect(page.get_by_text("home-credit drift --reference DIR --current DIR --out")).to_be_visible()

    (reports / "evidently_full_report.html").write_text(
        "<title>r</title><script>document.write('<h1>' + 'drift report'.toUpperCase() + '</h1>')</script>"
    )
    page.reload()
    frame = page.frame_locator(f"iframe[title='{EN('drift.frame_alt')}']")
    expect(frame.get_by_role("heading")).to_have_text("DRIFT REPORT")
    expect(page.get_by_role("button", name=EN("drift.download"))).to_be_visible()


@pytest.mark.browser
def test_nothing_is_wider_than_a_phone(page: Page, address: str, decision: Decision) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/?client={decision.SK_ID_CURR}")
    expect(page.locator(".hc-verdict")).to_be_visible()
    expect(page.locator(".hc-arguments").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth") <= 0


@pytest.mark.browser
def test_no_other_applicants_answer_stands_beside_a_number(page: Page, address: str, api: RunningApi) -> None:
    decide(api, fake_model.APPROVED)
    fresh = fake_model.APPLICANTS[-2]
    assert recorded(api, fresh) == 0
    page.goto(f"{address}/?client={fake_model.APPROVED}")
    verdict = page.locator(".hc-verdict")
    expect(verdict).to_be_visible()
    api.scorer.may_answer.clear()
    try:
        page.get_by_label(FR("search.label")).fill(str(fresh))
        page.get_by_role("button", name=FR("search.submit")).click()
        expect(verdict).not_to_be_visible(timeout=3_000)
        # After two seconds the officer is told why, and the field and the lists are still there.
        expect(page.get_by_text(FR("wait.slow"))).to_be_visible(timeout=4_000)
    finally:
        api.scorer.may_answer.set()
    expect(page.get_by_text(FR("decision.client", id=fresh))).to_be_visible()
    expect(page.get_by_text(FR("wait.slow"))).to_have_count(0)
    assert recorded(api, fresh) == 1


@pytest.mark.browser
@pytest.mark.parametrize("slow", [False, True])
def test_a_double_click_decides_once(page: Page, address: str, api: RunningApi, slow: Any) -> None:
    decide(api, fake_model.NARROW)
    before = recorded(api, fake_model.NARROW)
    page.goto(f"{address}/?client={fake_model.NARROW}")
    again = page.get_by_role("button", name=FR("decision.again"))
    expect(again).to_be_visible()
    if slow:
        api.scorer.may_answer.clear()
    try:
        again.dblclick(delay=100)
        page.wait_for_timeout(500)
    finally:
        api.scorer.may_answer.set()
    expect(page.get_by_text(FR("decision.made"))).to_be_visible()
    page.wait_for_timeout(500)
    assert recorded(api, fake_model.NARROW) == before + 1


@pytest.mark.browser
def test_the_keyboard_reaches_what_is_seen_and_shows_where_it_is(
    page: Page, address: str, api: RunningApi
) -> None:
    decide(api, fake_model.REVIEW)
    page.goto(f"{address}/?client={fake_model.REVIEW}")
    expect(page.get_by_text(FR("find.heading"))).to_be_visible()
    expect(page.get_by_role("status").get_by_role("heading", level=2)).to_have_text(FR("decision.review"))
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        seen.append(
            page.evaluate(
                """() => {
                    const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect()
                    const opaque = at.checkVisibility({ opacityProperty: true, visibilityProperty: true })
                    const name = at.getAttribute("aria-label") || at.innerText
                    return [name, opaque && box.width > 4, style.outlineStyle, parseFloat(style.outlineWidth)]
                }"""
            )
        )
    names = [name for name, *_ in seen]
    for wanted in (FR("pages.client"), FR("search.label"), FR("decision.again"), FR("letter.download")):
        assert wanted in names
    for name, visible, line, width in seen:
        assert visible and line == "solid" and width >= 2, name
    assert not any(re.match(r"Fullscreen|Download as|Copy", name) for name in names)


@pytest.mark.browser
def test_an_officer_reads_words_in_french_and_no_codes(page: Page, address: str, api: RunningApi) -> None:
    decide(api, fake_model.REVIEW)
    page.goto(f"{address}/?client={fake_model.REVIEW}")
    chart = page.locator("[data-testid=stVegaLiteChart]").first
    expect(chart.locator("svg.marks")).to_be_attached()
    assert chart.locator("svg [aria-label]").count() == 0
    assert chart.get_attribute("aria-label")
    text = page.locator("[data-testid=stMain]").inner_text()
    assert set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z0-9]+)+\b", text)) <= {"SK_ID_CURR"}
    assert not re.search(r"log-?odds", text)
    english = tomllib.loads((LOCALES / "streamlit.toml").read_text(encoding="utf-8"))
    labels = """() => [...document.querySelectorAll("[aria-label]")].map(each => each.getAttribute("aria-label"))"""
    expect(page.get_by_role("navigation")).to_have_accessible_name(english["App pages"])
    expect(page.get_by_role("link", name=english["Skip to main content"])).to_be_attached()
    assert not set(english) & set(page.evaluate(labels))
    page.locator(".st-key-lang").get_by_text("English", exact=True).click()
    expect(page.get_by_role("navigation")).to_have_accessible_name("App pages")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_attached()


@pytest.mark.browser
def test_nothing_is_cut_at_any_width(page: Page, address: str, api: RunningApi) -> None:
    decide(api, fake_model.REVIEW)
    page.goto(f"{address}/?client={fake_model.REVIEW}")
    expect(page.locator(".hc-option").first).to_be_visible()
    for width in (320, 480, 660, 800, 960, 1366, 1920, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)
        main = page.locator("[data-testid=stMain]")
        beyond = main.evaluate(
            """main => [...main.querySelectorAll('*')]
                .filter(each => each.getBoundingClientRect().right > main.clientWidth + main.getBoundingClientRect().left)
                .map(each => each.outerHTML.slice(0, 80))"""
        )
        assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0, (width, beyond)
        cut = page.evaluate(
            """() => [...document.querySelectorAll('.hc-card, .hc-figures > div, .hc-banner, .hc-notice, .hc-facts dd')]
                .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.className || each.innerText)"""
        )
        assert cut == [], width
        broken = page.evaluate(
            """() => [...document.querySelectorAll('.hc-facts dd, .hc-figures dd:not(.hc-note), .hc-table td:last-child strong')]
                .filter(each => /^[\\d\\s.,%−–-]+$/.test(each.innerText) && each.getClientRects().length === 1)
                .filter(each => each.clientHeight > 1.9 * parseFloat(getComputedStyle(each).lineHeight))
                .map(each => each.innerText)"""
        )
        assert broken == [], width
        over = page.evaluate(
            """() => { const boxes = [...document.querySelectorAll('[data-testid=stVegaLiteChart], .hc-figures, .hc-table')]
                .map(each => each.getBoundingClientRect()).filter(box => box.height)
                return boxes.filter((a, i) => boxes.some((b, j) => i < j && a.left < b.right - 1 && b.left < a.right - 1
                    && a.top < b.bottom - 1 && b.top < a.bottom - 1)).length }"""
        )
        assert over == 0, width


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, address: str, api: RunningApi, scheme: Any) -> None:
    decide(api, fake_model.REVIEW)
    page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    page.goto(f"{address}/?client={fake_model.REVIEW}")
    expect(page.locator(".hc-option").first).to_be_visible()
    expect(
        page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first
    ).to_be_visible()
    background = page.locator(".stApp").evaluate("app => getComputedStyle(app).backgroundColor")
    assert background == {"light": "rgb(246, 247, 249)", "dark": "rgb(20, 25, 31)"}[scheme]
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []
    page.close()


@pytest.mark.browser
def test_the_address_fetches_nothing_from_elsewhere(page: Page, address: str) -> None:
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{address}/?client=![](//host.example/a.png)")
    expect(page.get_by_text("host.example")).to_be_visible()
    assert hosts == {address.removeprefix("http://")}


def test_a_platform_that_wakes_the_api_is_told_apart_from_an_api_that_cannot_decide() -> None:
    def answered(**content: Any) -> ApiError:
        transport = httpx.MockTransport(lambda _request: httpx.Response(503, **content))
        with (
            ApiClient("http://api.internal", transport=transport, back_off=()) as client,
            pytest.raises(ApiError) as raised,
        ):
            client.model()
        return raised.value

    assert failures.cause(answered(html="<h1>Service waking up</h1>")) == "error.waking"
    assert failures.cause(answered(json={"title": "No model is loaded"})) == "error.unavailable"


@pytest.mark.browser
def test_a_referred_case_leads_to_its_human_decision(page: Page, address: str, api: RunningApi) -> None:
    decide(api, fake_model.REVIEW)
    page.goto(f"{address}/?client={fake_model.REVIEW}")
    page.get_by_role("link", name=FR("decision.to_review")).click()
    expect(page.get_by_role("heading", name=FR("reviews.human"))).to_be_visible()
    assert page.url.split("?")[0].endswith("/reviews")
    assert page.title().startswith(f"{FR('pages.reviews')} — ")
    expect(page.get_by_text(FR("decision.client", id=fake_model.REVIEW))).to_be_visible()


@pytest.mark.browser
def test_every_page_fits_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("compare", "simulate", "reviews", "data-drift", "model", "portfolio"):
        page.goto(f"{address}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if path == "model":
            expect(page.get_by_role("heading", name=FR("model.explanations"))).to_be_visible()
        assert (
            page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth") <= 0
        ), path


@pytest.mark.browser
def test_who_comes_through_a_proxy_on_this_machine_is_not_on_this_machine(
    browser: Browser, address: str, page: Page
) -> None:
    page.goto(address)
    expect(page.get_by_label(FR("search.label"))).to_be_visible()
    forwarded = browser.new_page(extra_http_headers={"X-Forwarded-For": "203.0.113.7"})
    forwarded.goto(address)
    expect(forwarded.get_by_text(FR("access.closed"))).to_be_visible()
    assert forwarded.get_by_label(FR("search.label")).count() == 0
    forwarded.close()


@pytest.mark.browser
@pytest.mark.slow
def test_the_key_leads_to_page_applicant_and_language_of_the_link(
    page: Page, api: RunningApi, reports: Path
) -> None:
    decide(api, fake_model.REVIEW)
    key = "a key of the tests alone"
    with dashboard(api.url, reports, DASHBOARD_KEY=key) as closed:
        for link, title in (
            (f"/?client={fake_model.REVIEW}&lang=en", EN("search.title")),
            ("/portfolio?lang=en", EN("portfolio.title")),
        ):
            page.goto(f"{closed}{link}")
            expect(page.get_by_role("heading", level=1)).to_have_text(EN("access.title"))
            assert page.locator(".hc-verdict").count() == 0
            page.get_by_label(EN("access.name")).fill("Anne Martin")
            page.get_by_label(EN("access.key")).fill(key)
            page.get_by_role("button", name=EN("access.enter")).click()
            expect(page.get_by_role("heading", level=1)).to_have_text(title)
            assert page.url == f"{closed}{link}"
            if "client" in link:
                expect(page.get_by_text(EN("decision.client", id=fake_model.REVIEW))).to_be_visible()
