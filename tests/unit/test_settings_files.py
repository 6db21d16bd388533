"""Every setting can be given where the platform is configured: compose.yaml, Kubernetes, example.env and both guides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import AliasChoices

from home_credit.config import Settings

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
# Not a matter of an installation: what an image says of itself, what `make up` makes and loads, and that an image is a demo.
NOT_GIVEN = {
    "HOME_CREDIT_DEMO",
    "HOME_CREDIT_DEMO_DECISIONS",
    "HOME_CREDIT_PORTFOLIO",
    "HOME_CREDIT_REVISION",
    "RENDER_GIT_COMMIT",
}
# With compose.yaml Prometheus tells a drift alarm, by the gauges of the verdict: nothing is signed.
NOT_IN_COMPOSE = {"ALERT_WEBHOOK_SECRET"}
# Fixed in compose.yaml, by its networks and volumes, and in deploy/sign-in.yaml.
NOT_IN_EXAMPLE = {
    "API_KEYS_FILE",
    "API_URL",
    "DATABASE_URL",
    "HOME_CREDIT_MODEL_VERSIONS",
    "HOME_CREDIT_REPORTS",
    "OIDC_REDIRECT_URI",
}


def names() -> set[str]:
    """The environment variables of all settings."""
    found: set[str] = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            found |= {choice for choice in alias.choices if isinstance(choice, str)}
        else:
            found.add(alias if isinstance(alias, str) else name.upper())
    return found - NOT_GIVEN


def composed() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return {name: service.get("environment", {}) for name, service in document["services"].items()}


def settings_env() -> dict[str, str]:
    """The names of settings.env with their values; those that are left out have none."""
    lines = (KUBERNETES / "settings.env").read_text(encoding="utf-8").splitlines()
    pairs = [line.lstrip("#").partition("=") for line in lines if re.match(r"#?[A-Z_]+=", line)]
    return {name: value for name, _, value in pairs}


def containers(document: Any) -> list[Any]:
    """Every container below a part of a manifest."""
    if isinstance(document, dict):
        own: list[Any] = document.get("containers", [])
        return own + [each for value in document.values() for each in containers(value)]
    return [each for value in document for each in containers(value)] if isinstance(document, list) else []


def in_kubernetes() -> set[str]:
    documents = [
        document
        for file in KUBERNETES.rglob("*.yaml")
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    ]
    given = {
        each["name"]
        for document in documents
        for part in containers(document)
        for each in part.get("env", ())
    }
    return given | set(settings_env())


def test_compose_passes_every_setting() -> None:
    passed = {name for environment in composed().values() for name in environment}
    sign_in = yaml.safe_load((ROOT / "deploy/sign-in.yaml").read_text(encoding="utf-8"))
    passed |= set(sign_in["services"]["dashboard"]["environment"])
    secrets = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["secrets"]
    passed |= {secret["environment"] for secret in secrets.values()}
    assert sorted(names() - NOT_IN_COMPOSE - passed) == []


def test_kubernetes_passes_every_setting() -> None:
    # Those of the sign-in are one secret of the dashboard.
    sign_in = {name for name in names() if name.startswith("OIDC_")}
    assert "name: home-credit-sign-in" in (KUBERNETES / "dashboard.yaml").read_text(encoding="utf-8")
    assert sorted(names() - sign_in - in_kubernetes()) == []


def test_the_example_has_a_line_for_every_setting() -> None:
    text = (ROOT / "deploy/example.env").read_text(encoding="utf-8")
    lines = set(re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE))
    assert sorted(names() - NOT_IN_COMPOSE - NOT_IN_EXAMPLE - lines) == []


@pytest.mark.parametrize("guide", ["deployment.md", "deployment.fr.md"])
def test_both_guides_name_every_setting(guide: str) -> None:
    text = (ROOT / "docs" / guide).read_text(encoding="utf-8")
    assert [name for name in sorted(names()) if f"`{name}`" not in text] == []


def test_what_kubernetes_sets_is_valid_and_the_default() -> None:
    given = {name: value for name, value in settings_env().items() if value}
    by_field = {name.lower(): value for name, value in given.items() if not name.startswith("HOME_CREDIT_")}
    assert set(by_field) <= set(Settings.model_fields)
    read, default = Settings.model_validate(by_field), Settings()
    for name in by_field:
        assert getattr(read, name) == getattr(default, name), name


def test_all_that_compute_decisions_have_the_same_costs() -> None:
    costs = {name for name in names() if name.startswith("COST_")} | {"REVIEWER_ERROR_RATE", "MODEL_KEY"}
    assert costs <= set(composed()["monitoring"])
    assert costs <= set(composed()["api"])
