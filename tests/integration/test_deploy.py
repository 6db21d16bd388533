"""`home-credit deploy` as the workflow calls it: a process, the real API, and test servers."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import tenacity
from typer.testing import CliRunner

from home_credit.cli.main import app
from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.deployment.rollout import Addresses
from home_credit.deployment.smoke import smoke
from home_credit.errors import SmokeError
from home_credit.ledger.store import Ledger
from support import fake_model, sites
from support import render as stand_in
from support.commands import COMMAND, home_credit
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.render import RenderStandIn
    from support.sites import Site

ROOT = Path(__file__).parents[2]
ROLLOUT = ("rollout", "--registry", "ghcr.io/Owner", "--commit", sites.REVISION)


@pytest.fixture(scope="module")
def settings(applicants_url: str, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    ledger = tmp_path_factory.mktemp("ledger") / "ledger.db"
    return Settings(
        HOME_CREDIT_MODELS=models,
        HOME_CREDIT_REVISION=sites.REVISION,
        applicants_url=applicants_url,
        database_url=f"sqlite:///{ledger}",
    )


@pytest.fixture(scope="module")
def api(settings: Settings) -> Iterator[str]:
    with sites.api(settings) as url:
        yield url


@pytest.fixture(scope="module")
def scorer(models: Path) -> Scorer:
    return Scorer.load(models, Settings())


@pytest.fixture
def dashboard() -> Iterator[Site]:
    with sites.site(sites.DASHBOARD) as site:
        yield site


@pytest.fixture
def mlflow() -> Iterator[Site]:
    with sites.site(sites.MLFLOW) as site:
        yield site


@pytest.fixture
def render(api: str, dashboard: Site, mlflow: Site) -> Iterator[RenderStandIn]:
    urls = {stand_in.API: api, stand_in.DASHBOARD: dashboard.url, stand_in.MLFLOW: mlflow.url}
    with stand_in.running(urls) as running:
        yield running


def check(addresses: Addresses, scorer: Scorer, **settings: Any) -> list[str]:
    told: list[str] = []
    smoke(addresses, scorer, echo=told.append, **settings)
    return told


def environment(models: Path, folder: Path, render: RenderStandIn | None, **more: str) -> dict[str, str]:
    """The workflow's environment, and a place for each file that GitHub Actions reads."""
    secrets = {
        "RENDER_API_KEY": stand_in.KEY,
        "RENDER_SERVICE_API": stand_in.API,
        "RENDER_SERVICE_DASHBOARD": stand_in.DASHBOARD,
        "RENDER_MLFLOW_SERVICE_ID": stand_in.MLFLOW,
    }
    given = {
        **secrets,
        "HOME_CREDIT_MODELS": str(models),
        "RENDER_API_URL": render.url if render else "",
        "DEPLOY_POLL_SECONDS": "0.01",
        "DEPLOY_BACK_OFF_SECONDS": "0.01",
        "DEPLOY_LISTED_SECONDS": "0.1",
        "SMOKE_WAKE_SECONDS": "20",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
    }
    return {**os.environ, **given, **more}


