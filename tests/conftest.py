"""Shared fixtures: a small demo portfolio, a model trained on it, the real rows where available."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from home_credit import policy
from home_credit.applicants import ApplicantStore
from home_credit.synthetic import write_demo
from support import main
from support.shared import made_once
from support.training import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator

# A worker of pytest-xdist has no main file. PySpark, which MLflow imports where it is installed, treats that as a run
# of its doctests and ends the process. Processes that a test starts by multiprocessing import the main file.
sys.modules["__main__"].__dict__.setdefault("__file__", main.__file__)

COMMITTED = Path(__file__).parents[1] / "models"

# Deadlines would fail on a loaded machine.
settings.register_profile("home-credit", deadline=None)
settings.load_profile("home-credit")


@pytest.fixture(scope="session")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo portfolio of 2,000 applicants; not to be written to."""
    return made_once(tmp_path_factory, "portfolio", lambda folder: write_demo(folder, 2_000, seed=7))


@pytest.fixture(scope="session")
def applicants_url(portfolio: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a store of the demo portfolio's applicants; not to be written to."""

    def fill(folder: Path) -> None:
        from home_credit.applicants.loading import load  # noqa: PLC0415  # for those who ask for it

        load(portfolio, f"sqlite:///{folder}/applicants.db")

    return f"sqlite:///{made_once(tmp_path_factory, 'applicants', fill)}/applicants.db"


@pytest.fixture(scope="session")
def graded_url(portfolio: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a store with histories' features and the committed model's grades, loaded in several batches.

    It is not to be written to.
    """

    def fill(folder: Path) -> None:
        from home_credit.applicants.loading import current_features, load  # noqa: PLC0415  # as above
        from home_credit.decisioning.grading import grading  # noqa: PLC0415

        url = f"sqlite:///{folder}/applicants.db"
        load(portfolio, url, current_features(), grading(COMMITTED), batch=700)

    return f"sqlite:///{made_once(tmp_path_factory, 'graded', fill)}/applicants.db"


@pytest.fixture(scope="session")
def known(applicants_url: str) -> Iterator[ApplicantStore]:
    """The applicants of the demo portfolio as the API knows them."""
    store = ApplicantStore.open(applicants_url)
    yield store
    store.close()


@pytest.fixture(scope="session")
def models(portfolio: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model trained on the demo portfolio; not to be written to."""
    from home_credit.training.run import train  # noqa: PLC0415  # seconds of imports that unit tests do without

    return made_once(
        tmp_path_factory,
        "models",
        lambda folder: train(
            portfolio, folder, tracking=None, costs=policy.Costs(), parameters=QUICK, repeats=1
        ),
    )


@pytest.fixture(scope="session")
def real_tables() -> Path:
    """The folder of real tables; the test is skipped where there is none."""
    folder = os.environ.get("HOME_CREDIT_TABLES")
    if not folder:
        pytest.skip("HOME_CREDIT_TABLES names no folder of real tables")
    return Path(folder)
