"""What pages show from stored statistics, over the API and its client, with a real model, store and ledger."""

from __future__ import annotations

import json
import shutil
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from home_credit.api import report_examples
from home_credit.api.app import create_app
from home_credit.applicants.figures import FIGURES
from home_credit.applicants.loading import current_features, load
from home_credit.applicants.peers import NEAREST, TRAITS
from home_credit.client import ApiClient
from home_credit.config import Settings
from home_credit.decisioning.model_report import report_of
from home_credit.default_risk.manifest import Manifest, TrainingFacts
from home_credit.default_risk.reasons import label
from home_credit.errors import ApiError, ArtifactError
from home_credit.features.build import feature_batches
from home_credit.ledger import Ledger
from home_credit.monitoring.storing import store, store_outcomes
from home_credit.policy import GRADES
from home_credit.schemas.comparisons import Comparison, Points, PointsQuery, Segment
from home_credit.schemas.model_reports import ModelReport
from home_credit.schemas.portfolios import MOST_DAYS, Portfolio, PortfolioQuery
from home_credit.schemas.shadow import ShadowReport
from home_credit.schemas.verdicts import RealisedPerformance, StoredVerdict
from home_credit.tables.frames import age_band
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables
from home_credit.terms.learning import learn
from support.applicant_stores import write_portfolio
from support.assessments import a_decision
from support.loans import price_list
from support.sites import serve
from support.windows import drift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

MODELS = Path(__file__).parents[2] / "models"
BACKWARDS = {"DAYS_BIRTH", "DAYS_EMPLOYED"}


@contextmanager
def _serving(folder: Path, address: str, **settings: Any) -> Iterator[TestClient]:
    values = {"HOME_CREDIT_MODELS": MODELS, "HOME_CREDIT_REPORTS": folder / "reports", **settings}
    app = create_app(Settings(applicants_url=address, database_url=f"sqlite:///{folder}/ledger.db", **values))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def api(tmp_path: Path, graded_url: str) -> Iterator[TestClient]:
    with _serving(tmp_path, graded_url) as client:
        yield client


@pytest.fixture(scope="module")
def matrix(portfolio: Path) -> pl.DataFrame:
    """The figures of every applicant, from the feature matrix, beside what segments are made of."""
    with open_tables(portfolio, "all") as source:
        terms = learn(price_list(3_000, seed=1))
        figures = pl.concat(feature_batches(source.frames, source.applicants[ID], terms, names=FIGURES))
        people = source.frames["application"].select(
            ID,
            age_band(pl.col("DAYS_BIRTH")).alias("age_band"),
            pl.col("NAME_CONTRACT_TYPE").alias("contract"),
            pl.col("REGION_RATING_CLIENT").alias("region"),
            pl.col("NAME_INCOME_TYPE").alias("income_type"),
        )
        return figures.join(people.collect(), on=ID, how="left")


