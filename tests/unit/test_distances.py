"""Distances between columns, and the options of the report that holds them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr
from typer.testing import CliRunner

from home_credit.cli.main import app
from home_credit.synthetic.fidelity.distances import column_distances, rank_correlations


def test_distances_are_what_their_names_say() -> None:
    real = pl.DataFrame({"n": [1.0, 2.0, 3.0, None], "t": ["a", "a", "b", None]})
    synthetic = pl.DataFrame({"n": [3.0, 4.0, 5.0, 6.0], "t": ["a", "c", None, None]})
    rows = {row["column"]: row for row in column_distances(real, synthetic).iter_rows(named=True)}
    assert rows["n"]["distance"] == pytest.approx(0.75) and rows["n"]["statistic"] == "KS"
    assert rows["t"]["distance"] == pytest.approx(0.5) and rows["t"]["statistic"] == "TV"
    assert rows["t"]["missing_synthetic"] == 0.5
    assert (
        column_distances(real.with_columns(n=pl.lit(None, pl.Float64)), synthetic)["distance"].null_count()
        == 1
    )


def test_correlations_are_spearmans() -> None:
    random = np.random.default_rng(1)
    first = random.normal(size=300)
    frame = pl.DataFrame(
        {"a": first, "b": np.exp(first) + random.normal(size=300), "c": random.normal(size=300)}
    )
    found = rank_correlations(frame, ["a", "b", "c"])
    assert np.allclose(found, spearmanr(frame.to_numpy()).statistic)
    assert np.isnan(rank_correlations(frame.with_columns(c=pl.lit(1.0)), ["a", "c"])[0, 1])


@pytest.mark.parametrize("wrong", [[], ["--report", "r"], ["--against", "t", "--out", "o"]])
def test_options_that_do_not_fit_are_refused(wrong: list[str]) -> None:
    result = CliRunner().invoke(app, ["demo", *wrong])
    assert result.exit_code != 0 and "--report" in str(result.exception)
