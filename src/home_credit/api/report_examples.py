"""Examples of the answers that come from stored statistics, for the OpenAPI documentation."""

from typing import Any

_RATE = {
    "applicants": 14828,
    "defaults": 186,
    "mean_probability": 0.0141,
    "observed_rate": 0.0125,
    "low": 0.0108,
    "high": 0.0144,
}
_GROUP = {
    "group": "everybody",
    "applicants": 69054,
    "defaults": 5393,
    "small": False,
    "approval_rate": 0.7278,
    "approval_rate_low": 0.7244,
    "approval_rate_high": 0.7311,
    "false_negative_rate": 0.3412,
    "false_negative_rate_low": 0.3286,
    "false_negative_rate_high": 0.354,
    "false_positive_rate": 0.2395,
    "false_positive_rate_low": 0.2362,
    "false_positive_rate_high": 0.2428,
    "calibration": -0.0001,
    "calibration_low": -0.002,
    "calibration_high": 0.002,
}
MODEL_REPORT: dict[str, Any] = {
    "model_version": "184b8f19403d",
    "trained_at": "2026-11-27T07:52:42Z",
    "training_applicants": 69054,
    "training_persons": 68786,
    "features": 656,
    "metrics": {
        "out_of_fold": {"auc": 0.7828, "log_loss": 0.2329, "brier": 0.0642},
        "complete_histories": None,
        "holdout": None,
        "fold_auc": [0.7724, 0.7929],
        "fold_train_auc": [0.8276, 0.8237],
    },
    "calibration": {"chosen": "line", "log_loss": {"none": 0.23295, "line": 0.23292}},
    "policy": {
        "cut_off": 0.0909,
        "review_band": [0.0732, 0.1429],
        "cost_false_negative": 10.0,
        "cost_false_positive": 1.0,
        "cost_review": 0.4,
        "reviewer_error_rate": 0.2,
        "out_of_fold_optimal_cut_off": 0.0969,
        "out_of_fold_optimal_cost": 0.4845,
    },
    "grades": [{"grade": "A", "below": 0.02, **_RATE, "p_value": 1.0, "verdict": "pass", "too_high": False}],
    "reliability": [{"bin": 1, **_RATE}],
    "fairness": {
        "confidence": 0.95,
        "least_applicants": 100,
        "least_defaults": 10,
        "four_fifths": 0.8,
        "overall": _GROUP,
        "by": [
            {
                "traits": ["gender"],
                "groups": [{**_GROUP, "group": "F"}, {**_GROUP, "group": "M"}],
                "approval_ratio": 0.9159,
                "passes_four_fifths": True,
                "equalized_odds_difference": 0.0579,
            }
        ],
    },
    "explanations": {
        "stability": {"overlap": 0.7835, "rank_correlation": 0.9615},
        "faithfulness": {"beyond_random": 0.7563, "beyond_least": 0.7733},
        "gates": {"stability": {"overlap": 0.6}, "faithfulness": {"beyond_random": 0.173}},
        "failed": [],
    },
    "baselines": [
        {
            "name": "logistic regression",
            "features": 156,
            "auc": 0.7684,
            "auc_low": 0.7619,
            "auc_high": 0.775,
            "log_loss": 0.2379,
            "train_auc": 0.7803,
        }
    ],
    "roc": [
        {"false_positive_rate": 0.0, "true_positive_rate": 0.0},
        {"false_positive_rate": 0.2365, "true_positive_rate": 0.6635},
        {"false_positive_rate": 1.0, "true_positive_rate": 1.0},
    ],
    "cost_curve": [
        {"cut_off": 0.0, "cost": 0.9219, "approved": 0.0},
        {"cut_off": 0.0909, "cost": 0.4869, "approved": 0.7278},
    ],
    "importance": {
        "applicants": 10000,
        "used": 543,
        "share": 0.5485,
        "features": [
            {
                "feature": "APP_EXT_MIN",
                "label": {"en": "lowest external score", "fr": "score externe le plus bas"},
                "importance": 0.1813,
                "gain": 0.1234,
            }
        ],
    },
}
COMPARISON: dict[str, Any] = {
    "SK_ID_CURR": 100002,
    "segment": {
        "contract": "Cash loans",
        "age_band": None,
        "region": None,
        "income_type": "Working",
        "grade": None,
        "similar": False,
    },
    "applicants": 4521,
    "sampled": False,
    "graded_by": "1f2e3d4c5b6a",
    "levels": [0.0, 25.0, 50.0, 75.0, 100.0],
    "figures": [
        {
            "figure": "AMT_CREDIT",
            "unit": "currency",
            "label": {"en": "credit applied for", "fr": "crédit demandé"},
            "value": 406597.5,
            "percentile": 37.5,
            "known": 4521,
            "quantiles": [45000.0, 270000.0, 513531.0, 808650.0, 4050000.0],
        }
    ],
}
POINTS: dict[str, Any] = {
    "SK_ID_CURR": 100002,
    "segment": COMPARISON["segment"],
    "applicants": 4521,
    "x": {
        "figure": "AMT_INCOME_TOTAL",
        "unit": "currency",
        "label": {"en": "monthly income declared", "fr": "revenu mensuel déclaré"},
        "value": 202500.0,
        "values": [135000.0, 67500.0],
    },
    "y": {
        "figure": "AMT_CREDIT",
        "unit": "currency",
        "label": {"en": "credit applied for", "fr": "crédit demandé"},
        "value": 406597.5,
        "values": [312682.5, 135000.0],
    },
}
PORTFOLIO: dict[str, Any] = {
    "from": "2026-11-25",
    "to": "2026-11-26",
    "counts": [
        {
            "day": "2026-11-26",
            "decision": "approved",
            "grade": "B",
            "simulation": False,
            "decisions": 41,
            "mean_probability": 0.0312,
        }
    ],
}
OUTCOMES: dict[str, Any] = {
    "model_version": "0123456789ab",
    "decided": 900,
    "known": 610,
    "auc": {"value": 0.764, "low": 0.708, "high": 0.82},
    "default_rate": {"value": 0.079, "low": 0.059, "high": 0.102},
    "estimated_rate": 0.075,
    "estimate_error": -0.004,
    "estimate_holds": True,
    "cost": {"value": 0.52, "low": 0.41, "high": 0.63},
    "grades": [],
    "vintages": [
        {
            "month": "2026-03",
            "decided": 900,
            "known": 610,
            "mature": False,
            "defaults": 48,
            "estimated_rate": 0.075,
            "realised_rate": {"value": 0.079, "low": 0.059, "high": 0.102},
        }
    ],
    "simulated": False,
}
VERDICT: dict[str, Any] = {
    "made_at": "2026-11-26T18:31:00Z",
    "alarm": True,
    "share_drifted": 0.05,
    "reference_rows": 69054,
    "current_rows": 1200,
    "columns": [
        {
            "column": "NAME_CONTRACT_TYPE",
            "psi": 0.3851,
            "p_value": 1.9e-51,
            "missing_reference": 0.0,
            "missing_current": 0.0,
            "status": "major",
            "label": {"en": "Kind of loan", "fr": "Type de prêt"},
            "weight": 0.011,
            "effect": -0.021,
        }
    ],
    "summary": {
        "en": "Drift alarm: 1 change matters, 0 more beyond chance",
        "fr": "Alerte de dérive : 1 changement important, 0 de plus au-delà du hasard",
    },
    "advice": {"en": "Retrain the model.", "fr": "Réentraînez le modèle."},
    "causes": [
        {
            "detector": "unseen",
            "subject": "NAME_CONTRACT_TYPE",
            "label": {"en": "Kind of loan", "fr": "Type de prêt"},
            "text": {
                "en": "Unknown values: 0.0 % before, 9.6 % now",
                "fr": "Valeurs inconnues : 0,0 % avant, 9,6 % maintenant",
            },
            "before": 0.0,
            "now": 0.096,
            "p_value": 1.9e-51,
            "weight": 0.011,
            "effect": -0.021,
            "since": "2026-11-20",
            "action": "look_at_source",
            "material": True,
            "acknowledged": False,
        }
    ],
    "figures": [{"name": "mean_probability", "before": 0.081, "now": 0.084}],
    "grades": [{"name": "A", "before": 0.122, "now": 0.118}],
    "performance": {
        "auc": {"value": 0.771, "low": 0.752, "high": 0.79},
        "auc_at_training": 0.783,
        "default_rate": {"value": 0.084, "low": 0.069, "high": 0.1},
        "cost": {"value": 0.51, "low": 0.46, "high": 0.56},
        "reliable": False,
        "note": {"en": "The applicants changed.", "fr": "Les demandeurs ont changé."},
    },
    "outcomes": OUTCOMES,
    "trend": [
        {
            "made_at": "2026-11-26T18:31:00Z",
            "alarm": True,
            "applicants": 1200,
            "mean_probability": 0.084,
            "approval_rate": 0.702,
            "causes": 1,
        }
    ],
    "false_alarms": 0.01,
    "tests": 620,
    "window": ["2026-11-01", "2026-11-26"],
    "source": "ledger",
    "model_version": "0123456789ab",
    "acknowledged": False,
}
SHADOW: dict[str, Any] = {
    "champion": "8a9d0c69364d",
    "challenger": "51f0c7d2a9be",
    "first": "2026-11-26T09:00:00Z",
    "last": "2026-11-26T18:31:00Z",
    "decisions": 5000,
    "not_scored": 0,
    "agreement": 0.951,
    "mean_probability": 0.0781,
    "challenger_mean_probability": 0.0779,
    "mean_difference": -0.0002,
    "mean_difference_standard_error": 0.0003,
    "psi": 0.004,
    "correlation": 0.967,
    "changes": [
        {
            "decision": "review",
            "challenger_decision": "approved",
            "decisions": 93,
            "mean_probability": 0.0781,
            "challenger_mean_probability": 0.0693,
        }
    ],
    "grades": [
        {
            "grade": "B",
            "decisions": 911,
            "same_decision": 905,
            "same_grade": 702,
            "mean_probability": 0.0272,
            "challenger_mean_probability": 0.0276,
        }
    ],
}
