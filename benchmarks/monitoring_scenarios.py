"""The scenarios of benchmarks/monitoring.py: what happens to the applications of a window, and who applies.

A scenario changes the columns of all or some applications, removes a history, repeats rows, draws applicants with other
weights, or changes outcomes alone, which no monitoring sees before labels arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

EXTERNAL = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
AMOUNTS = ("AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")


@dataclass(frozen=True)
class Scenario:
    """A change: ``columns`` of the application by expressions, each on a random part ``of`` the rows.

    ``gone`` is a history without rows; ``weights`` of applicants are drawn in proportion; ``repeated`` is the share of
    rows that repeat another of the window; with ``from_share`` the change begins after that part of the window, and
    with ``gradual`` the part of changed rows grows from none to all. ``odds`` multiply those of default, and nothing
    else changes.
    """

    name: str
    columns: tuple[pl.Expr, ...] = ()
    of: float = 1.0
    gone: str | None = None
    weights: Callable[[pl.DataFrame], pl.Expr] | None = None
    repeated: float = 0.0
    from_share: float = 0.0
    gradual: bool = False
    odds: pl.Expr | None = None


def lowered(name: str, deviations: float, rows: pl.DataFrame) -> pl.Expr:
    """Return an external score lowered by so many standard deviations, within its range."""
    return (pl.col(name) - deviations * float(rows.select(pl.col(name).std()).item())).clip(0.0, 1.0)


def share(condition: pl.Expr, wanted: float) -> Callable[[pl.DataFrame], pl.Expr]:
    """Return weights with which the applicants of ``condition`` are a share ``wanted``."""

    def weights(rows: pl.DataFrame) -> pl.Expr:
        held = rows.select(condition.fill_null(value=False).mean()).item()
        odds = wanted / (1 - wanted) / (held / (1 - held))
        return pl.when(condition.fill_null(value=False)).then(odds).otherwise(1.0)

    return weights


def renamed(name: str, category: str, rows: pl.DataFrame, wanted: float) -> pl.Expr:
    """Return a column in which a share ``wanted`` of all rows, those of a category, has a new name."""
    part = wanted / float(rows.select((pl.col(name) == category).mean()).item())
    chosen = (pl.col(name) == category) & (pl.col("draw") < part)
    return pl.when(chosen).then(pl.lit(f"{category} (new)")).otherwise(pl.col(name)).alias(name)


def scenarios(rows: pl.DataFrame) -> list[Scenario]:
    """Return all scenarios; ``rows`` are the applications that they change."""
    middle = (pl.col("DAYS_BIRTH") / -365.25).is_between(30, 40)
    lower = tuple(lowered(name, 0.5, rows) for name in EXTERNAL)
    missing = {
        name: pl.lit(None, rows[name].dtype).alias(name) for name in ("OCCUPATION_TYPE", "EXT_SOURCE_3")
    }
    return [
        Scenario("none"),
        *(
            Scenario(f"EXT_SOURCE_2 down by {d} s.d.", (lowered("EXT_SOURCE_2", d, rows),))
            for d in (0.1, 0.25, 0.5)
        ),
        Scenario(
            "all external scores down by 0.15 s.d.", tuple(lowered(name, 0.15, rows) for name in EXTERNAL)
        ),
        Scenario("all external scores down by 0.5 s.d., sudden at half", lower, from_share=0.5),
        Scenario("all external scores down by 0.5 s.d., gradually", lower, gradual=True),
        Scenario("income × 1000 in 5 %", (pl.col("AMT_INCOME_TOTAL") * 1000,), of=0.05),
        Scenario("income × 1000 in 1 %", (pl.col("AMT_INCOME_TOTAL") * 1000,), of=0.01),
        Scenario("credit in thousands in 2 %", (pl.col("AMT_CREDIT") / 1000,), of=0.02),
        Scenario("EXT_SOURCE_1 in per cent", (pl.col("EXT_SOURCE_1") * 100,)),
        Scenario("OCCUPATION_TYPE missing", (missing["OCCUPATION_TYPE"],)),
        Scenario("EXT_SOURCE_3 missing in 10 % more", (missing["EXT_SOURCE_3"],), of=0.1),
        Scenario("EXT_SOURCE_3 filled with 0.5", (pl.col("EXT_SOURCE_3").fill_null(0.5),)),
        Scenario(
            "DAYS_EMPLOYED: sentinel missing",
            (pl.when(pl.col("DAYS_EMPLOYED") < 365_243).then("DAYS_EMPLOYED"),),
        ),
        Scenario("category renamed, 50 %", (renamed("NAME_INCOME_TYPE", "Working", rows, 0.5),)),
        Scenario("category renamed, 3 %", (renamed("NAME_INCOME_TYPE", "Working", rows, 0.03),)),
        Scenario("category renamed, 1 %", (renamed("NAME_INCOME_TYPE", "Working", rows, 0.01),)),
        Scenario("bureau gone", gone="bureau"),
        Scenario("previous applications gone", gone="previous_application"),
        Scenario("instalments gone", gone="installments_payments"),
        Scenario("cards gone", gone="credit_card_balance"),
        Scenario("5 % of rows repeated", repeated=0.05),
        Scenario("1 % of rows repeated", repeated=0.01),
        Scenario("hour of application in another zone", ((pl.col("HOUR_APPR_PROCESS_START") + 3) % 24,)),
        Scenario("sign of DAYS_BIRTH", (-pl.col("DAYS_BIRTH"),)),
        Scenario("sign of DAYS_REGISTRATION in 2 %", (-pl.col("DAYS_REGISTRATION"),), of=0.02),
        Scenario("instalments of the loan + 10 %", (pl.col("AMT_ANNUITY") * 1.1,)),
        Scenario("all amounts + 20 %", tuple(pl.col(name) * 1.2 for name in AMOUNTS)),
        Scenario("all amounts + 5 %", tuple(pl.col(name) * 1.05 for name in AMOUNTS)),
        Scenario("FLAG_DOCUMENT_3 always 0", (pl.lit(0, pl.Int64).alias("FLAG_DOCUMENT_3"),)),
        Scenario(
            "social circle always 0",
            tuple(pl.col(n) * 0 for n in ("OBS_30_CNT_SOCIAL_CIRCLE", "DEF_30_CNT_SOCIAL_CIRCLE")),
        ),
        Scenario("20 % revolving", weights=share(pl.col("NAME_CONTRACT_TYPE") == "Revolving loans", 0.2)),
        Scenario("25 % under 30", weights=share(pl.col("DAYS_BIRTH") > -30 * 365.25, 0.25)),
        Scenario("half men", weights=share(pl.col("CODE_GENDER") == "M", 0.5)),
        Scenario(
            "35 % with higher education",
            weights=share(pl.col("NAME_EDUCATION_TYPE") == "Higher education", 0.35),
        ),
        Scenario("30 % in regions of rating 3", weights=share(pl.col("REGION_RATING_CLIENT") == 3, 0.3)),
        Scenario("default rate 12 % (label shift)", weights=share(pl.col("TARGET") == 1, 0.12)),
        Scenario("recalibration: odds of default × 1.5", odds=pl.lit(1.5)),
        Scenario("concept drift: aged 30 to 40, odds × 2", odds=pl.when(middle).then(2.0).otherwise(1.0)),
    ]
