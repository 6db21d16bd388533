"""The model card contains the figures of its manifest and no others."""

from __future__ import annotations

import copy
import json
import re
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from home_credit.errors import ModelCardError
from home_credit.validation import card, explanations
from home_credit.validation.fairness import fairness
from home_credit.validation.grades import by_grade, reliability
from home_credit.validation.importance import importance


def _manifest() -> dict[str, Any]:
    random = np.random.default_rng(4)
    n = 3_000
    probability = np.exp(random.uniform(np.log(0.008), np.log(0.4), n))
    target = (random.random(n) < probability).astype(np.int64)
    people = pl.DataFrame(
        {
            "CODE_GENDER": random.choice(["F", "M"], n),
            "DAYS_BIRTH": random.integers(-25_000, -7_500, n),
            "NAME_FAMILY_STATUS": random.choice(["Married", "Widow"], n),
        }
    )
    faithful = {
        "applicants": 3_000,
        "told": 4,
        "removed_features": 41.5,
        "named": 0.6,
        "random": -0.0,
        "least": 0.01,
        "beyond_random": 0.6,
        "beyond_least": 0.59,
        **{f"beats_{other}{end}": 0.95 for other in ("random", "least") for end in ("", "_low", "_high")},
    }
    stable = {
        "models": 3,
        "applicants": 3_000,
        "told": 4,
        "overlap": 0.81,
        "same_first": 0.89,
        "rank_correlation": 0.86,
    }
    manifest = {
        "schema_version": 4,
        "model_version": "0123456789ab",
        "digest": "0123456789ab",
        "artifacts": {"lgbm_model.joblib": "aa11", "preprocessor.joblib": "bb22"},
        "package_version": "1.0.0",
        "trained_at": "2026-11-24T10:00:00+00:00",
        "training_data": {"applicants": n, "persons": n, "fingerprint": "8ef5b4e886a4eb6b", "holdout": 0.0},
        "features": {"version": "1.0.0", "names": ["AMT_CREDIT", "EXT_SOURCE_2", "BUR_ALL_COUNT"]},
        "parameters": [{"rounds": 550, "learning_rate": 0.03}, {"rounds": 700, "learning_rate": 0.02}],
        "metrics": {
            "out_of_fold": {
                "auc": 0.75601,
                "auc_low": 0.74771,
                "auc_high": 0.76441,
                "gini": 0.51202,
                "ks": 0.384,
                "log_loss": 0.2375,
                "brier": 0.0648,
                "calibration_slope": 1.0,
                "calibration_intercept": -2e-16,
                "default_rate": 0.0817,
                "mean_probability": 0.0817,
                "train_auc": 0.7993,
                "cost_per_applicant": 0.515,
            },
            "folds": {"count": 5, "repeats": 2, "seed": 2018, "auc": [0.75, 0.76], "train_auc": [0.79, 0.8]},
            "complete_histories": {"applicants": 5_000, "auc": 0.77, "auc_low": 0.75, "auc_high": 0.79},
            "holdout": None,
        },
        "calibration": {"chosen": "line", "log_loss": {"line": 0.2375, "isotonic": 0.2379}},
        "policy": {
            "cut_off": 0.0932,
            "cost_false_negative": 10.0,
            "cost_false_positive": 1.0,
            "cost_review": 0.4,
            "reviewer_error_rate": 0.2,
            "review_band": [0.073, 0.143],
            "out_of_fold_optimal_cut_off": 0.0871,
            "out_of_fold_optimal_cost": 0.513,
        },
        "validation": {
            "grades": by_grade(probability, target),
            "reliability": reliability(probability, target),
            "fairness": fairness(people, probability, target, probability < 0.0932),
            "explanations": explanations.judge(stable, faithful),
            "importance": importance(
                ["AMT_CREDIT", "EXT_SOURCE_2", "BUR_ALL_COUNT"],
                random.normal(size=(n, 3)) * np.array([0.1, 0.3, 0.2]),
                np.array([20.0, 70.0, 0.0]),
            ),
            "baselines": [
                {
                    "name": "prior",
                    "features": 0,
                    "auc": 0.5,
                    "auc_low": 0.5,
                    "auc_high": 0.5,
                    "log_loss": 0.28,
                }
            ],
        },
        "versions": {"python": "3.11.7", "lightgbm": "4.7.0"},
    }
    plain: dict[str, Any] = json.loads(json.dumps(manifest))
    return plain


MANIFEST = _manifest()
# Every value that the card needs; of a list, its first row.
PATHS = [
    "model_version",
    "artifacts",
    "package_version",
    "trained_at",
    "training_data.applicants",
    "training_data.fingerprint",
    "features.version",
    "features.names",
    "parameters",
    "metrics.complete_histories",
    "metrics.folds.repeats",
    "metrics.folds.seed",
    "metrics.folds.auc",
    "calibration.chosen",
    "calibration.log_loss",
    "validation",
    "validation.reliability",
    "validation.fairness.confidence",
    "validation.fairness.overall.approval_rate_low",
    "validation.fairness.by.0.equalized_odds_difference",
    "validation.fairness.by.6.groups.0.calibration_high",
    "validation.explanations.failed",
    *(f"validation.importance.{name}" for name in MANIFEST["validation"]["importance"]),
    *(f"validation.importance.features.0.{name}" for name in ("feature", "importance", "gain")),
    "validation.baselines",
    "versions",
    *(f"metrics.out_of_fold.{name}" for name in MANIFEST["metrics"]["out_of_fold"]),
    *(f"policy.{name}" for name in MANIFEST["policy"]),
    *(f"validation.grades.0.{name}" for name in MANIFEST["validation"]["grades"][0]),
    *(
        f"validation.explanations.faithfulness.{name}"
        for name in ("named", "random", "least", "beats_least_high")
    ),
    *(f"validation.baselines.0.{name}" for name in MANIFEST["validation"]["baselines"][0]),
]


