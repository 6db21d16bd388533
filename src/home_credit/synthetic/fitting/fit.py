"""Fit all statistics of the real tables."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic import application, bureau, clients, previous, risk
from home_credit.synthetic.applicants import Generator
from home_credit.synthetic.chain import Levels, QuantileFunction
from home_credit.synthetic.fitting.balances import balances_of
from home_credit.synthetic.fitting.chain import SEED, ChainFitter, FitOptions
from home_credit.synthetic.fitting.marginals import MIN_ROWS, is_common, levels_of, quantile_function
from home_credit.synthetic.fitting.options import APPLICATION_OPTIONS, HISTORY_OPTIONS
from home_credit.synthetic.fitting.prices import application_prices, loan_prices
from home_credit.synthetic.fitting.risk import fit_risk
from home_credit.synthetic.fitting.tables import COMPLETE, read_tables
from home_credit.tables.schema import APPLICATION, ID, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from home_credit.synthetic.chain import ChainSchema, Codes, Context, Floats
    from home_credit.synthetic.fitting.tables import Tables
    from home_credit.synthetic.statistics import ChainStatistics, QuantileStatistics, Statistics

# Variables of the application that histories depend on.
HISTORY_GIVEN = (
    "SPLIT", "CODE_GENDER", "DAYS_BIRTH", "NAME_INCOME_TYPE", "NAME_EDUCATION_TYPE", "EMPLOYED",
    "AMT_INCOME_TOTAL", "EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "REGION_RATING_CLIENT", "BASE",
    "AMT_REQ_CREDIT_BUREAU_YEAR", "DAYS_LAST_PHONE_CHANGE",
)  # fmt: skip
CLIENT_LEAVES = HISTORY_LEAVES = 20
KNOTS, HISTORY_KNOTS = 41, 33
# Coefficients of lateness, a normal score, on the scores of other variables.
LATENESS = {"EXT_SOURCE_3": -0.25, "EXT_SOURCE_2": -0.08, "DAYS_BIRTH": 0.1}
DEFAULT_RATE = 0.0807  # of the original application_train
RATE_BLOCKS, RATE_BLOCK_SIZE, RATE_STEPS = 15, 4000, 4
VARIABLES = [name for module in (application, clients, bureau, previous) for name in module.SCHEMA.order]

logger = logging.getLogger(__name__)


def fit_statistics(folder: Path, progress: Callable[[int, int], None] | None = None) -> Statistics:
    """Return the statistics of the real tables in a folder.

    ``progress`` is called with the number of variables fitted so far and of all. Raises :class:`TableError` for tables
    that cannot be used.
    """
    tables = read_tables(folder)
    frame = tables[APPLICATION]
    target = frame[TARGET].cast(pl.Float64).to_numpy()
    split = levels_of(frame["SPLIT"], target)
    start = {"SPLIT": Levels(split).column(frame["SPLIT"].to_numpy())}
    fitted = _Progress(progress)

    applicants = ChainFitter(start, start, target, progress=fitted)
    prices = loan_prices(tables["previous_application"])
    _fit(
        applicants,
        application.encode(frame, application_prices(frame, prices)),
        application.SCHEMA,
        APPLICATION_OPTIONS,
    )
    complete = frame[ID].is_in(tables[COMPLETE][ID].implode()).to_numpy()
    histories = _complete_histories(tables)
    people = frame.filter(pl.Series(complete))
    rows = np.flatnonzero(complete)
    given, simulated = (_take(context, rows) for context in (applicants.context, applicants.simulated))
    client = ChainFitter(given, simulated, target[complete], leaves=CLIENT_LEAVES, progress=fitted)
    _fit(client, clients.encode(people, histories), clients.SCHEMA, {}, HISTORY_KNOTS)
    history_fitter = _HistoryFitter(client, people[ID], target[complete], fitted)
    bureau_chain = history_fitter.fit(bureau.encode(histories["bureau"]), bureau.SCHEMA)
    loans = histories["previous_application"]
    previous_chain = history_fitter.fit(previous.encode(loans, loan_prices(loans)), previous.SCHEMA)

    # Payments are a sample of their rows even for clients whose other histories are complete; their shares still count.
    quantiles, drivers = _drivers(risk.drivers(histories | {APPLICATION: frame}))
    level_counts = {each["name"]: len(each["values"]) for each in applicants.variables if "values" in each}
    statistics: Statistics = {
        "min_rows": MIN_ROWS,
        "split": split,
        "application": applicants.statistics(),
        "clients": client.statistics(),
        "bureau": bureau_chain,
        "previous": previous_chain,
        "lateness": LATENESS,
        "balances": balances_of(tables | histories),
        "drivers": quantiles,
        "risk": fit_risk(applicants.context, drivers, level_counts, target, complete),
    }
    _set_default_rate(statistics)
    return statistics


class _Progress:
    """Counts the fitted variables, without flags and components."""

    def __init__(self, report: Callable[[int, int], None] | None) -> None:
        self._report, self._done = report, 0

    def __call__(self, name: str) -> None:
        if name in VARIABLES:
            self._done += 1
            if self._report is not None:
                self._report(self._done, len(VARIABLES))


def _fit(
    fitter: ChainFitter,
    encoded: pl.DataFrame,
    schema: ChainSchema,
    options: Mapping[str, FitOptions],
    knots: int = KNOTS,
) -> None:
    """Fit the variables of a schema."""
    for name in schema.order:
        own = options.get(name, {})
        if name in schema.components:
            fitter.fit_composite(name, encoded.select(schema.components[name]), own)
        elif name in schema.steps:
            closely: FitOptions = {"knots": knots, **own}
            step, presence = schema.steps[name], schema.presence.get(name)
            fitter.fit_numeric(encoded[name], closely, step=step, presence=presence)
        else:
            fitter.fit_categorical(encoded[name], own, presence=schema.presence.get(name))


def _take(context: Context, rows: Codes) -> Context:
    return {name: column.take(rows) for name, column in context.items()}


def _complete_histories(tables: Tables) -> Tables:
    """Return the histories of the clients whose history is complete; payments and bureau months as they are."""
    of_clients = ("bureau", "previous_application", "POS_CASH_balance", "credit_card_balance")
    complete = {name: tables[name].join(tables[COMPLETE], on=ID, how="semi") for name in of_clients}
    return complete | {name: tables[name] for name in ("bureau_balance", "installments_payments")}


class _HistoryFitter:
    """Fits the rows of histories, given the variables of the clients who own them."""

    def __init__(
        self, client: ChainFitter, ids: pl.Series, target: Floats, progress: Callable[[str], None]
    ) -> None:
        self._context = {name: client.context[name] for name in (*HISTORY_GIVEN, *clients.SCHEMA.order)}
        self._places = pl.DataFrame({ID: ids, "row": np.arange(len(ids))})
        self._target, self._progress = target, progress

    def fit(self, encoded: pl.DataFrame, schema: ChainSchema) -> ChainStatistics:
        """Return the chain of the encoded rows of a history; rows with rare combinations are left out."""
        rows = encoded.join(self._places, on=ID, how="inner")
        for components in schema.components.values():
            rows = rows.filter(is_common(rows.select(components)))
        owner = rows["row"].to_numpy().astype(np.int64)
        context = _take(self._context, owner)
        fitter = ChainFitter(
            context, context, self._target[owner], leaves=HISTORY_LEAVES, progress=self._progress
        )
        _fit(fitter, rows, schema, HISTORY_OPTIONS, HISTORY_KNOTS)
        return fitter.statistics()


def _drivers(rows: pl.DataFrame) -> tuple[list[QuantileStatistics], Context]:
    """Return the quantile function of each driver of the risk, and its column."""
    quantiles, columns = [], {}
    for name in rows.columns:
        values = rows[name].to_numpy()
        marginal = quantile_function(name, values, step=0, knots=25, atom=0.02)
        quantiles.append(marginal)
        columns[name] = QuantileFunction(marginal).column(values)
    return quantiles, columns


def _set_default_rate(statistics: Statistics) -> None:
    """Set the intercept of the risk so that synthetic applicants of application_train default at the real rate."""
    for step in range(RATE_STEPS):
        generator = Generator(statistics)
        random = np.random.default_rng([SEED, 77])
        blocks = [
            generator.block(RATE_BLOCK_SIZE, random)["application_train"][TARGET] for _ in range(RATE_BLOCKS)
        ]
        rate = float(pl.concat(blocks).to_numpy().mean())
        excess = np.log(rate / (1 - rate)) - np.log(DEFAULT_RATE / (1 - DEFAULT_RATE))
        statistics["risk"]["intercept"] -= round(1000 * excess * 1.08)
        logger.info("default rate after step %d: %.4f", step, rate)
