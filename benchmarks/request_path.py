"""CPU time from a raw bundle to an assessment, without HTTP and ledger, and with a Polars plan.

    python benchmarks/request_path.py --models models --tables DIR [--applicants 200]

Both sides take the same JSON text of the same applicants, one after the other in turn, and end in an assessment. The
other side is the earlier implementation: frames of a few rows, a Polars plan that is built once, and the model's
vector by Polars. Prints CPU milliseconds by step and the ratios, and exits with 1 where a feature or an assessment
differs in any bit.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pydantic_core import from_json

from home_credit.config import Settings
from home_credit.decisioning.assessment import assemble
from home_credit.decisioning.model import Scores
from home_credit.decisioning.scoring import Scorer
from home_credit.features.build import KeptPlan
from home_credit.features.catalogue import CATEGORIES
from home_credit.features.request import NAMES
from home_credit.features.rows import FeatureRows
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, ID, TABLES, table
from home_credit.tables.source import open_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.schemas import Assessment
    from home_credit.tables.bundle import ParsedBundle

STEPS = ("JSON", "checks", "features", "vector", "probability and contributions", "decision and reasons")


class Clock:
    """Keeps CPU milliseconds by step."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = defaultdict(list)
        self._last = 0.0

    def start(self) -> None:
        self._last = time.process_time()

    def step(self, name: str) -> None:
        now = time.process_time()
        self.steps[name].append(1e3 * (now - self._last))
        self._last = time.process_time()

    @property
    def total(self) -> list[float]:
        """Milliseconds of all steps, one number per applicant."""
        return [sum(each) for each in zip(*self.steps.values(), strict=True)]


class ByRequest:
    """Features and vector as in the service."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def rows(
        self, _raw: dict[str, Any], bundle: ParsedBundle, clock: Clock
    ) -> tuple[FeatureRows, np.ndarray]:
        clock.step("checks")
        rows = self._scorer.computer.compute([bundle])
        clock.step("features")
        matrix = self._scorer.model.preprocessor.encode(rows)
        clock.step("vector")
        return rows, matrix


class ByPolars:
    """Features and vector by frames and a reused plan."""

    def __init__(self, scorer: Scorer) -> None:
        self._preprocessor = scorer.model.preprocessor
        self._plan = KeptPlan(scorer.terms, "in-memory")

    def rows(self, raw: dict[str, Any], bundle: ParsedBundle, clock: Clock) -> tuple[FeatureRows, np.ndarray]:
        given = {**raw, APPLICATION: [bundle.application]}
        frames = {
            name: pl.from_dicts(given[name], schema=polars_schema(table(name)))
            if given.get(name)
            else pl.DataFrame(schema=polars_schema(table(name)))
            for name in TABLES
        }
        clock.step("checks")
        found = self._plan.compute(frames)
        clock.step("features")
        matrix = self._preprocessor.transform(found)
        clock.step("vector")
        values = found.row(0, named=True)
        return FeatureRows([[_value(name, values[name]) for name in NAMES]]), matrix


def _value(name: str, value: float | str | None) -> float | str | None:
    return math.nan if value is None and name not in CATEGORIES else value


def assess(
    scorer: Scorer, side: ByRequest | ByPolars, text: bytes, clock: Clock
) -> tuple[Sequence[Any], Assessment]:
    """Return features and assessment of one applicant, by the features and vector of one side."""
    clock.start()
    raw = from_json(text)
    clock.step("JSON")
    bundle = parse_bundle(raw)
    rows, matrix = side.rows(raw, bundle, clock)
    clock.start()
    probability, contributions = scorer.model.explain_matrix(matrix)
    clock.step("probability and contributions")
    (assessment,) = assemble(
        [bundle],
        rows,
        Scores(probability, contributions, scorer.model.preprocessor.unseen(rows)),
        features=scorer.features,
        medians=scorer.model.preprocessor.medians,
        model_version=scorer.version,
        by=scorer.policy,
    )
    clock.step("decision and reasons")
    return rows.rows[0], assessment


def bundles(tables: Path, applicants: int) -> list[bytes]:
    """Return the raw rows of some applicants as JSON, half of them with the most rows of history."""
    with open_tables(tables, "all") as source:
        frames = {name: frame.collect() for name, frame in source.frames.items()}
    rows = pl.concat([frame.select(ID) for frame in frames.values() if ID in frame.columns])
    # Every applicant has a row in the application, so one more than in the histories.
    counted = rows.group_by(ID).len().sort("len", ID, descending=[True, False])
    most = counted[ID].head(5 * applicants).gather_every(10).head(applicants // 2)
    others = counted[ID].gather_every(max(1, len(counted) // applicants)).head(applicants - len(most))
    chosen = pl.concat([most, others]).unique().sort().to_list()
    return [json.dumps(bundle(frames, applicant)).encode() for applicant in chosen]


def bundle(frames: dict[str, pl.DataFrame], applicant: int) -> dict[str, Any]:
    """Return the raw rows of one applicant."""
    own = {
        name: frame.filter(pl.col(ID) == applicant) for name, frame in frames.items() if ID in frame.columns
    }
    held = own["bureau"]["SK_ID_BUREAU"].implode()
    own["bureau_balance"] = frames["bureau_balance"].filter(pl.col("SK_ID_BUREAU").is_in(held))
    rows = {name: frame.to_dicts() for name, frame in own.items()}
    return {**rows, APPLICATION: rows[APPLICATION][0]}


def bits(values: Sequence[Any]) -> list[Any]:
    """Return values that are equal where no bit differs."""
    return [value.hex() if isinstance(value, float) else value for value in values]


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--applicants", type=int, default=200)
    arguments = parser.parse_args()
    scorer = Scorer.load(arguments.models, Settings())
    texts = bundles(arguments.tables, arguments.applicants)
    request, polars = ByRequest(scorer), ByPolars(scorer)
    for side in (request, polars):
        assess(scorer, side, texts[0], Clock())
    ours, theirs = Clock(), Clock()
    differing = assessments = 0
    for text in texts:
        values, assessment = assess(scorer, request, text, ours)
        other_values, other = assess(scorer, polars, text, theirs)
        differing += sum(one != two for one, two in zip(bits(values), bits(other_values), strict=True))
        assessments += assessment != other
    size = np.median([len(text) for text in texts]) / 1000
    print(f"{len(texts)} applicants, {size:.0f} kB of JSON at the median, CPU milliseconds (median, 95 %)\n")
    print("| step | request path | | Polars plan | | ratio of medians |\n" + "|---" * 6 + "|")
    for name in STEPS:
        print(line(name, ours.steps[name], theirs.steps[name]))
    print(line("raw bundle to assessment", ours.total, theirs.total))
    print(
        f"\n{differing} of {len(texts) * len(NAMES):,} features differ, {assessments} of {len(texts)} assessments"
    )
    sys.exit(1 if differing or assessments else 0)


def line(name: str, ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return one line of the table."""
    figures = [float(np.quantile(times, share)) for times in (ours, theirs) for share in (0.5, 0.95)]
    return f"| {name} | {' | '.join(f'{each:.2f}' for each in figures)} | {figures[2] / figures[0]:.1f} |"


if __name__ == "__main__":
    main()
