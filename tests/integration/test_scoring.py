"""The scorer: a batch equals its parts, reasons add up to the score, odd input gives warnings."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit.config import Settings
from home_credit.decisioning.features import ApplicantFeatures
from home_credit.decisioning.model import RiskModel
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.tables import score_batches, score_matrix
from home_credit.default_risk import artifacts, classifier, reasons
from home_credit.default_risk.calibration import Calibration
from home_credit.errors import ArtifactError
from home_credit.features.build import feature_matrix
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables
from support.parquet_rows import ParquetRows

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.tables.bundle import ParsedBundle


@pytest.fixture(scope="module")
def scorer(models: Path) -> Scorer:
    return Scorer.load(models, Settings())


@pytest.fixture(scope="module")
def bundles(portfolio: Path) -> list[ParsedBundle]:
    known = ParquetRows(portfolio)
    return [parse_bundle(known.bundle(applicant)) for applicant in known.applicants(limit=40)]


def test_a_batch_equals_its_parts_even_with_an_applicant_twice(
    scorer: Scorer, bundles: list[ParsedBundle]
) -> None:
    batch = [*bundles, bundles[3], bundles[3]]
    assert scorer.assess(batch) == [scorer.assess([bundle])[0] for bundle in batch]


def test_one_applicant_is_scored_as_in_the_whole_table(scorer: Scorer, portfolio: Path) -> None:
    known = ParquetRows(portfolio)
    with open_tables(portfolio, "all") as source:
        rows = feature_matrix(source.frames, source.applicants[ID], scorer.terms)
        table = score_matrix(scorer, rows)
    for row in table.head(25).iter_rows(named=True):
        (alone,) = scorer.assess([parse_bundle(known.bundle(row[ID]))])
        assert alone.probability_of_default == row["probability_of_default"]
        assert (alone.decision, alone.score, alone.grade) == (row["decision"], row["score"], row["grade"])
        told = [reason.code for reason in alone.reasons][:4]
        assert told == [row[f"reason_{n}"] for n in range(1, len(told) + 1)]


def test_batches_are_scored_in_order_as_the_whole_and_say_how_far_they_are(
    scorer: Scorer, portfolio: Path
) -> None:
    with open_tables(portfolio, "test") as source:
        rows = feature_matrix(source.frames, source.applicants[ID], scorer.terms)
    steps: list[tuple[str, int, int | None]] = []
    batches = [rows.head(100), rows.slice(100)]
    scored = list(score_batches(scorer, batches, len(rows), lambda *step: steps.append(step)))
    assert pl.concat(scored).equals(score_matrix(scorer, rows))
    assert steps == [("applicants scored", done, len(rows)) for done in (100, len(rows))]


def test_reasons_add_up_to_the_log_odds(models: Path, bundles: list[ParsedBundle]) -> None:
    model = artifacts.load(models)
    features, explainer = ApplicantFeatures(model.terms), classifier.Explainer.of(model.booster)
    for bundle in bundles[:10]:
        matrix = model.preprocessor.encode(features.compute([bundle]))
        explanation = explainer.explain(matrix)
        grouped = reasons.effects(model.preprocessor.features, explanation.contributions[0])
        total = math.fsum(effect.contribution for effect in grouped) + explanation.base_value
        assert total == pytest.approx(classifier.log_odds(model.booster, matrix)[0], abs=1e-9)


def test_reasons_stand_most_harmful_first_and_name_no_protected_trait(
    scorer: Scorer, bundles: list[ParsedBundle]
) -> None:
    codes = reasons.reason_codes()
    for assessment in scorer.assess(bundles):
        harm = [reason.contribution for reason in assessment.reasons]
        assert harm == sorted(harm, reverse=True)
        assert not any(codes[reason.code].withheld for reason in assessment.reasons)


def test_a_category_unseen_in_training_is_missing_with_a_warning(
    scorer: Scorer, bundles: list[ParsedBundle]
) -> None:
    bundle = bundles[0]
    one, other = (
        scorer.assess([replace(bundle, application={**bundle.application, "NAME_INCOME_TYPE": category})])[0]
        for category in ("Maternity leave", None)
    )
    assert one.probability_of_default == other.probability_of_default
    assert "Maternity leave" in one.warnings[0]


def test_two_models_score_the_same_features(
    scorer: Scorer, models: Path, bundles: list[ParsedBundle]
) -> None:
    rows = scorer.computer.compute(bundles)
    other = RiskModel(replace(artifacts.load(models), calibration=Calibration(1.0, -1.0)))
    served, shadow = scorer.model.score(rows), other.score(rows)
    assert served.probability.tolist() == [one.probability_of_default for one in scorer.assess(bundles)]
    assert (shadow.probability < served.probability).all()
    assert shadow.contributions.shape == (len(bundles), len(other.features))


def test_an_artefact_that_does_not_match_is_refused(models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "models"
    shutil.copytree(models, copy)
    (copy / artifacts.PREPROCESSOR).write_bytes(b"something else")
    with pytest.raises(ArtifactError, match="not the file that"):
        Scorer.load(copy, Settings())
    with pytest.raises(ArtifactError, match="no model"):
        Scorer.load(tmp_path / "nothing", Settings())
