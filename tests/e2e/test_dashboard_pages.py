"""The pages beside *Client*, in Streamlit's test runner, against the real API with a fake scorer."""

from __future__ import annotations

from datetime import UTC
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from home_credit.api.report_examples import OUTCOMES
from home_credit.client import ApiClient
from home_credit.config import Settings
from home_credit.dashboard import reviews_page, what_if, what_if_form
from home_credit.dashboard.texts import texts
from home_credit.languages import LANGUAGES
from home_credit.monitoring.storing import store_outcomes
from home_credit.monitoring.verdict import stored_verdict
from home_credit.schemas import Assessment, DecisionQuery, PredictionRequest, ReviewRequest, Text
from home_credit.schemas.comparisons import Segment
from home_credit.schemas.verdicts import RealisedPerformance
from support import fake_model, sites
from support.contents import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.languages import Language
    from home_credit.schemas import Decision
    from support.fake_model import RunningApi

ROOT = Path(__file__).parents[2]
FR = texts("fr")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with fake_model.running(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture
def referred(api: RunningApi) -> Decision:
    """A decision that awaits a human."""
    with ApiClient(api.url) as client:
        decision = client.predict_applicant(fake_model.REVIEW)
    assert decision.decision == "review"
    return decision


def opened(page: str, api: RunningApi, monkeypatch: pytest.MonkeyPatch, language: Language = "fr") -> AppTest:
    monkeypatch.setenv("API_URL", api.url)
    script = f"""
from home_credit.dashboard import {page}, shell
shell.page_setup()
{page}.show()
"""
    app = AppTest.from_string(script, default_timeout=30)
    app.query_params["lang"] = language
    return app.run()


def html(app: AppTest) -> str:
    return " ".join(element.value for element in app.html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_model_is_told_by_what_training_measured(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    with ApiClient(api.url) as client:
        report = client.model_report()
    app = opened("model_page", api, monkeypatch, language)
    assert not app.exception
    translate, page = texts(language), html(app)
    for shown in (
        report.model_version,
        translate.number(report.metrics.out_of_fold["auc"], 3),
        *(translate.percent(grade.observed_rate) for grade in report.grades),
        *(translate.number(each.auc, 3) for each in report.baselines or ()),
        translate.percent(report.policy.cut_off),
    ):
        assert shown in page
    ratios = [each.approval_ratio for each in report.fairness.by if len(each.traits) == 1]
    assert all(translate.percent(ratio, 0) in page for ratio in ratios if ratio is not None)
    captions = " ".join(caption.value for caption in app.caption)
    assert report.cost_curve and report.importance
    used = next(each for each in report.cost_curve if each.cut_off == report.policy.cut_off)
    for figure in (
        translate.percent(report.metrics.out_of_fold["auc"]),
        translate.percent(1.0 - (report.fairness.overall.false_negative_rate or 0.0)),
        translate.number(used.cost, 3),
        translate.percent(used.approved, 0),
        translate.of(report.importance.features[0].label),
        translate.percent(report.importance.share, 0),
    ):
        assert figure in captions
    for weighed in report.importance.features:
        label = translate.of(weighed.label)
        assert escape(label[:1].upper() + label[1:]) in page
        assert weighed.feature not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_portfolio_counts_what_the_ledger_counts(
    api: RunningApi, referred: Decision, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    with ApiClient(api.url) as client:
        counts = [each for each in client.portfolio().counts if not each.simulation]
    app = opened("portfolio_page", api, monkeypatch, language)
    assert not app.exception
    translate, page = texts(language), html(app)
    total = sum(each.decisions for each in counts)
    sent = sum(each.decisions for each in counts if each.decision == referred.decision)
    assert f"<dd>{translate.number(total)}</dd>" in page
    assert f"<dd>{translate.percent(sent / total)}</dd>" in page
    assert f"<td>{referred.grade}</td>" in page


def test_simulated_decisions_are_counted_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_model.running(tmp_path) as own:
        with ApiClient(own.url) as client:
            for _ in range(3):
                client.predict_applicant(fake_model.REVIEW, {})
            client.predict_applicant(fake_model.APPROVED)
        app = opened("portfolio_page", own, monkeypatch)
        assert "<dd>3</dd>" in html(app) and FR("portfolio.simulated_only") in html(app)
        app.segmented_control(key="portfolio_kind").set_value("real").run()
        assert "<dd>1</dd>" in html(app) and FR("portfolio.simulated_only") not in html(app)
        assert FR("portfolio.simulated_too", count=3) in _captions(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_realised_defaults_are_those_that_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    translate = texts(language)
    found = RealisedPerformance.model_validate({**OUTCOMES, "simulated": True})
    with fake_model.running(tmp_path, reports=tmp_path / "reports") as own:
        app = opened("portfolio_page", own, monkeypatch, language)
        assert escape(translate("portfolio.realised_none")) in html(app)
        store_outcomes(found, tmp_path / "reports")
        app.run()
    assert not app.exception
    page = html(app)
    assert escape(translate("portfolio.realised_simulated")) in page
    assert translate.percent(found.default_rate.value) in page
    assert translate.percent(found.estimated_rate) in page
    (vintage,) = found.vintages
    of = translate("portfolio.realised_of", count=translate.number(vintage.decided))
    assert f"{of}, {translate('portfolio.partial')}" in page


def test_a_human_decides_a_referred_case(
    api: RunningApi, referred: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("reviews_page", api, monkeypatch)
    app.button(key=f"case_{referred.decision_id}").click().run()
    assert FR("decision.review") in html(app)
    send = next(button for button in app.button if button.label == FR("reviews.send"))
    send.click().run()
    assert FR("reviews.incomplete") in html(app)

    app.radio[0].set_value("approved")
    app.selectbox[0].set_value("additional_income")
    app.text_area[0].set_value("Loyer perçu, <b>justifié</b>")
    next(button for button in app.button if button.label == FR("reviews.send")).click().run()
    assert not app.exception
    page = html(app)
    assert FR("reviews.done") in page
    assert "Loyer perçu, &lt;b&gt;justifié&lt;/b&gt;" in page
    with ApiClient(api.url) as client:
        (review,) = client.decision(referred.decision_id).reviews
    assert (review.decision, review.reason_code) == ("approved", "additional_income")
    assert review.reviewer in page
    assert not app.radio, "a case is reviewed once"


def test_a_case_that_another_person_decided_meanwhile_is_shown_as_it_is(
    api: RunningApi, referred: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("reviews_page", api, monkeypatch)
    app.button(key=f"case_{referred.decision_id}").click().run()
    with ApiClient(api.url) as client:
        client.review(referred.decision_id, ReviewRequest(decision="declined", reason="was quicker"))
    app.radio[0].set_value("approved")
    app.selectbox[0].set_value("other")
    app.text_area[0].set_value("too late")
    next(button for button in app.button if button.label == FR("reviews.send")).click().run()
    page = html(app)
    assert FR("error.conflict") in page
    assert "was quicker" in page and "too late" not in page


def test_a_recorded_decision_is_replayed(
    api: RunningApi, referred: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("reviews_page", api, monkeypatch)
    app.button(key=f"case_{referred.decision_id}").click().run()
    app.button(key="replay").click().run()
    assert FR("replay.identical") in html(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_replay_tells_other_words_from_another_result(
    api: RunningApi, referred: Decision, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    translate = texts(language)
    with ApiClient(api.url) as client:
        told = client.replay(referred.decision_id).recorded
    first, *others = told.reasons
    earlier = first.model_copy(
        update={"text": Text(en="in <i>earlier</i> words", fr="en d’<i>autres</i> mots")}
    )
    rows = PredictionRequest(**fake_model.bundle(fake_model.REVIEW))
    policy = api.scorer.policy

    def replayed(**changed: object) -> str:
        entry = api.ledger.append(content(told.model_copy(update=changed), rows, policy))
        app = opened("reviews_page", api, monkeypatch, language)
        app.session_state["decision"] = entry.decision_id
        app.run().button(key="replay").click().run()
        assert not app.exception
        return html(app)

    reworded = replayed(reasons=[earlier, *others])
    said = translate("replay.reworded", count=1, total=translate.number(len(told.reasons)))
    assert said in reworded and "differs" not in reworded
    for text in (earlier.text, first.text):
        assert f"<td>{escape(translate.of(text))}</td>" in reworded
    assert f"<td>{escape(translate.of(others[0].text))}</td>" not in reworded
    other = replayed(score=told.score + 1, grade="G")
    fields = ", ".join(translate(f"replay.{name}") for name in ("score", "grade"))
    assert translate("replay.differs", fields=fields) in other
    gone = replayed(model_version="a version that is not kept")
    assert escape(translate("replay.impossible")) in gone
    assert escape(translate("error.conflict")) not in gone


def test_every_part_of_a_result_has_a_name() -> None:
    assert {f"replay.{name}" for name in Assessment.model_fields} <= set(FR.entries)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_decision_that_is_unknown_is_said_to_be(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    app = opened("reviews_page", api, monkeypatch, language)
    app.query_params["decision"] = "<b>none</b>"
    app.run()
    assert not app.exception
    assert escape(texts(language)("reviews.unknown", entered="<b>none</b>")) in html(app)
    assert texts(language)("error.unexpected") not in html(app)
    assert FR("reviews.statistics") in [each.value for each in app.header] or language == "en"


def test_the_queue_is_paged_from_the_oldest_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_model.running(tmp_path) as own:
        with ApiClient(own.url) as client:
            made = [
                client.predict_applicant(fake_model.REVIEW, idempotency_key=str(number)).decision_id
                for number in range(reviews_page.SHOWN + 3)
            ]
        app = opened("reviews_page", own, monkeypatch)

        def shown() -> list[str]:
            keys = [button.key or "" for button in app.button]
            return [key.removeprefix("case_") for key in keys if key.startswith("case_")]

        total = len(made)
        assert shown() == made[: reviews_page.SHOWN]
        assert FR("reviews.of", first=1, last=reviews_page.SHOWN, total=total) in _captions(app)
        app.button(key="queue_after").click().run()
        assert shown() == made[reviews_page.SHOWN :]
        assert FR("reviews.of", first=reviews_page.SHOWN + 1, last=total, total=total) in _captions(app)
        assert "queue_after" not in {button.key for button in app.button}
        app.button(key="queue_before").click().run()
        assert shown() == made[: reviews_page.SHOWN]
        with ApiClient(own.url) as client:
            for decision in made[:2]:
                client.review(decision, ReviewRequest(decision="declined", reason="not enough"))
        app.segmented_control(key="review_state").set_value("reviewed").run()
        assert shown() == made[1::-1]


def _captions(app: AppTest) -> list[str]:
    return [each.value for each in app.caption]


def test_simulations_are_not_in_the_queue(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    with ApiClient(api.url) as client:
        simulated = client.predict_applicant(fake_model.REVIEW, {})
        assert simulated.simulation
        listed = client.decisions(DecisionQuery(review="open", limit=200)).decisions
    assert simulated.decision_id not in {each.decision_id for each in listed}
    app = opened("reviews_page", api, monkeypatch)
    assert f"case_{simulated.decision_id}" not in {button.key for button in app.button}


def test_a_simulated_refusal_takes_no_review(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    with ApiClient(api.url) as client:
        simulated = client.predict_applicant(fake_model.DECLINED, {})
    assert simulated.simulation and simulated.decision == "declined"
    app = opened("reviews_page", api, monkeypatch)
    app.session_state["decision"] = simulated.decision_id
    app.run()
    assert FR("decision.declined") in html(app)
    assert not app.radio
    assert FR("reviews.not_needed") in html(app)


def test_values_of_the_tables_beyond_the_usual_ones_are_fields_too(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debts below zero are in the tables, and so are an income of 117 million and instalments years late."""
    applicant = fake_model.APPROVED
    held = PredictionRequest(**fake_model.bundle(applicant))
    dates = {"DAYS_INSTALMENT": -1_000, "DAYS_ENTRY_PAYMENT": -100}
    rows = held.model_copy(
        update={
            "application": {**held.application, "AMT_INCOME_TOTAL": 117e6},
            "bureau": [
                {**row, "CREDIT_ACTIVE": "Active", "AMT_CREDIT_SUM_DEBT": -450.0} for row in held.bureau
            ],
            "installments_payments": [{**row, **dates} for row in held.installments_payments],
        }
    )
    assert what_if.debts(rows) and what_if.last_instalment(rows) is not None
    with ApiClient(api.url) as client:
        before = client.predict(rows, simulation=True)
    app = opened("what_if_page", api, monkeypatch)
    app.session_state["what_if_known"] = (applicant, rows, before)
    app.text_input(key="what_if_client").set_value(str(applicant)).run()
    assert not app.exception
    shown = {field.key: field.value for field in app.number_input}
    assert shown[f"what_if_{applicant}_AMT_INCOME_TOTAL"] == 117e6
    assert shown[f"what_if_{applicant}_late"] == 900
    assert -450.0 in shown.values()
    assert FR("simulate.unchanged") in html(app)


def test_a_change_is_simulated_and_no_decision_recorded(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    applicant = fake_model.DECLINED
    app = opened("what_if_page", api, monkeypatch)
    app.text_input(key="what_if_client").set_value(str(applicant)).run()
    assert not app.exception
    assert FR("simulate.unchanged") in html(app)
    before = html(app)
    app.number_input(key=f"what_if_{applicant}_EXT_SOURCE_2").set_value(0.99).run()
    page = html(app)
    assert FR("decision.approved") in page and FR("decision.declined") in page
    assert FR.percent(0.01, 2) in page and FR.percent(0.01, 2) not in before
    with ApiClient(api.url) as client:
        recorded = client.decisions(DecisionQuery(applicant=applicant, limit=200)).decisions
    assert recorded and all(each.simulation for each in recorded)


def test_a_field_that_was_not_touched_keeps_its_bits() -> None:
    bundle = PredictionRequest(**fake_model.bundle(fake_model.APPROVED))
    assert what_if.changed(bundle, {}) == bundle
    other = what_if.changed(bundle, {"AMT_CREDIT": 1.0})
    assert other.application == {**bundle.application, "AMT_CREDIT": 1.0}
    assert other.bureau == bundle.bureau


def test_a_new_application_is_pasted_as_json(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("what_if_page", api, monkeypatch)
    app.segmented_control(key="what_if_mode").set_value("rows").run()
    app.text_area(key="what_if_json").set_value("{no json")
    app.button(key="what_if_run").click().run()
    assert FR("simulate.no_json") in html(app)
    rows = PredictionRequest(**fake_model.bundle(fake_model.APPROVED))
    app.text_area(key="what_if_json").set_value(rows.model_dump_json())
    app.button(key="what_if_run").click().run()
    assert FR("decision.approved") in html(app)
    assert FR("simulate.mark") in html(app)


def test_a_new_application_is_read_from_a_file(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("what_if_page", api, monkeypatch)
    app.segmented_control(key="what_if_mode").set_value("rows").run()
    rows = PredictionRequest(**fake_model.bundle(fake_model.DECLINED)).model_dump_json().encode()
    for file, told in ((b"\xff{", FR("simulate.no_json")), (rows, FR("decision.declined"))):
        app.file_uploader[0].set_value(("application.json", file, "application/json"))
        app.button(key="what_if_run").click().run()
        assert not app.exception
        assert told in html(app)
    assert FR("simulate.mark") in html(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_application_is_entered_in_sections_and_answered_at_each_change(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    translate = texts(language)
    app = opened("what_if_page", api, monkeypatch, language)
    app.segmented_control(key="what_if_mode").set_value("new").run()
    assert len(app.expander) >= len(what_if_form.SECTIONS)
    assert translate("fields.AMT_CREDIT").lower() in html(app)
    app.selectbox(key="form_NAME_CONTRACT_TYPE").set_value("Cash loans")
    for column, value in (("AMT_CREDIT", 450_000.0), ("AMT_INCOME_TOTAL", 150_000.0), ("DAYS_BIRTH", 41.0)):
        assert '<h2 class="hc-verdict">' not in html(app)
        app.number_input(key=f"form_{column}").set_value(value).run()
        assert not app.exception
    first = html(app)
    assert '<h2 class="hc-verdict">' in first and translate("simulate.mark") in first
    assert translate("simulate.before") not in first
    app.number_input(key="form_EXT_SOURCE_2").set_value(0.99).run()
    second = html(app)
    assert translate("simulate.before") in second
    assert translate("decision.approved") in second and translate.percent(0.01, 2) in second
    app.number_input(key="form_DAYS_EMPLOYED").set_value(60.0).run()
    assert translate("form.too_long_employed") in html(app)
    app.checkbox(key="form_no_employment").check().run()
    assert translate("decision.approved") in html(app)
    with ApiClient(api.url) as client:
        recorded = client.decisions(DecisionQuery(applicant=what_if_form.NOBODY, limit=200)).decisions
        assert recorded and all(each.simulation for each in recorded)
        rows = client.decision(recorded[0].decision_id).bundle
    assert rows.application["DAYS_EMPLOYED"] == 365_243
    assert rows.application["DAYS_BIRTH"] == -14_975
    assert rows.bureau == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_verdict_on_drift_is_told_as_it_is_stored(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    monkeypatch.setenv("HOME_CREDIT_REPORTS", str(ROOT / "reports"))
    verdict = stored_verdict(ROOT / "reports")
    app = opened("drift_page", api, monkeypatch, language)
    assert not app.exception
    translate, page = texts(language), html(app)
    assert translate("drift.alarm" if verdict.alarm else "drift.calm") in page
    assert verdict.made_at, "the date is the comparison's own, not the file's"
    assert escape(translate("drift.made_on", time=translate.time(verdict.made_at, UTC))) in page
    changed = [column for column in verdict.columns if column.status != "none"]
    (counted,) = [each.label for each in app.expander]
    assert counted == translate("drift.columns", count=len(changed))
    assert page.count("<code>") == len(changed)
    material = [cause for cause in verdict.causes if cause.material]
    assert all(escape(getattr(cause.label, language)) in page for cause in material)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_report_that_cannot_be_shown_is_a_sentence(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    monkeypatch.setenv("HOME_CREDIT_REPORTS", str(tmp_path))
    if content is not None:
        (tmp_path / "evidently_full_report.html").write_bytes(content)
    app = opened("drift_page", api, monkeypatch)
    assert not app.exception
    assert FR("drift.absent" if content is None else "drift.unreadable") in html(app)


@pytest.fixture(scope="module")
def known_api(graded_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API with a store of applicants that was loaded."""
    folder = tmp_path_factory.mktemp("known")
    settings = Settings(applicants_url=graded_url, database_url=f"sqlite:///{folder}/ledger.db")
    with sites.api(settings) as url:
        yield url


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_applicant_is_compared_by_the_stored_statistics(
    known_api: str, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    with ApiClient(known_api) as client:
        applicant = client.applicants(limit=1).applicants[0]
        everybody = client.comparison(applicant)
        of_region = client.comparison(applicant, Segment(region=2))
        near = client.comparison(applicant, Segment(region=2, similar=True))
        graded = client.comparison(applicant, Segment(region=2, similar=True, grade="C"))
    assert of_region.applicants < everybody.applicants
    translate = texts(language)
    monkeypatch.setenv("API_URL", known_api)
    app = AppTest.from_string(
        "from home_credit.dashboard import compare_page, shell\nshell.page_setup()\ncompare_page.show()",
        default_timeout=30,
    )
    app.query_params["lang"] = language
    app.run()
    app.text_input(key="compare_client").set_value(str(applicant)).run()
    assert not app.exception
    for found, region in ((everybody, None), (of_region, 2)):
        if region:
            app.selectbox(key="compare.region").set_value(region).run()
        page = html(app)
        assert escape(translate("compare.among", count=translate.number(found.applicants))) in page
        ranks = [each.percentile for each in found.figures if each.percentile is not None]
        assert ranks
        assert all(f"<strong>{rank:.0f}</strong>" in page for rank in ranks)
    assert translate("compare.income") in {each.label for each in app.selectbox}
    app.toggle(key="compare_similar").set_value(True).run()
    assert escape(translate("compare.nearest", count=translate.number(near.applicants))) in html(app)
    app.selectbox(key="find.grade").set_value("C").run()
    assert escape(translate("compare.graded", version=graded.graded_by)) in html(app)
    app.selectbox(key="compare_x").set_value("DAYS_BIRTH").run()
    assert not app.exception
    shown = translate("compare.scatter_caption", shown=graded.applicants, count=graded.applicants)
    assert shown in {each.value for each in app.caption}
    app.text_input(key="compare_client").set_value("999999999").run()
    assert escape(translate("error.unknown_client", entered="999999999")) in html(app)


def test_a_key_is_asked_for_and_the_name_goes_with_reviews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "an officer's key"
    monkeypatch.setenv("DASHBOARD_KEY", key)
    with fake_model.running(tmp_path) as api:
        monkeypatch.setenv("API_URL", api.url)
        app = AppTest.from_file(str(ROOT / "streamlit_app" / "app.py"), default_timeout=30).run()
        assert app.title[0].value == FR("access.title")
        name, given = app.text_input
        enter = next(button for button in app.button if button.label == FR("access.enter"))
        name.set_value("Anne  Martin")
        given.set_value("a wrong key")
        enter.click().run()
        assert FR("access.wrong") in html(app)
        next(each for each in app.text_input if each.label == FR("access.key")).set_value(key)
        next(button for button in app.button if button.label == FR("access.enter")).click().run()
        assert app.title[0].value == FR("search.title")
        assert app.session_state["signed_in"] == "Anne Martin"


def test_a_demo_says_that_it_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a demo takes no database but that of its own folder
    with sites.api(Settings(HOME_CREDIT_DEMO=True, HOME_CREDIT_MODELS=ROOT / "models")) as url:
        monkeypatch.setenv("API_URL", url)
        app = AppTest.from_file(str(ROOT / "streamlit_app" / "app.py"), default_timeout=30).run()
    assert FR("access.demo") in html(app)
