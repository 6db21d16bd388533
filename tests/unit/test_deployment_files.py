"""The workflows and the Blueprint agree with the deployment guide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from home_credit.deployment.settings import DeploymentSettings

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
DOCKERFILES = ["api/Dockerfile", "streamlit_app/Dockerfile", "mlflow/Dockerfile"]


def read(path: Path) -> dict[Any, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_nothing_is_built_before_the_tests_nor_deployed_before_everything_is_pushed() -> None:
    jobs = read(WORKFLOWS / "deploy.yml")["jobs"]
    assert jobs["tests"]["uses"] == "$/.github/workflows/ci.yml"
    assert [(name, job.get("needs")) for name, job in jobs.items()] == [
        ("tests", None),
        ("build", "tests"),
        ("push", "build"),
        ("rollout", "push"),
    ]
    assert [name for name, job in jobs.items() if "if" in job or "continue-on-error" in job] == ["tests"]
    assert jobs["tests"]["if"] == "github.ref == 'refs/heads/main'"
    images = jobs["build"]["strategy"]["matrix"]["image"]
    assert [image["dockerfile"] for image in images] == DOCKERFILES
    assert jobs["push"]["strategy"]["matrix"]["image"] == images


def test_one_deployment_at_a_time_with_the_secrets_of_the_guide() -> None:
    workflow = read(WORKFLOWS / "deploy.yml")
    assert workflow["concurrency"] == {"group": "production", "cancel-in-progress": False}
    text = (WORKFLOWS / "deploy.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"secrets\.(\w+)", text)) == {
        "RENDER_API_KEY",
        "RENDER_SERVICE_API",
        "RENDER_SERVICE_DASHBOARD",
        "RENDER_MLFLOW_SERVICE_ID",
        "API_KEY",
        "GITHUB_TOKEN",
    }


def test_every_action_is_pinned_by_its_commit() -> None:
    for workflow in WORKFLOWS.glob("*.yml"):
        for used in re.findall(r"uses: (\S+)", workflow.read_text(encoding="utf-8")):
            assert used.startswith("$/") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used


def test_the_blueprint_makes_the_three_services_of_the_guide() -> None:
    services = read(ROOT / "render.yaml")["services"]
    assert [service["name"] for service in services] == [
        "home-credit-api",
        "home-credit-dashboard",
        "home-credit-mlflow",
    ]
    assert [service["dockerfilePath"] for service in services] == [f"./{path}" for path in DOCKERFILES]
    assert [service["healthCheckPath"] for service in services] == ["/health", "/_stcore/health", "/health"]
    for service in services:
        assert (service["runtime"], service["plan"], service["region"]) == ("docker", "free", "frankfurt")
        # Render itself would deploy what fails its tests.
        assert service["autoDeployTrigger"] == "off"
    variables = [{each["key"]: each.get("value") for each in service["envVars"]} for service in services]
    assert variables == [
        {"PORT": "8000"},
        {"PORT": "8501", "API_URL": None},
        {"PORT": "5000", "MLFLOW_TRACKING_URI": "/app/mlruns"},
    ]


@pytest.mark.parametrize("guide", ["deployment.md", "deployment.fr.md"])
def test_both_guides_name_every_variable_and_file(guide: str) -> None:
    text = (ROOT / "docs" / guide).read_text(encoding="utf-8")
    variables = {name.upper() for name in DeploymentSettings.model_fields} - {"RENDER_API_URL"}
    assert [name for name in sorted(variables) if f"`{name}`" not in text] == []
    for link in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (ROOT / "docs" / link).exists(), link


def test_both_guides_have_the_same_commands() -> None:
    english, french = (
        re.findall(
            r"```(?:bash|console)\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL
        )
        for name in ("deployment.md", "deployment.fr.md")
    )
    assert sorted(map(undented, english)) == sorted(map(undented, french))


def undented(block: str) -> str:
    return "\n".join(line.strip() for line in block.strip().splitlines())
