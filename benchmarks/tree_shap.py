"""Contributions and log-odds from tables against LightGBM's own: CPU seconds of one thread, ratios, agreement.

    taskset -c 0 python benchmarks/tree_shap.py --tables DIR [--model committed --model flat --model deep]

Trains models on the labelled applicants in DIR: by the committed parameters, by the first set of them (450
trees of 8 leaves), and 700 trees of 24 leaves and depth 6. Then explains all of application_test. The sides alternate:
by quarters of the table, and row after row. Exits with 1 where contributions differ by more than 1e-9, or log-odds or
a row alone by a bit.
"""

from __future__ import annotations

import argparse
import ctypes
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import lightgbm
import numpy as np

from home_credit.default_risk import classifier, reasons
from home_credit.default_risk.inputs import INPUTS
from home_credit.default_risk.tree_shap import TreeShap
from home_credit.features.build import feature_matrix
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables
from home_credit.training import data, learners

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    Matrix = np.ndarray
    Side = Callable[[Matrix], object]

DEEP = {"rounds": 700, "num_leaves": 24, "max_depth": 6, "min_child_samples": 100}
MODELS: Mapping[str, Callable[[], list[classifier.Parameters]]] = {
    "committed": classifier.committed_parameters,
    "flat": lambda: classifier.committed_parameters()[:1],
    "deep": lambda: [{**classifier.committed_parameters()[0], **DEEP}],
}
QUARTERS, SINGLE, EIGHTS, HUNDREDS = 4, 1_000, 100, 10


class FastRow:
    """LightGBM's prediction of single rows with all prepared (``LGBM_BoosterPredictForMatSingleRowFast`` of its C API)."""

    def __init__(self, text: str) -> None:
        (path,) = Path(lightgbm.__file__).parent.rglob("lib_lightgbm.*")
        library = ctypes.CDLL(str(path))
        booster, self._config, trees = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_int()
        assert not library.LGBM_BoosterLoadModelFromString(
            text.encode(), ctypes.byref(trees), ctypes.byref(booster)
        )
        columns = ctypes.c_int()
        assert not library.LGBM_BoosterGetNumFeature(booster, ctypes.byref(columns))
        raw_score, first_tree, all_trees, float64 = map(ctypes.c_int, (1, 0, -1, 1))
        assert not library.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster,
            raw_score,
            first_tree,
            all_trees,
            float64,
            columns,
            b"num_threads=1",
            ctypes.byref(self._config),
        )
        self._predict = library.LGBM_BoosterPredictForMatSingleRowFast
        self._predict.argtypes = [ctypes.c_void_p] * 4

    def __call__(self, matrix: Matrix) -> list[float]:
        score, length = ctypes.c_double(), ctypes.c_int64()
        scores = []
        for row in matrix:
            failed = self._predict(self._config, row.ctypes.data, ctypes.byref(length), ctypes.byref(score))
            assert not failed
            scores.append(score.value)
        return scores


def alternate(sides: Mapping[str, Side], parts: list[Matrix]) -> dict[str, float]:
    """Return the CPU seconds of each side over all parts; the first side changes from part to part."""
    spent = dict.fromkeys(sides, 0.0)
    order = list(sides)
    for part in parts:
        for name in order:
            began = time.process_time()
            sides[name](part)
            spent[name] += time.process_time() - began
        order.reverse()
    return spent


