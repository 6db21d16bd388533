"""The store of applicants in its place: filled by the command and by `make up`, read by the API without Polars."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from home_credit.applicants import ApplicantStore
from home_credit.applicants.definitions import definitions_version
from home_credit.applicants.loading import current_features, load
from home_credit.client import ApiClient
from home_credit.config import Settings
from home_credit.decisioning.grading import grading
from home_credit.errors import ApiError
from home_credit.progress import silent
from home_credit.schemas import ApplicantQuery
from home_credit.services import _prepare_applicants
from support import sites
from support.applicant_stores import write_portfolio
from support.commands import COMMAND, home_credit

COMMITTED = Path(__file__).parents[2] / "models"
SERVE = """
import json, sys
from fastapi.testclient import TestClient
from home_credit.api.app import create_app
from home_credit.config import Settings
from home_credit.examples import BUNDLE

with TestClient(create_app(Settings())) as client:
    (applicant, *_), known = client.get("/applicants", params={"id_prefix": "5"}).json().values()
    decided = client.post(f"/applicants/{applicant}/predict").json()
    statuses = [
        answer.status_code
        for answer in (
            client.get("/health"),
            client.post("/predict", json=BUNDLE),
            client.post(f"/applicants/{applicant}/predict", json={"application": {"AMT_CREDIT": 99000}}),
            client.post(f"/applicants/{applicant}/recourse"),
            client.get(f"/decisions/{decided['decision_id']}/replay"),
        )
    ]
