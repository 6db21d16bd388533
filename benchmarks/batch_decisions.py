"""Decisions with reasons on full-size tables, beside bare prediction, LightGBM's contributions and features in pandas.

    home-credit demo --out DIR --applicants 356255 --seed 2018
    python benchmarks/batch_decisions.py --tables DIR [--at-most 1.3]

One run: the features of a batch of applicants are computed once, then each slice of it is decided by every side in
turn. "decisions" are probability, score, grade, decision and reason codes, from the feature matrix; "bare predict" is the
same matrix through ``Booster.predict`` alone; "pred_contrib" is LightGBM's own attribution, on every 20th slice, since it
takes an hour otherwise. At the end the same subset of the features (``pandas_features.SAMPLE``) is computed by the package
and by pandas, each in a process of its own. Exits with 1 where decisions and features together take more CPU than
``--at-most`` times bare prediction and features, or where a probability differs.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from features_full_size import ID, SIDES, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

EVERY = 20


class Spent:
    """CPU and wall seconds by side, and the rows that each saw."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self.rows: dict[str, int] = {}

    def call(self, side: str, rows: int, work: Callable[[], Any]) -> Any:
        """Return what ``work`` returns and add what it took."""
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        self.cpu[side] = self.cpu.get(side, 0.0) + time.process_time() - cpu
        self.wall[side] = self.wall.get(side, 0.0) + time.perf_counter() - wall
        self.rows[side] = self.rows.get(side, 0) + rows
        return result

    def whole(self, side: str, total: int) -> tuple[float, float]:
        """Return CPU and wall seconds of ``total`` rows; a side that saw a sample is scaled up."""
        share = total / self.rows[side]
        return self.cpu[side] * share, self.wall[side] * share


def decide(tables: Path, models: Path) -> tuple[Spent, int, int]:
    """Run all sides over the tables; return what they took, the applicants, and how many probabilities differ."""
    # Not before the processes of the subset have run: their peak memory includes the parent's.
    from home_credit.config import Settings  # noqa: PLC0415
    from home_credit.decisioning.scoring import Scorer  # noqa: PLC0415
    from home_credit.decisioning.tables import SLICE, score_matrix  # noqa: PLC0415
    from home_credit.default_risk import artifacts  # noqa: PLC0415
    from home_credit.features.build import feature_batches  # noqa: PLC0415
    from home_credit.tables.source import open_tables  # noqa: PLC0415

    scorer, saved = Scorer.load(models, Settings()), artifacts.load(models)
    encode, booster, calibration = saved.preprocessor.transform, saved.booster, saved.calibration
    spent, differ, number = Spent(), 0, 0

    def decisions(rows: pl.DataFrame) -> Any:
        return score_matrix(scorer, rows)["probability_of_default"].to_numpy()

    def predict(rows: pl.DataFrame) -> Any:
        return booster.predict(encode(rows), raw_score=True)

    def contributions(rows: pl.DataFrame) -> Any:
        return booster.predict(encode(rows), pred_contrib=True)

    with open_tables(tables, "all") as source:
        total = len(source.applicants)
        batches = feature_batches(source.frames, source.applicants[ID], scorer.terms)
        for batch in timed(batches, spent):
            for rows in batch.iter_slices(SLICE):
                sides = {"decisions": decisions, "bare predict": predict}
                if number % EVERY == 0:
                    sides["pred_contrib"] = contributions
                order = list(sides) if number % 2 else list(reversed(sides))
                found = {side: spent.call(side, len(rows), partial(sides[side], rows)) for side in order}
                expected = calibration.probability(np.asarray(found["bare predict"]))
                differ += int((found["decisions"] != expected).sum())
                number += 1
            print(f"{spent.rows['decisions']:,} of {total:,} applicants", file=sys.stderr)
    return spent, total, differ


def timed(batches: Iterator[pl.DataFrame], spent: Spent) -> Iterator[pl.DataFrame]:
    """Yield the batches; computing them is the side "features"."""
    while (batch := spent.call("features", 0, partial(next, batches, None))) is not None:
        spent.rows["features"] += len(batch)
        yield batch


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path(__file__).parents[1] / "models")
    parser.add_argument("--at-most", type=float, default=1.3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subset = {
            side: run(SIDES[side], arguments.tables, Path(folder) / f"{number}.parquet")
            for number, side in enumerate(("sample, ours", "sample, pandas"))
        }
    spent, total, differ = decide(arguments.tables, arguments.models)
    cost = {side: spent.whole(side, total) for side in spent.rows}
    print("\n| | CPU s | wall s | applicants a second of CPU |\n|---|---:|---:|---:|")
    for side, (cpu, wall) in cost.items():
        print(f"| {side} | {cpu:.1f} | {wall:.1f} | {total / cpu:,.0f} |")
    for side, of_side in subset.items():
        print(
            f"| features, {side} | {of_side.cpu_s:.1f} | {of_side.wall_s:.1f} | {total / of_side.cpu_s:,.0f} |"
        )
    features, decided, bare, shap = (
        cost[side][0] for side in ("features", "decisions", "bare predict", "pred_contrib")
    )
    ratio = (features + decided) / (features + bare)
    print(
        f"\n{total:,} applicants, {len(os.sched_getaffinity(0))} cores; pred_contrib on"
        f" {spent.rows['pred_contrib']:,} of them. Features and decisions take {ratio:.2f} times features and bare"
        f" predict; decisions {decided / bare:.2f} times bare predict, pred_contrib {shap / decided:.1f} times decisions."
    )
    ours, pandas = subset.values()
    print(
        f"The subset of the features in pandas takes {pandas.cpu_s / ours.cpu_s:.1f} times the CPU,"
        f" {pandas.wall_s / ours.wall_s:.1f} times the time and {pandas.peak_gib / ours.peak_gib:.1f} times the memory."
    )
    print(f"{differ} of {total:,} probabilities differ from the calibrated ones of bare predict.")
    libraries = ", ".join(f"{name} {version(name)}" for name in ("lightgbm", "polars", "pandas", "numpy"))
    print(f"Python {platform.python_version()}, {libraries}.")
    sys.exit(1 if differ or ratio > arguments.at_most else 0)


if __name__ == "__main__":
    main()
