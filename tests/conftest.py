"""What several tests stand on: a small demo portfolio, a model trained on it, the real rows where there are any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from home_credit import policy
from home_credit.synthetic import write_demo
from home_credit.training.run import train
from support.training import QUICK

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo portfolio of 2,000 applicants."""
    folder = tmp_path_factory.mktemp("portfolio")
    write_demo(folder, 2_000, seed=7)
    return folder


@pytest.fixture(scope="session")
def models(portfolio: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model trained on the demo portfolio."""
    folder = tmp_path_factory.mktemp("models")
    train(portfolio, folder, tracking=None, costs=policy.Costs(), parameters=QUICK, repeats=1)
    return folder


@pytest.fixture(scope="session")
def real_tables() -> Path:
    """The folder of real tables, where there is one."""
    folder = os.environ.get("HOME_CREDIT_TABLES")
    if not folder:
        pytest.skip("HOME_CREDIT_TABLES names no folder of real tables")
    return Path(folder)