def deploy(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    ran = home_credit("deploy", *arguments, environment=env)
    files = [Path(env["GITHUB_STEP_SUMMARY"]), Path(env["GITHUB_OUTPUT"])]
    written = [file.read_text() for file in files if file.exists()]
    assert stand_in.KEY not in "".join([ran.stdout, ran.stderr, *written])
    return ran


def test_a_rollout_from_a_clean_state(
    render: RenderStandIn, api: str, dashboard: Site, mlflow: Site, models: Path, tmp_path: Path
) -> None:
    for service in render.services.values():
        service.deploys.clear()
        service.environment.clear()
        service.auto_deploy = "yes"
    dashboard.asleep = mlflow.asleep = 2
    ran = deploy(*ROLLOUT, env=environment(models, tmp_path, render))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [service.runs for service in render.services.values()] == [sites.REVISION] * 3
    assert render.services[stand_in.DASHBOARD].environment == {"API_URL": api}
    assert ran.stdout.count("\nok ") == 10
    summary = (tmp_path / "summary.md").read_text()
    assert f"| API | <{api}> |\n| Dashboard | <{dashboard.url}> |\n| MLflow | <{mlflow.url}> |" in summary
    outputs = (tmp_path / "output").read_text()
    assert outputs == f"api_url={api}\ndashboard_url={dashboard.url}\nmlflow_url={mlflow.url}\n"


def test_a_dead_smoke_test_takes_everything_back(
    render: RenderStandIn, mlflow: Site, models: Path, tmp_path: Path
) -> None:
    del mlflow.pages["/health"]
    ran = deploy(*ROLLOUT, env=environment(models, tmp_path, render))
    assert ran.returncode == 1
    assert (
        ran.stderr
        == f"home-credit: smoke test failed: MLflow health: GET {mlflow.url}/health: 404 Not Found\n"
    )
    assert [service.runs for service in render.services.values()] == ["old"] * 3
    summary = (tmp_path / "summary.md").read_text()
    assert "## Not deployed" in summary
    assert "home-credit-api: rolled back" in summary
    assert not (tmp_path / "output").exists()


def _deploying(
    command: list[str], render: RenderStandIn, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start a rollout and return it once the last service has a deploy in progress."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    while len(render.services[stand_in.MLFLOW].deploys) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    return process


def test_a_cancelled_workflow_takes_everything_back(
    render: RenderStandIn, models: Path, tmp_path: Path
) -> None:
    render.services[stand_in.MLFLOW].steps = ("build_in_progress",)
    process = _deploying([*COMMAND, "deploy", *ROLLOUT], render, environment(models, tmp_path, render))
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "failed: interrupted" in said
    assert [service.runs for service in render.services.values()] == ["old"] * 3
    assert render.services[stand_in.MLFLOW].deploys[-1].status == "canceled"


def test_a_workflow_that_is_cancelled_as_the_runner_does_it_takes_everything_back(
    render: RenderStandIn, models: Path, tmp_path: Path
) -> None:
    """The runner signals the shell of the step twice; a rate limit holds while undoing."""
    render.services[stand_in.MLFLOW].steps = ("build_in_progress",)
    render.fails("POST .*/cancel", 429, times=1, Retry_After="0.5")
    words = [shlex.quote(word) for word in [*COMMAND, "deploy", *ROLLOUT]]
    script = tmp_path / "step.sh"
    script.write_text(f"exec {' '.join(words)}\n")
    process = _deploying(["bash", "-e", str(script)], render, environment(models, tmp_path, render))
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode not in {0, -signal.SIGTERM}
    assert "again in 0.5 s" in said
    assert said.count("rolled back") == 2
    assert [service.runs for service in render.services.values()] == ["old"] * 3


def test_without_any_secret_there_is_no_rollout_and_the_summary_says_so(models: Path, tmp_path: Path) -> None:
    none = dict.fromkeys(
        ("RENDER_API_KEY", "RENDER_SERVICE_API", "RENDER_SERVICE_DASHBOARD", "RENDER_MLFLOW_SERVICE_ID"), ""
    )
    ran = deploy(*ROLLOUT, "--skip-without-secrets", env=environment(models, tmp_path, None, **none))
    assert ran.returncode == 0
    assert "No secret of Render is set" in (tmp_path / "summary.md").read_text()


def test_secrets_that_are_not_set_are_named(models: Path, tmp_path: Path) -> None:
    env = environment(models, tmp_path, None, RENDER_API_KEY="", RENDER_MLFLOW_SERVICE_ID=" ")
    ran = deploy(*ROLLOUT, env=env)
    assert ran.returncode == 2
    assert ran.stderr.startswith("home-credit: not set: RENDER_API_KEY, RENDER_MLFLOW_SERVICE_ID ")
    assert ran.stderr.count("\n") == 1


def test_a_wrong_key_is_one_line(render: RenderStandIn, models: Path, tmp_path: Path) -> None:
    ran = deploy(*ROLLOUT, env=environment(models, tmp_path, render, RENDER_API_KEY="rnd_wrong"))
    assert ran.returncode == 2
    assert "RENDER_API_KEY" in ran.stderr
    assert "rnd_wrong" not in ran.stdout + ran.stderr
    assert ran.stderr.count("\n") == 1


def test_no_model_to_compare_with_changes_nothing(render: RenderStandIn, tmp_path: Path) -> None:
    ran = deploy(*ROLLOUT, env=environment(tmp_path / "nothing", tmp_path, render))
    assert ran.returncode == 1
    assert not render.requests


def test_the_smoke_decision_is_a_simulation_in_the_ledger(
    api: str, dashboard: Site, mlflow: Site, scorer: Scorer, settings: Settings
) -> None:
    told = check(Addresses(api, dashboard.url, mlflow.url), scorer)
    assert [line[:27].split(maxsplit=1)[0] for line in told] == ["ok"] * 7
    assert scorer.version in told[1]
    ledger = Ledger.open(settings.database_url)
    exported: list[Any] = list(ledger.export())
    records = [line["record"] for line in exported if line["chain"] == "decisions"]
    ledger.close()
    assert records
    assert all(record["simulation"] for record in records)


def test_every_failed_check_is_named(scorer: Scorer, mlflow: Site, dashboard: Site, tmp_path: Path) -> None:
    mlflow.pages[f"{sites.MLFLOW_API}/runs/search"] = ("application/json", "{}")
    mlflow.pages[f"{sites.MLFLOW_API}/registered-models/alias"] = ("text/html", "<html>")
    del dashboard.pages["/static/js/a.js"]
    with fake_model.running(tmp_path) as other, pytest.raises(SmokeError) as failed:
        check(Addresses(other.url, dashboard.url, mlflow.url), scorer)
    said = str(failed.value)
    assert f"API decision: model {fake_model.VERSION} decided, not {scorer.version}" in said
    assert f"Dashboard first page: GET {dashboard.url}/static/js/a.js: a page, not the file" in said
    assert f"MLflow runs: {mlflow.url} lists no run" in said
    assert "MLflow champion: GET " in said
    assert "not the answer of an MLflow server" in said


def test_another_model_is_not_the_one_that_should_be_there(
    api: str, dashboard: Site, mlflow: Site, portfolio: Path
) -> None:
    committed = Scorer.load(Settings().models, Settings())
    with pytest.raises(SmokeError, match=f"API decision: model .* decided, not {committed.version}"):
        check(Addresses(api, dashboard.url, mlflow.url), committed)


def test_services_that_run_another_commit_are_named(
    api: str, scorer: Scorer, dashboard: Site, mlflow: Site
) -> None:
    dashboard.pages["/app/static/revision.txt"] = ("text/html", "<html>")
    with pytest.raises(SmokeError) as failed:
        check(Addresses(api, dashboard.url, mlflow.url), scorer, revision="f" * 40)
    said = str(failed.value)
    assert f"API revision: runs {sites.REVISION}, not {'f' * 40}" in said
    assert "Dashboard revision: runs " in said
    assert f"MLflow revision: runs {sites.REVISION}, not {'f' * 40}" in said


def test_an_api_without_its_model_is_not_waited_for(
    scorer: Scorer, dashboard: Site, mlflow: Site, settings: Settings, tmp_path: Path
) -> None:
    empty = settings.model_copy(update={"models": tmp_path / "nothing"})
    began = time.monotonic()
    with sites.api(empty) as url, pytest.raises(SmokeError) as failed:
        check(Addresses(url, dashboard.url, mlflow.url), scorer, wake_seconds=60)
    assert '"model_loaded":false' in str(failed.value)
    assert time.monotonic() - began < 30


def test_a_service_that_does_not_wake_in_time_fails(
    api: str, scorer: Scorer, dashboard: Site, mlflow: Site
) -> None:
    dashboard.asleep = 99
    with pytest.raises(SmokeError, match="Dashboard health: GET .*: 503 Service Unavailable"):
        check(Addresses(api, dashboard.url, mlflow.url), scorer, wake_seconds=0.5)


def test_a_key_is_sent_where_the_api_wants_one(
    settings: Settings, scorer: Scorer, dashboard: Site, mlflow: Site
) -> None:
    guarded = settings.model_copy(update={"api_key": "sesame"})
    with sites.api(guarded) as url:
        addresses = Addresses(url, dashboard.url, mlflow.url)
        assert httpx.get(f"{url}/applicants").status_code == 401
        check(addresses, scorer, api_key="sesame")
        with pytest.raises(SmokeError, match="401"):
            check(addresses, scorer)


def test_an_address_without_a_scheme_is_bad_usage(models: Path, tmp_path: Path) -> None:
    ran = deploy(
        "smoke", "--api", "x.example", "--dashboard", "https://y", "--mlflow", "https://z",
        env=environment(models, tmp_path, None),
    )  # fmt: skip
    assert ran.returncode == 2
    assert "'x.example'" in ran.stderr


@pytest.mark.slow
def test_the_real_dashboard_says_which_commit_it_runs(tmp_path: Path) -> None:
    for name in ("streamlit_app", ".streamlit"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("static"))
    (tmp_path / "public").mkdir()
    # As in the image, where the folder of the application cannot be written to.
    (tmp_path / "streamlit_app/static").symlink_to(tmp_path / "public")
    port = free_port()
    environment = {"HOST": "127.0.0.1", "PORT": str(port), "HOME_CREDIT_REVISION": sites.REVISION}
    process = subprocess.Popen(
        [*COMMAND, "serve", "dashboard"], cwd=tmp_path, env={**os.environ, **environment}
    )
    try:
        url = f"http://127.0.0.1:{port}/app/static/revision.txt"
        for attempt in tenacity.Retrying(
            stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(0.2), reraise=True
        ):
            with attempt:
                assert process.poll() is None
                answer = httpx.get(url)
        assert (answer.status_code, answer.text) == (200, sites.REVISION)
    finally:
        process.terminate()
        process.wait(30)


def test_a_migration_makes_the_tables_of_the_ledger(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    for _ in range(2):
        ran = CliRunner().invoke(app, ["ledger", "migrate"], env={"DATABASE_URL": url})
        assert ran.exit_code == 0, ran.output
    assert "chain intact" in CliRunner().invoke(app, ["ledger", "verify"], env={"DATABASE_URL": url}).output
