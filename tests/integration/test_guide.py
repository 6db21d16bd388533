"""The deployment guide, step by step, from a fresh clone: against a stand-in of Render, and of GitHub's runner.

:data:`STEPS` lists the guide's statements: the test that performs each, or why it cannot be performed here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from playwright.sync_api import expect

from home_credit.serve import DEFAULT_PORTS, HEALTH, Name
from support import render as stand_in
from support.chromium import chromium
from support.ports import free_port
from support.servers import server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.render import RenderStandIn

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/deployment.fr.md").read_text(encoding="utf-8")
START_SECONDS = 120
SECRETS = {
    "RENDER_API_KEY": stand_in.KEY,
    "RENDER_SERVICE_API": stand_in.API,
    "RENDER_SERVICE_DASHBOARD": stand_in.DASHBOARD,
    "RENDER_MLFLOW_SERVICE_ID": stand_in.MLFLOW,
}
NOT_HERE = "not here: "
STEPS = {
    "Créez un compte gratuit sur [Render.com](https://render.com)": NOT_HERE + "an account",
    "Ajoutez les secrets suivants dans votre repo GitHub": "test_the_workflow_takes_the_secrets",
    "**Name**: `home-credit-api`": "test_the_services_are_made_as_described",
    "**Dockerfile Path**: `./api/Dockerfile`": "test_the_services_are_made_as_described",
    "**Dockerfile Path**: `./streamlit_app/Dockerfile`": "test_the_services_are_made_as_described",
    "**Dockerfile Path**: `./mlflow/Dockerfile`": "test_the_services_are_made_as_described",
    "copier le **Service ID** depuis l'URL": NOT_HERE + "Render's pages",
    "✅ Compile les 3 images Docker": NOT_HERE + "BuildKit; .ci/run builds them with buildah",
    "GitHub Container Registry": NOT_HERE + "a registry",
    "✅ Déclenche le déploiement sur Render": "test_the_workflow_deploys",
    "✅ Récupère automatiquement les URLs réelles des services": "test_the_workflow_deploys",
    "✅ Passe l'URL de l'API au Dashboard via variable d'environnement": "test_the_workflow_deploys",
    "un résumé avec les 3 URLs de production": "test_the_workflow_deploys",
    "`notebooks/04_Drift_Evidently.ipynb`": "test_notebook.py",
    "`reports/evidently_full_report.html`": "test_the_drift_tab_shows_the_report",
    "dans l'onglet **📊 Data Drift**": "test_the_drift_tab_shows_the_report",
    "curl https://home-credit-api.onrender.com/health": "test_the_three_services_answer_as_described",
    "https://home-credit-dashboard.onrender.com": "test_the_three_services_answer_as_described",
    "https://home-credit-mlflow.onrender.com": "test_the_three_services_answer_as_described",
    "Vérifier que `.gitignore` n'exclut pas `models/*.joblib`": "test_a_model_that_is_missing_is_committed",
    "git add models/lgbm_model.joblib models/preprocessor.joblib": "test_a_model_that_is_missing_is_committed",
    "Dashboard ne peut pas contacter l'API": "test_a_dashboard_with_a_wrong_address_says_so",
    "Dossier `mlruns/` vide ou manquant": "test_without_runs_the_pages_open_and_are_empty",
    "Les services s'arrêtent après 15 min d'inactivité": NOT_HERE + "Render's free plan",
    "A[Push sur main] --> B[CI Tests]": "test_deployment_files.py",
    "`PORT`: Port d'écoute (défaut: 8000)": "test_every_service_has_the_port_and_the_variables_of_the_guide",
    "`MLFLOW_TRACKING_URI`: Chemin vers le backend store (défaut: `/app/mlruns`)": (
        "test_every_service_has_the_port_and_the_variables_of_the_guide"
    ),
}


def test_every_step_is_in_the_guide_and_has_its_test() -> None:
    # "Dossier … vide ou manquant" is said in other words: with an empty folder the page opens.
    reworded = {"Dossier `mlruns/` vide ou manquant"}
    flat = " ".join(GUIDE.split())
    assert [step for step in STEPS if step not in reworded and step not in flat] == []
    for how in STEPS.values():
        known = how.startswith(NOT_HERE) or how in globals()
        assert known or list((ROOT / "tests").rglob(how)), how


def git(*arguments: str, folder: Path) -> str:
    identity = ["-c", "user.name=A Person", "-c", "user.email=person@example.org"]
    ran = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, applicants_url: str) -> Path:
    """A clone of the last commit, with the store of applicants that the image brings."""
    folder = tmp_path_factory.mktemp("guide") / "clone"
    git("clone", "--quiet", str(ROOT), str(folder), folder=ROOT)
    (folder / "data").mkdir(exist_ok=True)
    shutil.copy(applicants_url.removeprefix("sqlite:///"), folder / "data/applicants.db")
    return folder


def environment(clone: Path, **more: str) -> dict[str, str]:
    """What a process of the clone sees: its own code, and the commit that Render names."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "RUNNER_"))}
    return {
        **ours,
        "PYTHONPATH": str(clone / "src"),
        "RENDER_GIT_COMMIT": git("rev-parse", "HEAD", folder=clone),
        **more,
    }


