"""The demo portfolio: concurrent processes, the packages of an image, and the figures of the original."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit.synthetic import write_demo
from support.numbers import number

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 12_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portfolio large enough to compare shares and lengths."""
    folder = tmp_path_factory.mktemp("large")
    write_demo(folder, LARGE, seed=1)
    return folder


def test_two_runs_into_one_folder_leave_one_whole_portfolio(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from home_credit.synthetic import write_demo as write; "
    code += "[write(Path(sys.argv[1]), 120, int(sys.argv[2])) for _ in range(3)]"
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "shared"), str(seed)])
        for seed in (1, 2, 3)
    ]
    assert [run.wait() for run in runs] == [0, 0, 0]
    alone = []
    for seed in (1, 2, 3):
        write_demo(tmp_path / str(seed), 120, seed)
        alone.append({path.name: path.read_bytes() for path in (tmp_path / str(seed)).iterdir()})
    assert {path.name: path.read_bytes() for path in (tmp_path / "shared").iterdir()} in alone


def test_it_needs_nothing_that_the_serving_image_lacks(tmp_path: Path) -> None:
    absent = ("pyarrow", "pandas", "sklearn", "scipy", "matplotlib", "lightgbm")
    code = (
        f"import sys; sys.modules |= dict.fromkeys({absent}); from home_credit.cli.main import main; main()"
    )
    demo = ["demo", "--out", str(tmp_path), "--applicants", "50"]
    subprocess.run([sys.executable, "-c", code, *demo], check=True, capture_output=True)
    assert len(list(tmp_path.iterdir())) == 8


def test_histories_are_as_long_as_the_original(large: Path) -> None:
    original = {
        "bureau": 1_716_428, "bureau_balance": 27_299_925, "previous_application": 1_670_214,
        "POS_CASH_balance": 10_001_358, "installments_payments": 13_605_401, "credit_card_balance": 3_840_312,
    }  # fmt: skip
    for name, rows in original.items():
        ours = pl.scan_parquet(large / f"{name}.parquet").select(pl.len()).collect().item()
        assert ours / LARGE == pytest.approx(rows / 356_255, rel=0.08), name


def test_the_split_to_be_scored_drifts(large: Path) -> None:
    train, test = (pl.read_parquet(large / f"application_{split}.parquet") for split in ("train", "test"))
    revolving = pl.col("NAME_CONTRACT_TYPE") == "Revolving loans"
    assert test.select(revolving.mean()).item() < 0.5 * train.select(revolving.mean()).item()
    assert test["EXT_SOURCE_1"].null_count() / len(test) < train["EXT_SOURCE_1"].null_count() / len(train)
    month = "AMT_REQ_CREDIT_BUREAU_MON"
    assert number(test[month].mean()) < 0.3 * number(train[month].mean())
