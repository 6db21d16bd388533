"""What a service needs before its health check answers, and nothing else, is imported and made at its start."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from support.dashboards import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# As far as the server does before it listens; the first decision is checked in a thread a second later.
LOADED = """
import json, sys
from home_credit import serve
from home_credit.api import server
from home_credit.api.app import create_app
from home_credit.config import Settings

service = create_app(Settings(database_url=f"sqlite:///{sys.argv[1]}/ledger.db")).state.service
service.load()
print(json.dumps([service.ready, sorted({name.split(".")[0] for name in sys.modules})]))
"""
# Imported by the first decision, by recourse, and by the command line.
LATER = {"alembic", "lightgbm", "narwhals", "rich", "scipy", "typer"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_api_is_healthy_before_what_its_health_does_not_need_is_imported(tmp_path: Path) -> None:
    ran = run("-c", LOADED, str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    ready, packages = json.loads(ran.stdout.splitlines()[-1])
    assert ready
    assert {"fastapi", "numpy", "home_credit"} <= set(packages)
    assert not LATER & set(packages)


def test_the_command_of_the_images_names_what_it_is_not_given() -> None:
    for arguments in ([], ["ledger"], ["api", "mlflow"]):
        ran = run("-m", "home_credit.serve", *arguments)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr == "home-credit: name one service: api, dashboard, mlflow\n"
