"""TreeSHAP from tables on the features of applicants: demo and real ones, with all categories and missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from home_credit.default_risk import classifier
from home_credit.default_risk.inputs import INPUTS
from home_credit.features.build import feature_matrix
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables
from home_credit.terms.frames import learn_terms
from home_credit.training import learners

if TYPE_CHECKING:
    from pathlib import Path

APPLICANTS, EXPLAINED = 1_600, 600
PARAMETERS = {"rounds": 60, "num_leaves": 24, "max_depth": 6, "min_child_samples": 10, "num_threads": 1}


@pytest.mark.parametrize(
    "tables", ["portfolio", pytest.param("real_tables", marks=pytest.mark.real_rows)], ids=["demo", "real"]
)
def test_applicants_are_explained_as_lightgbm_explains_them(
    tables: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(tables)
    with open_tables(folder, "train") as source:
        terms = learn_terms(source.frames["previous_application"])
        rows = feature_matrix(source.frames, source.applicants[ID][:APPLICANTS], terms)
        labelled = rows.select(ID).join(source.target, on=ID, how="left", maintain_order="left")
    target = labelled["TARGET"].to_numpy().astype(np.int64)
    parameters = [{**classifier.committed_parameters()[0], **PARAMETERS}]
    preprocessor, booster = learners.fit_boosted(rows[:-EXPLAINED], target[:-EXPLAINED], INPUTS, parameters)
    matrix = preprocessor.transform(rows[-EXPLAINED:])
    explainer = classifier.Explainer.of(booster)
    explanation = explainer.explain(matrix)
    expected = np.asarray(booster.predict(matrix, pred_contrib=True))
    np.testing.assert_allclose(explanation.contributions, expected[:, :-1], rtol=0, atol=1e-9)
    assert explanation.log_odds.tolist() == classifier.log_odds(booster, matrix).tolist()
    for row in range(0, EXPLAINED, 40):
        alone = explainer.explain(matrix[row : row + 1])
        assert alone.contributions[0].tolist() == explanation.contributions[row].tolist()
        assert alone.log_odds[0] == explanation.log_odds[row]
