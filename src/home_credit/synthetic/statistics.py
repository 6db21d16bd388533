"""The committed statistics of the real tables: their types, and the file they are read from.

``home-credit demo-statistics`` writes the file; docs/demo.md describes the fields.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NotRequired, TypedDict, final

if TYPE_CHECKING:
    from pathlib import Path

Value = str | int | float | None


class LevelsStatistics(TypedDict):
    """The levels of a categorical variable, with normal scores in hundredths."""

    name: str
    values: list[Value]
    scores: list[int]


@final
class CategoricalStatistics(LevelsStatistics):
    """A tree in preorder, and per leaf pairs of level code and share."""

    presence: NotRequired[tuple[str, int]]
    tree: list[int]
    leaves: list[list[int]]


@final
class ComponentStatistics(LevelsStatistics):
    """The composite variable that this one is a component of, and the component's code for each of its levels."""

    of: str
    codes: list[int]


class QuantileStatistics(TypedDict):
    """Knots of a quantile function: ``value`` in steps, reached after a further ``share``, held for ``atom``."""

    name: str
    step: float
    share: list[int]
    value: list[float]
    atom: NotRequired[list[int]]


class CorrectionStatistics(TypedDict):
    """A small tree with a mean per leaf, in hundredths of a normal score."""

    tree: list[int]
    means: list[int]


@final
class NumericStatistics(QuantileStatistics):
    """A linear function (pairs of variable and thousandths), corrections, and residual quantiles per leaf."""

    presence: NotRequired[tuple[str, int]]
    linear: list[int]
    corrections: list[CorrectionStatistics]
    tree: list[int]
    leaves: list[list[int]]


VariableStatistics = CategoricalStatistics | ComponentStatistics | NumericStatistics


class ChainStatistics(TypedDict):
    """The names of the columns that a chain is given, and its variables in the order in which they are drawn."""

    given: list[str]
    variables: list[VariableStatistics]


class RiskStatistics(TypedDict):
    """The logit of default, in thousandths: weights by level, or by knot and for missing."""

    intercept: int
    weights: dict[str, list[int]]


class DelinquencyStatistics(TypedDict):
    """Days past due from month to month.

    ``falls`` is the share of months in which a payer falls behind, by ``days`` (quantiles ``at`` shares), and
    ``loading`` the weight of the latent lateness. By days past due (up to ``bounds``, 0 first): the share of months
    in which they grow by a month (``rolls``) or start ``again``. ``tolerated`` and ``forgiven``: the shares of delays
    that are not counted from their beginning, and from a further month.
    """

    loading: float
    falls: float
    at: list[float]
    days: list[int]
    bounds: list[int]
    rolls: list[float]
    again: list[float]
    tolerated: float
    forgiven: float


class BureauStatistics(TypedDict):
    """Monthly statuses of credits at other lenders: a Markov chain."""

    next_month: float
    stops: float
    transition: list[list[float]]
    opening: list[int]


class LoanStatistics(TypedDict):
    """Monthly balances of loans: shares; ``residue`` is that of loans that ended late because a small debt was left."""

    stops: float
    residue: float
    signed: float
    delinquency: DelinquencyStatistics


class InstallmentStatistics(TypedDict):
    """Payments of instalments: quantiles of delays in days, parts and revisions."""

    loading: float
    card_parts: float
    revised: float
    split: float
    at: list[float]
    loan_delay: list[int]
    card_delay: list[int]


class CardStatistics(TypedDict):
    """Monthly balances of credit cards: quantiles of use, shares and rates.

    Of all cards, the share ``completed`` is closed and reported for some months more, ``residue`` is left with a small
    debt. ``last_months`` counts cards whose last report is one month old, two, and so on.
    """

    last_months: list[int]
    completed: float
    completed_months: float
    residue: float
    older: float
    atm: float
    pays: float
    interest: float
    forgiven: float
    principal: float
    delinquency: DelinquencyStatistics
    drawing: float
    at: list[float]
    utilisation: list[float]
    draws: list[float]


class BalanceStatistics(TypedDict):
    """Statistics of the monthly tables."""

    reported: float
    bureau: BureauStatistics
    loans: LoanStatistics
    installments: InstallmentStatistics
    cards: CardStatistics


class Statistics(TypedDict):
    """All statistics that the synthetic tables are drawn from."""

    min_rows: int
    split: LevelsStatistics
    application: ChainStatistics
    clients: ChainStatistics
    bureau: ChainStatistics
    previous: ChainStatistics
    lateness: dict[str, float]
    balances: BalanceStatistics
    drivers: list[QuantileStatistics]
    risk: RiskStatistics


@cache
def load_statistics() -> Statistics:
    """Return the committed statistics."""
    text = files("home_credit.synthetic").joinpath("statistics.json").read_text(encoding="utf-8")
    parsed: Statistics = json.loads(text)
    return parsed


def save_statistics(statistics: Statistics, path: Path) -> None:
    """Write statistics to a JSON file, a line per variable."""
    lines = json.dumps(statistics, separators=(",", ":")).replace('{"name"', '\n{"name"')
    path.write_text(lines + "\n", encoding="utf-8")
