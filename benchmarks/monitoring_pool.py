"""The applicants of benchmarks/monitoring.py, and each scenario applied to all of them once.

Windows are drawn from cells and probabilities that were computed once for each scenario: a repetition only counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.default_risk import artifacts
from home_credit.features.build import feature_batches, feature_matrix
from home_credit.features.lineage import moved
from home_credit.monitoring.applications import COLUMNS, monitored
from home_credit.monitoring.reference import Reference
from home_credit.tables.schema import APPLICATION, ID, TARGET
from home_credit.tables.source import open_tables

if TYPE_CHECKING:
    from pathlib import Path

    from monitoring_scenarios import Scenario
    from numpy.typing import NDArray

    from home_credit.default_risk.artifacts import Artifacts

    Numbers = NDArray[np.float64]


SEED = 2027


@dataclass(frozen=True)
class Applied:
    """A scenario applied to every applicant: what is monitored, its cells, digests and probabilities."""

    rows: pl.DataFrame
    codes: NDArray[np.int16]
    probability: Numbers
    target: NDArray[np.int64]


class Pool:
    """Labelled applicants that the model was not trained on, with their features.

    They are the first ``size`` in an order by chance that follow the first ``after``.
    """

    def __init__(self, tables: Path, models: Path, size: int, after: int = 0) -> None:
        self.model: Artifacts = artifacts.load(models)
        self.stored = Reference.of_model(models)
        trained = self.model.manifest.training_data.applicants
        with open_tables(tables, "train") as source:
            # The first applicants are those of the smaller portfolio that the committed model was trained on.
            ids = source.applicants[ID].sort().slice(trained)
            ids = ids.sample(fraction=1.0, shuffle=True, seed=SEED).slice(after, size).sort()
            mine = pl.LazyFrame({ID: ids})
            self.frames = {
                name: frame.join(mine, on=ID, how="semi").collect()
                for name, frame in source.frames.items()
                if name != "bureau_balance"
            }
            loans = self.frames["bureau"].lazy().select("SK_ID_BUREAU")
            self.frames["bureau_balance"] = (
                source.frames["bureau_balance"].join(loans, on="SK_ID_BUREAU", how="semi").collect()
            )
            self.written = monitored(source.written, ids).sort(ID)
            target = self.written.select(ID).join(source.target, on=ID, how="left", maintain_order="left")
        self.target = target[TARGET].to_numpy().astype(np.int64)
        chance = np.random.default_rng(1)
        self.application = (
            self.frames[APPLICATION]
            .sort(ID)
            .with_columns(
                pl.Series("draw", chance.random(len(ids))),
                pl.Series("pick", chance.random(len(ids))),
                pl.Series(TARGET, self.target),
            )
        )
        self.features = self._features(self.frames)
        self._applied_scenarios: dict[str, Applied] = {}
        self.base = self._applied(self.written, self.features, self.target)

    def apply(self, scenario: Scenario) -> Applied:
        """Return the scenario applied to every applicant; it is computed once."""
        if scenario.name not in self._applied_scenarios:
            self._applied_scenarios[scenario.name] = self._apply(scenario)
        return self._applied_scenarios[scenario.name]

    def _apply(self, scenario: Scenario) -> Applied:
        if scenario.odds is not None:
            return self._with_odds(scenario.odds)
        if scenario.gone:
            return self._without(scenario.gone)
        if not scenario.columns:
            return self.base
        names = [change.meta.output_name() for change in scenario.columns]
        changed = self.application.with_columns(
            pl.when(pl.col("pick") < scenario.of).then(change).otherwise(pl.col(name)).alias(name)
            for name, change in zip(names, scenario.columns, strict=True)
        )
        monitored_rows = self.written.with_columns(changed[name] for name in names)
        known = changed.select(self.frames[APPLICATION].columns).with_columns(
            pl.when(~pl.col(name).str.ends_with(" (new)")).then(name)
            for name in names
            if changed[name].dtype == pl.String
        )
        return self._applied(monitored_rows, self._moved(known, names), self.target)

    def _moved(self, application: pl.DataFrame, names: list[str]) -> pl.DataFrame:
        """Return the features after columns of the application changed; only those that depend on them are computed."""
        depend = [name for name in moved(names) if name in self.features.columns]
        whole = {**self.frames, APPLICATION: application}
        new = self._features(whole, depend)
        return self.features.with_columns(new[name] for name in depend)

    def _without(self, history: str) -> Applied:
        gone = [history, "bureau_balance"] if history == "bureau" else [history]
        frames = {name: frame.clear() if name in gone else frame for name, frame in self.frames.items()}
        rows = self.written.with_columns(pl.lit(0, pl.Int64).alias(name) for name in gone if name in COLUMNS)
        return self._applied(rows, self._features(frames), self.target)

    def _with_odds(self, odds: pl.Expr) -> Applied:
        """Return more defaults among the same applicants: a good one becomes one with the probability that is missing."""
        times = self.application.select(odds.alias("odds"))["odds"].to_numpy()
        p = self.base.probability
        wanted = times * p / (1 + (times - 1) * p)
        chance = np.random.default_rng(2).random(len(p))
        target = np.where((self.target == 0) & (chance < (wanted - p) / (1 - p)), 1, self.target)
        return Applied(self.base.rows, self.base.codes, p, target)

    def _features(self, frames: dict[str, pl.DataFrame], names: list[str] | None = None) -> pl.DataFrame:
        ids = self.written[ID]
        lazy = {name: frame.lazy() for name, frame in frames.items()}
        if names is None:
            return feature_matrix(lazy, ids, self.model.terms).select(ID, *self.model.preprocessor.features)
        return pl.concat(feature_batches(lazy, ids, self.model.terms, names=names))

    def _applied(self, rows: pl.DataFrame, features: pl.DataFrame, target: NDArray[np.int64]) -> Applied:
        codes = self.stored.layout.codes(rows).astype(np.int16)
        parts = [self.model.probability(part) for part in features.iter_slices(20_000)]
        return Applied(rows, codes, np.concatenate(parts), target)
