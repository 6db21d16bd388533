"""The workflows and the Blueprint agree with the deployment guide."""

from __future__ import annotations

import re
import runpy
from datetime import date
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
        ("rollout", ["build", "push"]),
    ]
    assert [name for name, job in jobs.items() if "if" in job or "continue-on-error" in job] == ["tests"]
    assert jobs["tests"]["if"] == "github.ref == 'refs/heads/main'"
    images = jobs["build"]["strategy"]["matrix"]["image"]
    assert [image["dockerfile"] for image in images] == DOCKERFILES
    signed = jobs["push"]["strategy"]["matrix"]["image"]
    assert [image["name"] for image in signed] == [image["name"] for image in images]
    for image in signed:
        assert image["digest"] == f"${{{{ needs.build.outputs.{image['name']} }}}}"


def test_an_image_is_built_once_and_scanned_signed_tagged_and_deployed_by_its_digest() -> None:
    text = (WORKFLOWS / "deploy.yml").read_text(encoding="utf-8")
    assert text.count("docker/build-push-action@") == 1
    jobs = read(WORKFLOWS / "deploy.yml")["jobs"]
    build = {step["name"]: step for step in jobs["build"]["steps"]}
    scan = build["Scan that digest for vulnerabilities that have a remedy"]
    assert scan["with"]["image"] == "${{ steps.name.outputs.image }}@${{ steps.build.outputs.digest }}"
    sign = jobs["push"]["steps"][-1]["run"]
    assert sign.index("cosign sign") < sign.index("imagetools create")
    assert sign.count("@${DIGEST}") == 2
    assert set(jobs["build"]["outputs"]) == {"api", "dashboard", "mlflow"}


def test_a_cancelled_rollout_gets_the_signal_and_is_undone() -> None:
    steps = read(WORKFLOWS / "deploy.yml")["jobs"]["rollout"]["steps"]
    roll_out, undo = steps[-2:]
    assert roll_out["run"].startswith("exec home-credit deploy rollout --skip-without-secrets --journal")
    assert undo["if"] == "${{ !success() }}"
    assert undo["run"].startswith("exec home-credit deploy undo --journal")


def exceptions(text: str, today: str = "2026-11-01") -> list[dict[str, str]]:
    return list(
        runpy.run_path(str(ROOT / "deploy/exceptions.py"))["ignored"](text, date.fromisoformat(today))
    )


def test_an_exception_from_the_scan_expires() -> None:
    text = '[[exception]]\nid = "CVE-1"\nreason = "not reached"\nexpires = 2026-11-30'
    assert exceptions(text) == [{"vulnerability": "CVE-1", "reason": "not reached"}]
    assert exceptions(text, "2026-11-30") == exceptions(text)
    assert exceptions(text, "2026-12-01") == []
    with pytest.raises(ValueError, match="90 days at most"):
        exceptions(text, "2026-01-01")
    for line in text.splitlines()[1:]:
        with pytest.raises(ValueError, match="an exception has an id, a reason and a day"):
            exceptions(text.replace(line, ""))
    exceptions((ROOT / "deploy/vulnerabilities.toml").read_text(encoding="utf-8"))


def test_one_deployment_at_a_time_with_the_secrets_of_the_guide() -> None:
    workflow = read(WORKFLOWS / "deploy.yml")
    group = "${{ github.ref == 'refs/heads/main' && 'production' || github.run_id }}"
    assert workflow["concurrency"] == {"group": group, "cancel-in-progress": False}
    text = (WORKFLOWS / "deploy.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"secrets\.(\w+)", text)) == {
        "RENDER_API_KEY",
        "RENDER_SERVICE_API",
        "RENDER_SERVICE_DASHBOARD",
        "RENDER_MLFLOW_SERVICE_ID",
        "API_KEY",
        "GITHUB_TOKEN",
    }


def test_a_pull_request_builds_and_scans_the_images_that_are_deployed() -> None:
    job = read(WORKFLOWS / "ci.yml")["jobs"]["image"]
    assert job["if"] == "github.event_name == 'pull_request'"
    assert [image["dockerfile"] for image in job["strategy"]["matrix"]["image"]] == DOCKERFILES
    used = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert used[-2:] == ["docker/build-push-action", "anchore/scan-action"]


def test_every_image_says_its_commit_and_when_that_was() -> None:
    arguments = next(
        step["with"]["build-args"]
        for step in read(WORKFLOWS / "deploy.yml")["jobs"]["build"]["steps"]
        if "build-push-action" in step.get("uses", "")
    )
    for name in ("REVISION", "CREATED"):
        assert f"{name}=" in arguments
    for dockerfile in DOCKERFILES:
        text = (ROOT / dockerfile).read_text(encoding="utf-8")
        assert "ENV HOME_CREDIT_REVISION=$REVISION\n" in text, dockerfile
        for label, value in (("created", "${CREATED}"), ("revision", "${REVISION}")):
            assert f'org.opencontainers.image.{label}="{value}"' in text, dockerfile
        assert 'org.opencontainers.image.title="home-credit-' in text, dockerfile


def test_no_service_of_compose_fills_its_disk_or_takes_all_memory() -> None:
    for name, service in read(ROOT / "compose.yaml")["services"].items():
        logging = service["logging"]
        assert logging["driver"] == "json-file", name
        assert set(logging["options"]) == {"max-size", "max-file"}, name
        assert re.fullmatch(r"\d+m|1g", service["mem_limit"]), name
        assert service["read_only"], name


def test_mlflow_of_compose_begins_with_the_runs_of_its_image() -> None:
    service = read(ROOT / "compose.yaml")["services"]["mlflow"]
    # An empty volume is filled from the folder of the image, and not from a folder of the machine.
    assert service["volumes"] == ["mlruns:/app/mlruns"]
    assert service["environment"]["MLFLOW_TRACKING_URI"] == "${MLFLOW_TRACKING_URI:-/app/mlruns}"
    assert re.search(
        r"^COPY .*mlruns mlruns$", (ROOT / "mlflow/Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_the_proxy_of_compose_limits_the_body_of_every_site() -> None:
    text = (ROOT / "deploy/Caddyfile").read_text(encoding="utf-8")
    sites = re.findall(r"^\{\$\w+_HOST:[^}]+\} \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    assert len(sites) == 3
    for site in sites:
        assert re.search(r"request_body \{\s+max_size \d+MB\s+\}", site), site


def test_every_image_is_pinned_by_its_digest() -> None:
    pinned = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")
    for name, service in read(ROOT / "compose.yaml")["services"].items():
        assert "build" in service or pinned.fullmatch(service["image"]), name
    (base,) = re.findall(
        r"^FROM (.*)", (ROOT / "deploy/base/Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert pinned.fullmatch(base)
    for dockerfile in (*DOCKERFILES, "deploy/monitoring.Dockerfile"):
        text = (ROOT / dockerfile).read_text(encoding="utf-8")
        assert re.findall(r"^ARG BASE_IMAGE=(.*)", text, re.MULTILINE) == [base], "make base"
        assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) <= {
            "${BASE_IMAGE}",
            "${API_IMAGE}",
            "packages",
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