@contextmanager
def serving(clone: Path, name: Name, **settings: str) -> Iterator[str]:
    """Run a service as the last line of its Dockerfile does, until the context ends; its address."""
    (words,) = re.findall(r"^CMD (\[.*\])$", dockerfile(clone, name), re.MULTILINE)
    executable, *arguments = json.loads(words)
    assert executable == "python"
    port = free_port()
    command = [sys.executable, *arguments]
    given = {"HOST": "127.0.0.1", "PORT": str(port), "HOME_CREDIT_DEMO": "1", **settings}
    log = clone.parent / f"{name}-{port}.log"
    # A service without a model answers too.
    with server(
        command, port, HEALTH[name], log, healthy=False, cwd=clone, env=environment(clone, **given)
    ) as running:
        yield running.url


FOLDERS: dict[Name, str] = {"api": "api", "dashboard": "streamlit_app", "mlflow": "mlflow"}


def dockerfile(clone: Path, name: Name) -> str:
    return (clone / FOLDERS[name] / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def platform(clone: Path) -> Iterator[dict[Name, str]]:
    """The three services of the clone, as Render runs them."""
    with ExitStack() as stack:
        api = stack.enter_context(serving(clone, "api"))
        dashboard = stack.enter_context(serving(clone, "dashboard", API_URL=api))
        mlflow = stack.enter_context(serving(clone, "mlflow", MLFLOW_TRACKING_URI=str(clone / "mlruns")))
        yield {"api": api, "dashboard": dashboard, "mlflow": mlflow}


def described() -> list[dict[str, Any]]:
    """The services as the guide has them filled in, one after the other."""
    found = []
    for part in re.split(r"^### Service \d : ", GUIDE, flags=re.MULTILINE)[1:]:
        fields = dict(re.findall(r"- \*\*([\w ]+)\*\*: `([^`]*)`", part))
        fields["variables"] = dict(
            line.strip().split("=", 1)
            for line in re.findall(r"^\s+[A-Z_]+=\S+$", part.partition("Service ID")[0], re.MULTILINE)
        )
        found.append(fields)
    return found


def test_the_services_are_made_as_described(clone: Path) -> None:
    """New + > Web Service, three times; the Blueprint makes the same."""
    services = described()
    blueprint = yaml.safe_load((clone / "render.yaml").read_text(encoding="utf-8"))["services"]
    assert [service["Name"] for service in services] == [service["name"] for service in blueprint]
    for service, made in zip(services, blueprint, strict=True):
        assert (clone / service["Dockerfile Path"]).is_file()
        assert service["Dockerfile Path"] == made["dockerfilePath"]
        assert (service["Runtime"], service["Plan"]) == ("Docker", "Free")
        assert service["Region"].startswith("Frankfurt")
        given = {each["key"]: each.get("value") for each in made["envVars"]}
        for name, value in service["variables"].items():
            assert given[name] in {value, None}, "None: from another service"
    assert [service["variables"] for service in services] == [
        {"PORT": "8000"},
        {"API_URL": "https://home-credit-api.onrender.com"},
        {"PORT": "5000"},
    ]


def test_the_workflow_takes_the_secrets(clone: Path) -> None:
    table = re.findall(r"^\| `(RENDER_\w+)` \|", GUIDE, re.MULTILINE)
    assert set(table) == set(SECRETS)
    assert set(SECRETS) <= set(rollout_step(clone)["env"])


def test_every_service_has_the_port_and_the_variables_of_the_guide(clone: Path) -> None:
    for name, port in DEFAULT_PORTS.items():
        text = dockerfile(clone, name)
        assert re.search(rf"\bPORT={port}\b", text), name
        assert f"\nEXPOSE {port}\n" in text
    assert re.search(r"\bMLFLOW_TRACKING_URI=/app/mlruns\b", dockerfile(clone, "mlflow"))
    assert re.search(r"\bAPI_URL=", dockerfile(clone, "dashboard"))


def rollout_step(clone: Path) -> dict[str, Any]:
    workflow = yaml.safe_load((clone / ".github/workflows/deploy.yml").read_text(encoding="utf-8"))
    (step,) = [step for step in workflow["jobs"]["rollout"]["steps"] if step.get("id") == "rollout"]
    return dict(step)


def run_step(clone: Path, render: RenderStandIn, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the step of the rollout as GitHub's runner does: its script in bash, its expressions filled in."""
    step = rollout_step(clone)
    values = {f"secrets.{name}": value for name, value in SECRETS.items()}
    for name in FOLDERS:
        values[f"needs.build.outputs.{name}"] = f"sha256:{'0' * 64}"
    filled = {
        name: re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: values.get(found[1], ""), text)
        for name, text in step["env"].items()
    }
    commands = folder / "bin"
    commands.mkdir()
    (commands / "home-credit").write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from home_credit.cli.main import main; main()" "$@"\n'
    )
    (commands / "home-credit").chmod(0o755)
    (folder / "step.sh").write_text(step["run"])
    env = environment(
        clone,
        **filled,
        PATH=f"{commands}:{os.environ['PATH']}",
        RUNNER_TEMP=str(folder),
        GITHUB_REPOSITORY_OWNER="Owner",
        GITHUB_SHA=git("rev-parse", "HEAD", folder=clone),
        GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
        GITHUB_OUTPUT=str(folder / "output"),
        RENDER_API_URL=render.url,
        DEPLOY_POLL_SECONDS="0.01",
    )
    return subprocess.run(
        ["bash", "-e", str(folder / "step.sh")],
        cwd=clone,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@pytest.mark.slow
def test_the_workflow_deploys(clone: Path, platform: dict[Name, str], tmp_path: Path) -> None:
    urls = {stand_in.API: platform["api"], stand_in.DASHBOARD: platform["dashboard"]}
    with stand_in.running({**urls, stand_in.MLFLOW: platform["mlflow"]}) as render:
        # As the guide has them made: never deployed, and the address of the API as a guess.
        for service in render.services.values():
            service.deploys.clear()
        render.services[stand_in.DASHBOARD].environment["API_URL"] = "https://home-credit-api.onrender.com"
        ran = run_step(clone, render, tmp_path)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        commit = git("rev-parse", "HEAD", folder=clone)
        assert [service.runs for service in render.services.values()] == [commit] * 3
        assert render.services[stand_in.DASHBOARD].environment == {"API_URL": platform["api"]}
    summary = (tmp_path / "summary.md").read_text()
    assert [url for url in platform.values() if f"<{url}>" not in summary] == []


@pytest.mark.slow
def test_the_three_services_answer_as_described(platform: dict[Name, str]) -> None:
    (expected,) = re.findall(r"```json\n(\{\s+\"status\".*?)```", GUIDE, re.DOTALL)
    health = httpx.get(platform["api"] + "/health")
    assert (health.status_code, health.json()) == (200, json.loads(expected))
    for name in ("dashboard", "mlflow"):
        answer = httpx.get(platform[name])
        assert answer.status_code == 200, name
        assert "text/html" in answer.headers["content-type"]
    searched = {"experiment_ids": ["1"], "max_results": 1}
    runs = httpx.post(platform["mlflow"] + "/api/2.0/mlflow/runs/search", json=searched)
    assert runs.json()["runs"]


@pytest.mark.slow
@pytest.mark.browser
def test_the_drift_tab_shows_the_report(clone: Path, platform: dict[Name, str]) -> None:
    assert (clone / "reports/evidently_full_report.html").is_file()
    with chromium() as browser:
        page = browser.new_page(locale="fr-FR")
        page.goto(platform["dashboard"])
        page.get_by_text("📊 Data Drift").first.click(timeout=60_000)
        expect(page.locator("iframe").first).to_be_visible(timeout=60_000)


@pytest.mark.slow
def test_a_model_that_is_missing_is_committed(clone: Path, tmp_path: Path) -> None:
    """The guide's cure for `model_loaded: false`, with the commands of its block, and a push that is heard."""
    origin, work = tmp_path / "origin.git", tmp_path / "work"
    git("clone", "--quiet", "--bare", str(clone), str(origin), folder=tmp_path)
    git("clone", "--quiet", str(origin), str(work), folder=tmp_path)
    kept = tmp_path / "kept"
    shutil.copytree(work / "models", kept)
    git("rm", "--quiet", "-r", "models", folder=work)
    git("commit", "--quiet", "--message", "Forget the model", folder=work)
    with serving(work, "api") as api:
        health = httpx.get(api + "/health")
        assert (health.status_code, health.json()["model_loaded"]) == (503, False)
    shutil.copytree(kept, work / "models")
    ignored = subprocess.run(
        ["git", "check-ignore", "models/lgbm_model.joblib", "models/preprocessor.joblib"],
        cwd=work,
        capture_output=True,
        check=False,
    )
    assert (ignored.returncode, ignored.stdout) == (1, b""), "1: no path is ignored"
    (block,) = re.findall(r"```bash\n\s+(git add models.*?)```", GUIDE, re.DOTALL)
    identity = {
        f"GIT_{who}_{what}": "person@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    subprocess.run(
        ["bash", "-e", "-c", block], cwd=work, check=True, capture_output=True, env={**os.environ, **identity}
    )
    deployed = tmp_path / "deployed"
    git("clone", "--quiet", str(origin), str(deployed), folder=tmp_path)
    with serving(deployed, "api") as api:
        assert httpx.get(api + "/health").json()["model_loaded"]


@pytest.mark.slow
@pytest.mark.browser
def test_a_dashboard_with_a_wrong_address_says_so(clone: Path) -> None:
    with (
        serving(clone, "dashboard", API_URL=f"http://127.0.0.1:{free_port()}") as address,
        chromium() as browser,
    ):
        page = browser.new_page(locale="fr-FR")
        page.goto(f"{address}/?client=100001")
        expect(page.get_by_role("alert").first).to_be_visible(timeout=90_000)


@pytest.mark.slow
def test_without_runs_the_pages_open_and_are_empty(clone: Path, tmp_path: Path) -> None:
    empty = tmp_path / "mlruns"
    empty.mkdir()
    with serving(clone, "mlflow", MLFLOW_TRACKING_URI=str(empty)) as address:
        assert httpx.get(address).status_code == 200
        found = httpx.post(f"{address}/api/2.0/mlflow/runs/search", json={"experiment_ids": ["0"]})
        assert (found.status_code, found.json()) == (200, {})
