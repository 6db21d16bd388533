"""Decisions on known applicants: those with ready features are those from the raw rows, to the last bit."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings

from home_credit.applicants import ApplicantStore
from home_credit.applicants.definitions import definitions_version
from home_credit.applicants.loading import HistoryFeatures, current_features, load
from home_credit.config import Settings
from home_credit.decisioning.factory import decision_service
from home_credit.decisioning.known import known_bundle
from home_credit.decisioning.replay import replay_record
from home_credit.decisioning.requests import KnownRequest
from home_credit.decisioning.scoring import Scorer
from home_credit.default_risk.reasons import GIVEN_EACH_WAY
from home_credit.features.request import HISTORY_NAMES, RequestFeatures
from home_credit.ledger import Ledger
from home_credit.ledger.records import FORMAT, DecisionEntry
from home_credit.schemas import Decision, PredictionRequest
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION, ID
from home_credit.tables.source import open_tables
from home_credit.terms.frames import learn_terms
from home_credit.terms.learning import learn
from support.applicant_stores import portfolios
from support.contents import content
from support.loans import price_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.decisioning.service import DecisionService


@pytest.fixture(scope="module")
def scorer(models: Path) -> Scorer:
    return Scorer.load(models, Settings())


def bits(values: Sequence[Any]) -> list[Any]:
    return [value.hex() if isinstance(value, float) else value for value in values]


def test_ready_features_are_those_of_a_request_to_the_bit(portfolio: Path, graded_url: str) -> None:
    with open_tables(portfolio, "all") as source:
        request = RequestFeatures(learn_terms(source.frames["previous_application"]))
    with closing(ApplicantStore.open(graded_url)) as store:
        for applicant in store.applicants(limit=1000)[::4]:
            held = store.read(applicant)
            ready = held.history_features(definitions_version())
            assert ready is not None
            assert bits(ready) == bits(request.history(parse_bundle(held.bundle).histories))


def test_a_decision_is_the_same_with_ready_features_with_stale_ones_and_from_raw_rows(
    portfolio: Path, graded_url: str, scorer: Scorer, tmp_path: Path
) -> None:
    stale_url = f"sqlite:///{tmp_path}/stale.db"
    # What other definitions made of the same rows.
    load(portfolio, stale_url, HistoryFeatures("before", _nonsense))
    with closing(ApplicantStore.open(graded_url)) as ready, closing(ApplicantStore.open(stale_url)) as stale:
        for applicant in ready.applicants(limit=1000)[::20]:
            held = ready.read(applicant)
            assert known_bundle(held).history_features is not None
            assert known_bundle(stale.read(applicant)).history_features is None
            changed = {**held.application, "AMT_CREDIT": 2 * held.application["AMT_CREDIT"]}
            for application in (None, held.application, changed):
                bundles = [
                    known_bundle(held, application),
                    known_bundle(stale.read(applicant), application),
                    parse_bundle({**held.bundle, APPLICATION: application or held.application}),
                ]
                outcomes = [scorer.assess([bundle])[0] for bundle in bundles]
                assert outcomes[0] == outcomes[1] == outcomes[2]


def _nonsense(frames: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    return frames[APPLICATION].select(ID, *(pl.lit(1e6).alias(name) for name in HISTORY_NAMES))


def decided(service: DecisionService, request: KnownRequest) -> Decision:
    (decision,) = service.decide_all([request])
    assert isinstance(decision, Decision)
    return decision


def test_a_known_applicant_s_decision_is_replayed_from_its_rows(
    graded_url: str, scorer: Scorer, tmp_path: Path
) -> None:
    with (
        closing(ApplicantStore.open(graded_url)) as known,
        closing(Ledger.open(f"sqlite:///{tmp_path}/ledger.db")) as ledger,
        decision_service(Settings(), scorer=scorer, applicants=known, ledger=ledger) as service,
    ):
        for applicant in known.applicants(limit=20):
            decision = decided(service, KnownRequest(applicant))
            assert service.replay(decision.decision_id).identical
            record = service.decision(decision.decision_id)
            assert dict(record.bundle) == dict(service.applicant(applicant).bundle)
            simulated = decided(service, KnownRequest(applicant, {"AMT_CREDIT": 99_000.0, "TARGET": 1}))
            assert simulated.simulation
            assert service.replay(simulated.decision_id).identical
            assert service.decision(simulated.decision_id).bundle.application["AMT_CREDIT"] == 99_000.0


def test_a_record_of_a_format_with_every_reason_is_replayed_with_every_reason(
    graded_url: str, scorer: Scorer
) -> None:
    with closing(ApplicantStore.open(graded_url)) as known:
        (applicant,) = known.applicants(limit=1)
        bundle = known.bundle(applicant)
    (given,) = scorer.assess([parse_bundle(bundle)])
    (every,) = scorer.assess([parse_bundle(bundle)], every_reason=True)
    assert len(given.reasons) == 2 * GIVEN_EACH_WAY < len(every.reasons)
    assert given.reasons == every.reasons[:GIVEN_EACH_WAY] + every.reasons[-GIVEN_EACH_WAY:]
    for assessment, number in ((given, FORMAT), (every, 2)):
        recorded = content(assessment, PredictionRequest(**bundle), scorer.policy)
        entry = DecisionEntry(
            **dict(recorded), format=number, decision_id="any", recorded_at=datetime.now(UTC)
        )
        assert replay_record(scorer, entry).identical


@settings(deadline=None, max_examples=3)
@given(portfolio=portfolios())
def test_whatever_the_tables_hold_ready_features_are_those_of_the_rows(
    portfolio: dict[str, pl.DataFrame],
) -> None:
    _ready_as_of_the_rows(portfolio)


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(portfolio=portfolios())
def test_ready_features_are_those_of_the_rows_of_more_tables(portfolio: dict[str, pl.DataFrame]) -> None:
    _ready_as_of_the_rows(portfolio)


def _ready_as_of_the_rows(portfolio: dict[str, pl.DataFrame]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, frame in portfolio.items():
            frame.write_parquet(folder / f"{file}.parquet")
        url = f"sqlite:///{folder}/applicants.db"
        load(folder, url, current_features())
        request = RequestFeatures(learn(price_list(0, seed=1)))
        with closing(ApplicantStore.open(url)) as store:
            for applicant in portfolio["application_train"][ID]:
                held = store.read(applicant)
                ready, parsed = known_bundle(held), parse_bundle(held.bundle)
                assert (ready.application, ready.warnings) == (parsed.application, parsed.warnings)
                if ready.history_features is not None:
                    assert bits(ready.history_features) == bits(request.history(parsed.histories))