def _answer(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


SEGMENTS: list[dict[str, Any]] = [
    {},
    {"contract": "Cash loans"},
    {"age_band": "30-39", "region": 2},
    {"contract": "Revolving loans", "age_band": "40-49", "region": 2},
    {"income_type": "Working", "contract": "Cash loans", "age_band": "30-39"},
]


@pytest.mark.parametrize("filters", SEGMENTS)
def test_an_applicant_is_placed_by_exact_rank(
    api: TestClient, matrix: pl.DataFrame, filters: dict[str, Any]
) -> None:
    inside = matrix.filter(*(pl.col(name) == value for name, value in filters.items()))
    for applicant in matrix[ID].gather_every(400).to_list():
        found = Comparison.model_validate(
            _answer(api.get(f"/applicants/{applicant}/comparison", params=filters))
        )
        assert found.segment == Segment(**filters)
        assert found.applicants == len(inside) > 0
        assert [figure.figure for figure in found.figures] == list(FIGURES)
        own = matrix.row(by_predicate=pl.col(ID) == applicant, named=True)
        for figure in found.figures:
            sign = -1.0 if figure.figure in BACKWARDS else 1.0
            values = inside[figure.figure].drop_nulls().drop_nans().to_numpy() * sign
            assert figure.known == len(values)
            value = own[figure.figure]
            if value is None:
                assert figure.value is None
                assert figure.percentile is None
                continue
            assert figure.value == value * sign
            singles, single = values.astype(np.float32), np.float32(value * sign)
            exact = 100 * ((singles < single).mean() + (singles == single).mean() / 2)
            assert figure.percentile == pytest.approx(exact, abs=1.0)
            assert figure.quantiles[0] == pytest.approx(values.min())
            assert figure.quantiles[-1] == pytest.approx(values.max())
            median = figure.quantiles[found.levels.index(50.0)]
            assert np.mean(singles <= np.float32(median)) >= 0.5 - 1 / len(values)
            assert np.mean(singles >= np.float32(median)) >= 0.5 - 1 / len(values)


def test_statistics_are_read_once_and_those_of_the_next_load_after_it(
    tmp_path: Path, portfolio: Path, graded_url: str
) -> None:
    file = tmp_path / "applicants.db"
    shutil.copy(graded_url.removeprefix("sqlite:///"), file)
    with _serving(tmp_path, f"sqlite:///{file}") as api:
        applicant = _answer(api.get("/applicants"))["applicants"][0]
        path = f"/applicants/{applicant}/comparison"
        before = _answer(api.get(path))
        assert before["applicants"] == 2_000
        assert _answer(api.get(path)) == before

        halved = tmp_path / "half"
        shutil.copytree(portfolio, halved)
        for table in ("application_train", "application_test"):
            frame = pl.read_parquet(halved / f"{table}.parquet")
            kept = frame.filter((pl.col(ID) == applicant) | (pl.col(ID) % 2 == 0))
            kept.write_parquet(halved / f"{table}.parquet")
        # Without features of the histories, these figures have no distribution.
        load(halved, f"sqlite:///{file}")
        after = _answer(api.get(path))
        assert 900 < after["applicants"] < 1_100
        known = {figure["figure"]: figure["known"] for figure in after["figures"]}
        assert known["AMT_CREDIT"] == after["applicants"]
        assert known["PREV_COUNT"] == 0


def test_a_grade_is_that_of_a_decision_by_the_model(api: TestClient) -> None:
    ids = _answer(api.get("/applicants?limit=40"))["applicants"]
    decided = {
        applicant: _answer(api.post(f"/applicants/{applicant}/predict"))["grade"] for applicant in ids[::8]
    }
    version = _answer(api.get("/model"))["model_version"]
    total = 0
    for grade, _ in GRADES:
        found = Comparison.model_validate(
            _answer(api.get(f"/applicants/{ids[0]}/comparison", params={"grade": grade}))
        )
        assert found.graded_by == version
        total += found.applicants
    assert total == 2_000
    _, peers = api.app.state.service._applicants.get().peers()  # type: ignore[attr-defined]
    stored = dict(zip(peers.ids.tolist(), peers.codes[list(TRAITS).index("grade")].tolist(), strict=True))
    names = TRAITS["grade"]
    assert {applicant: names[stored[applicant] - 1] for applicant in decided} == decided


def test_the_nearest_are_alike_and_the_filters_hold_for_them(api: TestClient, matrix: pl.DataFrame) -> None:
    applicant = matrix[ID][3]
    everybody, near, working = (
        Comparison.model_validate(_answer(api.get(f"/applicants/{applicant}/comparison", params=params)))
        for params in ({}, {"similar": True}, {"similar": True, "age_band": "30-39"})
    )
    assert near.applicants == working.applicants == NEAREST
    assert near.segment.similar

    def spread(found: Comparison) -> float:
        levels = [found.levels.index(level) for level in (10.0, 90.0)]
        of = {figure.figure: figure.quantiles for figure in found.figures}
        return sum(abs(of[name][levels[1]] - of[name][levels[0]]) for name in ("APP_EXT_MEAN",))

    assert spread(near) < 0.8 * spread(everybody)
    ages = next(figure.quantiles for figure in working.figures if figure.figure == "DAYS_BIRTH")
    assert ages[0] / 365.25 >= 29.9 and ages[-1] / 365.25 <= 40.1


def test_points_are_of_the_segment_and_at_most_five_hundred(api: TestClient, matrix: pl.DataFrame) -> None:
    applicant = matrix[ID][0]
    path = f"/applicants/{applicant}/comparison/points"
    every: tuple[dict[str, Any], ...] = ({}, {"income_type": "Pensioner"}, {"similar": True})
    for filters in every:
        query = {"x": "DAYS_BIRTH", "y": "AMT_CREDIT", **filters}
        found = Points.model_validate(_answer(api.get(path, params=query)))
        assert len(found.x.values) == len(found.y.values) == min(found.applicants, 500) > 0
        inside = matrix
        if income := filters.get("income_type"):
            inside = matrix.filter(pl.col("income_type") == income)
            assert found.applicants == len(inside)
        pairs = {
            (-np.float32(birth), np.float32(credit))
            for birth, credit in inside.select("DAYS_BIRTH", "AMT_CREDIT").iter_rows()
        }
        told = zip(*(np.array(each.values, np.float32) for each in (found.x, found.y)), strict=True)
        assert set(told) <= pairs
        assert found.x.value is not None and found.x.value > 18 * 365
    for refused in ({"x": "AMT_CREDIT"}, {"x": "AMT_CREDIT", "y": "SK_ID_CURR"}):
        _answer(api.get(path, params=refused), 422)


def test_a_store_loaded_without_a_model_knows_no_grades(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/applicants.db"
    load(write_portfolio(tmp_path / "tables"), url, current_features())
    with _serving(tmp_path, url) as api:
        applicant = _answer(api.get("/applicants"))["applicants"][0]
        found = _answer(api.get(f"/applicants/{applicant}/comparison?grade=A"))
        assert found["graded_by"] is None
        assert found["applicants"] == 0


def test_labels_are_in_both_languages_and_times_before_the_application_are_positive(api: TestClient) -> None:
    applicant = _answer(api.get("/applicants"))["applicants"][0]
    figures = {
        figure["figure"]: figure
        for figure in _answer(api.get(f"/applicants/{applicant}/comparison"))["figures"]
    }
    assert figures["DAYS_BIRTH"]["label"] == {"en": "age", "fr": "âge"}
    assert figures["DAYS_BIRTH"]["value"] > 18 * 365
    assert figures["AMT_CREDIT"]["unit"] == "currency"
    for figure in figures.values():
        assert figure["label"]["en"] != figure["label"]["fr"]
        assert figure["quantiles"] == sorted(figure["quantiles"])


def test_an_unknown_applicant_or_segment_is_refused(api: TestClient) -> None:
    assert _answer(api.get("/applicants/7/comparison"), 404)["type"].endswith("unknown-applicant")
    for query in ("region=4", "contract=Lease", "age_band=31", "sex=F", "grade=H", "income_type=Rich"):
        _answer(api.get(f"/applicants/7/comparison?{query}"), 422)


def test_the_report_is_the_manifest_of_the_model_that_decides(api: TestClient) -> None:
    found = ModelReport.model_validate(_answer(api.get("/model/report")))
    manifest = Manifest.read(MODELS)
    assert found.model_version == manifest.model_version == _answer(api.get("/model"))["model_version"]
    assert found.metrics.out_of_fold == manifest.metrics.out_of_fold
    said = found.model_dump(mode="json")
    for part in ("grades", "reliability", "fairness", "explanations", "baselines", "roc", "cost_curve"):
        assert said[part] == manifest.validation[part]
    assert found.importance is not None
    for each in found.importance.features:
        assert (each.label.en, each.label.fr) == (label(each.feature, "en"), label(each.feature, "fr"))
    unlabelled = said["importance"]
    for feature in unlabelled["features"]:
        del feature["label"]
    assert unlabelled == manifest.validation["importance"]
    assert sum(grade.applicants for grade in found.grades) == found.training_applicants


def _with_report(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Return a copy of the committed model whose validation report is changed."""
    models = folder / "models"
    shutil.copytree(MODELS, models)
    manifest = json.loads((models / "manifest.json").read_text(encoding="utf-8"))
    change(manifest["validation"])
    facts = TrainingFacts(**{field: manifest[field] for field in TrainingFacts.model_fields})
    Manifest.of(facts, manifest["artifacts"]).write(models)
    return models


def test_a_model_of_an_earlier_release_has_a_report_without_curves(tmp_path: Path) -> None:
    def measured_less(validation: dict[str, Any]) -> None:
        for part in ("roc", "cost_curve", "importance"):
            del validation[part]

    found = report_of(Manifest.read(_with_report(tmp_path, measured_less)))
    assert (found.roc, found.cost_curve, found.importance) == (None, None, None)


@pytest.mark.parametrize(
    "weighed", ["none", {}, {"features": [{}]}, {"features": [{"feature": "NO_FEATURE_OF_THIS_RELEASE"}]}]
)
def test_an_importance_that_cannot_be_told_is_one_clear_error(tmp_path: Path, weighed: object) -> None:
    models = _with_report(tmp_path, lambda validation: validation.update(importance=weighed))
    with pytest.raises(ArtifactError, match="the validation report of the model: importance"):
        report_of(Manifest.read(models))


def test_a_manifest_with_another_report_is_a_model_that_is_not_available(
    tmp_path: Path, graded_url: str
) -> None:
    models = _with_report(tmp_path, lambda validation: validation.update(grades="none"))
    with _serving(tmp_path, graded_url, HOME_CREDIT_MODELS=models) as api:
        answer = api.get("/model/report")
        assert _answer(answer, 503)["type"].endswith("no-model")
        assert str(tmp_path) not in answer.text
        _answer(api.get("/model"))


def test_the_portfolio_counts_what_was_decided(api: TestClient) -> None:
    ids = _answer(api.get("/applicants"))["applicants"][:6]
    taken = [_answer(api.post(f"/applicants/{applicant}/predict")) for applicant in ids]
    taken.append(_answer(api.post(f"/applicants/{ids[0]}/predict", json={"application": {}})))
    found = Portfolio.model_validate(_answer(api.get("/portfolio")))
    assert found.until - found.since == timedelta(days=89)
    assert sum(count.decisions for count in found.counts) == len(taken)
    for count in found.counts:
        counted = [
            each["probability_of_default"]
            for each in taken
            if (each["decision"], each["grade"], each["simulation"])
            == (count.decision, count.grade, count.simulation)
            and datetime.fromisoformat(each["recorded_at"]).date() == count.day
        ]
        assert count.decisions == len(counted)
        assert count.mean_probability == pytest.approx(sum(counted) / len(counted), abs=1e-9)
    nothing = Portfolio.model_validate(_answer(api.get("/portfolio?from=2020-01-01&to=2020-01-31")))
    assert nothing.counts == []


@pytest.mark.parametrize(
    "query", ["from=2020-01-02&to=2020-01-01", "from=2020-01-01&to=2022-09-27", "from=yesterday", "day=1"]
)
def test_days_out_of_bounds_are_refused(api: TestClient, query: str) -> None:
    _answer(api.get(f"/portfolio?{query}"), 422)


days = st.none() | st.dates()


@given(since=days, until=days, today=st.dates())
def test_a_query_covers_at_most_a_thousand_days(since: date | None, until: date | None, today: date) -> None:
    try:
        query = PortfolioQuery(since=since, until=until)
    except ValidationError:
        assert since is not None
        assert until is not None
        assert since > until or (until - since).days >= MOST_DAYS
        return
    first, last = query.days(today)
    assert 0 <= (last - first).days < MOST_DAYS
    assert since in {None, first}
    assert until in {None, last}


def test_the_stored_verdict_is_the_one_of_the_comparison(api: TestClient, tmp_path: Path) -> None:
    assert _answer(api.get("/monitoring/verdict"), 404)["type"].endswith("no-verdict")
    made = drift(
        pl.DataFrame({"AMT_CREDIT": np.arange(500.0), "AMT_ANNUITY": np.arange(500.0)}),
        pl.DataFrame({"AMT_CREDIT": np.arange(500.0) + 400, "AMT_ANNUITY": np.arange(500.0)}),
    )
    file = tmp_path / "reports" / "drift.json"
    stored = store(made, file.parent)
    found = StoredVerdict.model_validate(_answer(api.get("/monitoring/verdict")))
    assert found == stored
    assert found.alarm is made.alarm is True
    assert [column.column for column in found.columns] == ["AMT_CREDIT", "AMT_ANNUITY"]

    gauges = api.get("/metrics").text
    assert "home_credit_drift_alarm 1.0" in gauges
    assert "home_credit_drift_verdict_timestamp_seconds" in gauges

    early = {"alarm": False, "share_drifted": 0.0, "reference_rows": 1, "current_rows": 1, "columns": []}
    file.write_text(json.dumps(early), encoding="utf-8")
    assert _answer(api.get("/monitoring/verdict"))["made_at"] is None
    file.write_text('{"alarm": "perhaps"}', encoding="utf-8")
    answer = api.get("/monitoring/verdict")
    _answer(answer, 503)
    assert str(tmp_path) not in answer.text


def test_the_stored_outcomes_are_those_that_were_brought_in(api: TestClient, tmp_path: Path) -> None:
    assert _answer(api.get("/monitoring/outcomes"), 404)["type"].endswith("no-outcomes")
    found = RealisedPerformance.model_validate(report_examples.OUTCOMES)
    store_outcomes(found, tmp_path / "reports")
    assert RealisedPerformance.model_validate(_answer(api.get("/monitoring/outcomes"))) == found
    (tmp_path / "reports" / "outcomes.json").write_text('{"decided": "many"}', encoding="utf-8")
    answer = api.get("/monitoring/outcomes")
    _answer(answer, 503)
    assert str(tmp_path) not in answer.text


def test_the_client_returns_each_as_its_model(tmp_path: Path, graded_url: str) -> None:
    with closing(Ledger.open(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        ledger.append(a_decision())
    app = create_app(
        Settings(
            applicants_url=graded_url,
            database_url=f"sqlite:///{tmp_path}/ledger.db",
            HOME_CREDIT_MODELS=MODELS,
            HOME_CREDIT_REPORTS=tmp_path,
        )
    )
    with serve(app) as url, ApiClient(url, back_off=()) as api:
        applicant = api.applicants(limit=1).applicants[0]
        assert api.comparison(applicant).applicants == 2_000
        assert api.comparison(applicant, Segment(contract="Cash loans")).segment.contract == "Cash loans"
        points = api.comparison_points(applicant, PointsQuery(x="AMT_CREDIT", y="DAYS_BIRTH", region=2))
        assert points.segment == Segment(region=2) and points.x.figure == "AMT_CREDIT"
        assert api.model_report().model_version == api.model().model_version
        assert sum(count.decisions for count in api.portfolio().counts) == 1
        earlier = PortfolioQuery(since=date(2020, 1, 1), until=date(2020, 2, 1))
        assert api.portfolio(earlier).counts == []
        with pytest.raises(ApiError) as caught:
            api.drift_verdict()
        assert caught.value.status == 404


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (ModelReport, report_examples.MODEL_REPORT),
        (Comparison, report_examples.COMPARISON),
        (Points, report_examples.POINTS),
        (Portfolio, report_examples.PORTFOLIO),
        (StoredVerdict, report_examples.VERDICT),
        (ShadowReport, report_examples.SHADOW),
    ],
)
def test_examples_are_answers(model: type[BaseModel], example: dict[str, Any]) -> None:
    assert model.model_validate(example).model_dump(mode="json", by_alias=True) == example
