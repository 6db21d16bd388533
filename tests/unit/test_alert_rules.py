"""The rules of alerts: of metrics that the API has, with labels that it sets, and each with a summary and a severity."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from home_credit.api import drift_gauges
from home_credit.api.metrics import Metrics

ROOT = Path(__file__).parents[2]
FAULTS = ("no-model", "no-ledger", "no-portfolio", "unavailable")
OWN = re.compile(r"home_credit_\w+")
SELECTOR = re.compile(r"(home_credit_\w+)\{([^}]*)\}")
LABEL = re.compile(r'(\w+)\s*=~?\s*"')


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / "deploy" / name).read_text(encoding="utf-8"))


def rules() -> list[dict[str, Any]]:
    return [rule for group in read("alerts.yml")["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def exposed() -> dict[str, set[str]]:
    """The series of the API after one event of each kind, with the names of their labels."""
    metrics = Metrics()
    metrics.answered("POST", "/predict", 200, 0.1)
    metrics.model("champion", "refused")
    metrics.shadow("dropped", 1)
    for fault in FAULTS:
        metrics.fault(fault)
    metrics._decisions.labels("declined", "E", "false").inc()
    text = (metrics.text() + drift_gauges.text(ROOT / "reports")).decode()
    found: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? ", text, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


# The committed verdict was made without labels, so it has no gauge of realised outcomes.
WITH_OUTCOMES = {"home_credit_drift_estimate_error"}


def test_rules_are_about_metrics_and_labels_that_the_api_has(exposed: dict[str, set[str]]) -> None:
    used = {name for rule in rules() for name in OWN.findall(rule["expr"])}
    assert sorted(used - set(exposed) - WITH_OUTCOMES) == []
    for rule in rules():
        for name, selector in SELECTOR.findall(rule["expr"]):
            assert set(LABEL.findall(selector)) <= exposed[name], (rule["alert"], name)


def test_the_gauge_of_outcomes_has_the_name_of_the_rule() -> None:
    source = Path(drift_gauges.__file__).read_text(encoding="utf-8")
    for name in WITH_OUTCOMES:
        assert f'"{name.removeprefix("home_credit_drift_")}"' in source


def test_every_rule_says_what_happened_and_how_grave_it_is() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert rule["expr"].count("(") == rule["expr"].count(")")
    assert {"ModelRefused", "ShadowIncomplete"} <= set(names)


def test_the_tests_of_rules_name_rules_and_summaries_that_exist() -> None:
    """promtool runs them; this finds a rule that was renamed or reworded without its test."""
    known = {rule["alert"]: rule for rule in rules()}
    for case in read("alerts.test.yml")["tests"]:
        for series in case["input_series"]:
            name = series["series"].partition("{")[0]
            assert any(name in rule["expr"] for rule in known.values()), name
        for expected in case["alert_rule_test"]:
            rule = known[expected["alertname"]]
            for alert in expected["exp_alerts"]:
                assert alert["exp_labels"]["severity"] == rule["labels"]["severity"]
                pattern = re.sub(r"\\\{\\\{.*?\\\}\\\}", ".+", re.escape(rule["annotations"]["summary"]))
                assert re.fullmatch(pattern, alert["exp_annotations"]["summary"]), expected["alertname"]