print(json.dumps([applicant, decided["SK_ID_CURR"], statuses, [*sys.modules]]))
"""


def test_the_api_serves_without_polars(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/applicants.db"
    load(write_portfolio(tmp_path / "tables"), url, current_features())
    environment = {
        **os.environ,
        "HOME_CREDIT_MODELS": str(COMMITTED),
        "APPLICANTS_URL": url,
        "DATABASE_URL": f"sqlite:///{tmp_path}/ledger.db",
    }
    ran = subprocess.run(
        [sys.executable, "-c", SERVE], capture_output=True, text=True, check=True, env=environment
    )
    known, decided, statuses, modules = json.loads(ran.stdout)
    assert (known, decided, statuses) == (5, 5, [200] * 5)
    assert "home_credit.applicants.store" in modules
    assert not {name for name in modules if name.split(".")[0] in {"polars", "_polars_runtime_32"}}


def test_a_verb_whose_package_is_not_installed_says_so(tmp_path: Path) -> None:
    without = "import sys; sys.modules['polars'] = None; sys.argv[0] = 'home-credit'; " + COMMAND[-1]
    ran = subprocess.run(
        [sys.executable, "-c", without, "load", "--tables", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.startswith("home-credit: this verb needs the package polars")
    assert len(ran.stderr.splitlines()) == 1


def test_the_command_loads_and_names_what_is_wrong(tmp_path: Path) -> None:
    tables, url = write_portfolio(tmp_path / "tables"), f"sqlite:///{tmp_path}/applicants.db"
    ran = home_credit("load", "--tables", tables, "--to", url)
    assert (ran.returncode, ran.stdout) == (0, "6 applicants loaded\n"), ran.stderr
    (tables / "bureau.parquet").write_bytes(b"PAR1 and no more")
    ran = home_credit("load", "--tables", tables, "--to", url)
    assert ran.returncode == 2
    assert ran.stderr.startswith("home-credit: table bureau: ")
    ran = home_credit("load", "--tables", tables, "--to", "mysql://somewhere/else")
    assert ran.returncode == 2
    assert "SQLite or PostgreSQL" in ran.stderr
    with closing(ApplicantStore.open(url)) as store:
        assert store.total == 6
        assert store.content().definitions_version == definitions_version()


# What `make up` does before it starts the services.


def prepare(**settings: Any) -> list[str]:
    told: list[str] = []

    _prepare_applicants(Settings(**settings), silent, told.append)
    return told


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/applicants.db"


def total(url: str) -> int:
    with closing(ApplicantStore.open(url)) as store:
        return store.total


def test_a_portfolio_is_loaded_once_and_again_when_it_changes(tmp_path: Path, url: str) -> None:
    tables = write_portfolio(tmp_path / "tables")
    asked = {"HOME_CREDIT_PORTFOLIO": tables, "applicants_url": url}
    assert prepare(**asked) == [f"loading the applicants of {tables}"]
    assert prepare(**asked) == []
    shutil.copy(tables / "bureau.parquet", tmp_path / "copy")
    shutil.copy(tmp_path / "copy", tables / "bureau.parquet")  # another time, the same bytes
    assert prepare(**asked) == []
    (tables / "application_test.parquet").unlink()
    assert prepare(**asked) == [f"loading the applicants of {tables}"]
    assert total(url) == 3


def test_definitions_that_change_are_a_reason_to_load(tmp_path: Path, url: str) -> None:
    tables = write_portfolio(tmp_path / "tables")
    load(tables, url)  # without any features
    asked = {"HOME_CREDIT_PORTFOLIO": tables, "applicants_url": url}
    assert prepare(**asked) == [f"loading the applicants of {tables}"]
    assert prepare(**asked) == []


def test_what_was_loaded_from_elsewhere_is_kept_until_a_portfolio_is_asked_for(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME_CREDIT_PORTFOLIO", raising=False)
    elsewhere = write_portfolio(tmp_path / "elsewhere")
    load(elsewhere, url, current_features(), grading(Settings().models))
    assert prepare(applicants_url=url) == []
    (elsewhere / "application_test.parquet").unlink()
    assert prepare(applicants_url=url) == [f"loading the applicants of {elsewhere}"]
    shutil.rmtree(elsewhere)
    assert prepare(applicants_url=url) == [
        f"serving 3 applicants loaded from {elsewhere}, which is no longer there"
    ]
    monkeypatch.setenv("HOME_CREDIT_PORTFOLIO", str(write_portfolio(tmp_path / "tables")))
    assert prepare(applicants_url=url) == [f"loading the applicants of {tmp_path / 'tables'}"]
    assert total(url) == 6


def test_a_portfolio_that_is_missing_is_made(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("home_credit.services.DEMO_APPLICANTS", 20)
    tables = tmp_path / "demo"
    told = prepare(HOME_CREDIT_PORTFOLIO=tables, applicants_url=url)
    assert told == [
        f"making a demo portfolio of 20 applicants in {tables}",
        f"loading the applicants of {tables}",
    ]
    assert total(url) == 20


# Over HTTP.


def test_the_api_lists_and_finds_applicants(
    applicants_url: str, known: ApplicantStore, tmp_path: Path
) -> None:
    settings = Settings(
        HOME_CREDIT_MODELS=tmp_path, applicants_url=applicants_url, database_url=f"sqlite:///{tmp_path}/l.db"
    )
    with sites.api(settings) as url, ApiClient(url) as client:
        everybody = client.applicants(limit=7)
        assert (everybody.applicants, everybody.total) == (known.applicants(limit=7), known.total)
        found = client.applicants(
            0, 5, id_prefix="10", age_band="40-49", contract="Revolving loans", region=2
        )
        query = ApplicantQuery(
            limit=5, id_prefix="10", age_band="40-49", contract="Revolving loans", region=2
        )
        assert found == known.search(query)
        assert found.applicants
        for applicant in found.applicants:
            application = client.applicant(applicant).bundle.application
            assert application == known.bundle(applicant)["application"]
            assert str(applicant).startswith("10")
            assert (application["NAME_CONTRACT_TYPE"], application["REGION_RATING_CLIENT"]) == (
                "Revolving loans",
                2,
            )
            assert isinstance(days := application["DAYS_BIRTH"], int)
            assert 40 <= -days / 365.25 < 50
        for wrong, field in (
            ({"id_prefix": "1%"}, "id_prefix"),
            ({"limit": 5000}, "limit"),
            ({"region": 9}, "region"),
        ):
            with pytest.raises(ApiError, match=f"{field}: ") as caught:
                client._get("/applicants", type(found), params=wrong)
            assert caught.value.status == 422


def test_the_api_serves_what_is_loaded_while_it_runs(tmp_path: Path, url: str) -> None:
    settings = Settings(
        HOME_CREDIT_MODELS=tmp_path, applicants_url=url, database_url=f"sqlite:///{tmp_path}/l.db"
    )
    with sites.api(settings) as address, ApiClient(address, back_off=()) as client:
        with pytest.raises(ApiError, match="home-credit load") as caught:
            client.applicants()
        assert caught.value.status == 503
        load(write_portfolio(tmp_path / "tables"), url)
        assert client.applicants().applicants == [1, 3, 4, 5, 8, 9]
        (tmp_path / "tables" / "application_test.parquet").unlink()
        load(tmp_path / "tables", url)
        assert client.applicants().applicants == [3, 5, 9]
        with pytest.raises(ApiError) as caught:
            client.applicant(4)
        assert caught.value.status == 404