def _parent(manifest: dict[str, Any], path: str) -> tuple[Any, str]:
    *folders, last = path.split(".")
    return reduce(
        lambda part, name: part[int(name) if isinstance(part, list) else name], folders, manifest
    ), last


def _with(path: str, value: Any) -> dict[str, Any]:
    manifest = copy.deepcopy(MANIFEST)
    folder, last = _parent(manifest, path)
    folder[last] = value
    return manifest


@pytest.fixture(scope="module")
def text() -> str:
    return card.write(MANIFEST)


def test_a_card_is_that_of_its_manifest(text: str) -> None:
    card.check(text, MANIFEST)
    for said in (
        "0.7560 (0.7477 to 0.7644)",
        "8.17 %",
        "0.0433",
        "| application | 2 |",
        "seed (2018)",
        "-0.0",
    ):
        assert (said in text) == (said != "-0.0")
    assert not re.search(r"\n\n\n|[{}]", text)


def test_no_figure_of_a_card_can_be_changed(text: str) -> None:
    places = [found.start() for found in re.finditer(r"\d", text)]
    for place in places[:: len(places) // 25]:
        other = str((int(text[place]) + 1) % 10)
        with pytest.raises(ModelCardError, match=r"model card, line \d+: says"):
            card.check(text[:place] + other + text[place + 1 :], MANIFEST)


def test_a_claim_cannot_be_added_to_a_card_or_left_out(text: str) -> None:
    for other in (text + "\nBest in class.\n", "\n".join(text.splitlines()[:-1])):
        with pytest.raises(ModelCardError):
            card.check(other, MANIFEST)


def test_a_card_of_another_run_is_refused(text: str) -> None:
    with pytest.raises(ModelCardError, match="0\\.7560"):
        card.check(text, _with("metrics.out_of_fold.auc", 0.7559))


@pytest.mark.parametrize("path", PATHS)
def test_a_manifest_that_lacks_what_the_card_says_has_no_card(path: str) -> None:
    manifest = copy.deepcopy(MANIFEST)
    folder, last = _parent(manifest, path)
    del folder[last]
    with pytest.raises(ModelCardError, match=rf"'{last}'.* in: \S"):
        card.write(manifest)


@pytest.mark.parametrize("path", ["metrics.out_of_fold.auc", "training_data.applicants"])
def test_a_number_must_be_a_number(path: str) -> None:
    with pytest.raises(ModelCardError):
        card.write(_with(path, "good"))


def test_what_was_not_measured_is_said_not_to_be() -> None:
    assert "do not state which histories" in card.write(_with("metrics.complete_histories", None))
    assert "no applicant is referred" in card.write(_with("policy.review_band", None))
    assert "No simpler models" in card.write(_with("validation.baselines", []))


def test_bad_news_is_told() -> None:
    failed = card.write(_with("validation.explanations.failed", ["stability.overlap is 0.300, below 0.6"]))
    assert "**not** passed: stability.overlap is 0.300" in failed
    with pytest.raises(ModelCardError, match="CODE_GENDER"):
        card.write(_with("features.names", ["AMT_CREDIT", "CODE_GENDER"]))


@pytest.mark.parametrize(
    "template",
    [
        "AUC 0.81",
        "Trained on three million applicants.",
        "{{ 0.81 }}",
        "{{ metrics.out_of_fold.auc + 0.05 }}",
        "{{ 'AUC 0.81' }}",
        "{{ metrics.best | default(0.81) }}",
        "{% if metrics.best is defined %}{{ metrics.best }}{% endif %}",
        "{% set auc = 0.81 %}{{ auc }}",
        "{% if metrics.out_of_fold.auc > 0.7 %}good{% endif %}",
        "{{ metrics.out_of_fold.auc | round(2) }}",
        "## Robustness\n\nThe model is robust.\n",
    ],
)
def test_a_template_has_no_figures_of_its_own(template: str) -> None:
    with pytest.raises(ModelCardError, match="template of the model card"):
        card.write(MANIFEST, template)


def test_a_template_may_name_laws_and_places_after_the_point() -> None:
    template = "Article 22 of Regulation (EU) 2016/679: {{ metrics.folds.auc[0] | decimals(3) }}, 95 %"
    assert card.write(MANIFEST, template) == "Article 22 of Regulation (EU) 2016/679: 0.750, 95 %"


def test_tables_stand_alone_too() -> None:
    assert card.table("grades", MANIFEST["validation"]["grades"]).splitlines()[2].startswith("| A |")


def test_the_committed_card_is_that_of_the_committed_model() -> None:
    models = Path(__file__).parents[2] / "models"
    manifest = json.loads((models / "manifest.json").read_text(encoding="utf-8"))
    card.check((models / "model_card.md").read_text(encoding="utf-8"), manifest)