def measure(booster: classifier.Booster, matrix: Matrix) -> bool:
    """Print all figures of one model; return whether both sides agree."""
    began = time.process_time()
    text = booster.model_to_string()
    written = time.process_time()
    tree_shap = TreeShap(text)
    built = time.process_time()
    print(
        f"tables: {tree_shap.nbytes / 2**20:.1f} MiB, laid out in {built - written:.3f} s CPU "
        f"after {written - began:.3f} s for LightGBM's text"
    )
    fast = FastRow(text)
    sides: dict[str, Side] = {
        "tables: both": tree_shap.explain,
        "LightGBM: contributions": lambda rows: booster.predict(rows, pred_contrib=True, num_threads=1),
        "LightGBM: log-odds": lambda rows: booster.predict(rows, raw_score=True, num_threads=1),
        "LightGBM, C interface: log-odds": fast,
    }
    print(
        "| rows at once | " + " | ".join(f"{name}, µs a row" for name in sides) + " | contributions, ratio |"
    )
    print("|---:|" + "---:|" * (len(sides) + 1))
    for rows, calls in ((1, SINGLE), (8, EIGHTS), (200, HUNDREDS)):
        parts = [matrix[n * rows : (n + 1) * rows] for n in range(min(calls, len(matrix) // rows))]
        show(rows, alternate(sides, parts), rows * len(parts))
    spent = alternate(sides, np.array_split(matrix, QUARTERS))
    show(len(matrix), spent, len(matrix))
    print("whole table, CPU s: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items()))
    return agree(booster, tree_shap, fast, matrix)


def show(rows: int, spent: Mapping[str, float], total: int) -> None:
    each = " | ".join(f"{1e6 * seconds / total:.1f}" for seconds in spent.values())
    print(
        f"| {rows:,} | {each} | {spent['LightGBM: contributions'] / spent['tables: both']:.1f} |", flush=True
    )


def agree(booster: classifier.Booster, tree_shap: TreeShap, fast: FastRow, matrix: Matrix) -> bool:
    """Compare log-odds of all rows, and contributions and rows alone of the first two thousand."""
    few, (log_odds, contributions, base) = matrix[:2_000], tree_shap.explain(matrix)
    expected = booster.predict(few, pred_contrib=True)
    apart = float(np.abs(contributions[: len(few)] - expected[:, :-1]).max())
    scores = booster.predict(matrix, raw_score=True)
    other = int((log_odds != scores).sum()) + int((np.array(fast(few)) != scores[: len(few)]).sum())
    alone = sum(
        (tree_shap.explain(few[row : row + 1]).contributions[0] != contributions[row]).any()
        for row in range(len(few))
    )
    summed = float(np.abs(contributions.sum(axis=1) + base - log_odds).max())
    print(
        f"contributions: at most {apart:.1e} apart; they add up within {summed:.1e}; "
        f"log-odds: {other} of {len(matrix):,} differ; a row alone: {alone} of {len(few):,} differ"
    )
    return apart <= 1e-9 and summed <= 1e-9 and not other and not alone


def name_reasons(booster: classifier.Booster, features: tuple[str, ...], matrix: Matrix) -> bool:
    """Print the time to find the first reasons of a table, at once and one applicant at a time."""
    shares = TreeShap(booster.model_to_string()).explain(matrix).contributions

    def one_by_one(rows: Matrix) -> list[list[str | None]]:
        told = [
            [effect.code for effect in reasons.reportable(reasons.effects(features, row))] for row in rows
        ]
        return [[codes[n] if n < len(codes) else None for codes in told] for n in range(reasons.MAX_REASONS)]

    def at_once(rows: Matrix) -> list[list[str | None]]:
        return reasons.leading_codes(features, rows)

    spent = alternate({"at once": at_once, "one by one": one_by_one}, np.array_split(shares, QUARTERS))
    print(
        "first reasons of the table, CPU s: "
        + ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items())
    )
    return at_once(shares[:2_000]) == one_by_one(shares[:2_000])


def tested(tables: Path, applicants: data.Applicants) -> pl.DataFrame:
    """Return the feature rows of application_test."""
    with open_tables(tables, "test") as source:
        return feature_matrix(source.frames, source.applicants[ID], applicants.terms)


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--model", action="append", choices=list(MODELS))
    arguments = parser.parse_args()
    applicants = data.load(arguments.tables)
    rows = tested(arguments.tables, applicants)
    good = True
    for name in arguments.model or MODELS:
        parameters = MODELS[name]()
        preprocessor, booster = learners.fit_boosted(applicants.rows, applicants.target, INPUTS, parameters)
        matrix = preprocessor.transform(rows)
        trees = " and ".join(
            f"{each['rounds']} trees of up to {each['num_leaves']} leaves and depth {each['max_depth']}"
            for each in parameters
        )
        print(f"\n{name}: {trees}; {matrix.shape[0]:,} rows of {matrix.shape[1]} features")
        good &= measure(booster, matrix)
        good &= name_reasons(booster, preprocessor.features, matrix)
    print(
        f"\nPython {platform.python_version()}, lightgbm {version('lightgbm')}, numpy {version('numpy')}; one thread"
    )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
