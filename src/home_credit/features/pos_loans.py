"""Features of the earlier point-of-sale and cash loans, one row per loan from its monthly balances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import (
    count,
    flag,
    latest,
    mean,
    rate,
    scaled_ratio,
    share,
    total,
    where,
    whole,
)
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import Expr, col, count_rows
from home_credit.features.plan import scan
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "POS_CASH_balance"
LOAN = "SK_ID_PREV"
LONG_SILENT = 2  # months without a record after which a loan that was not completed is ignored

# One row per loan: its first and newest number of instalments, the number left, and its most days past due.
ROWS = (
    scan(TABLE)
    .select(
        ID,
        LOAN,
        age=-whole("MONTHS_BALANCE"),
        term=whole("CNT_INSTALMENT"),
        left=whole("CNT_INSTALMENT_FUTURE"),
        late=whole("SK_DPD"),
        done=flag(col("NAME_CONTRACT_STATUS") == "Completed"),
    )
    .with_columns(
        rank=col(LOAN).cum_count(partition_by=[ID, LOAN], order_by=["age", "left", "term", "late", "done"]),
    )
    .group_by(ID, LOAN)
    .agg(
        age=col("age").min(),
        months=count_rows(),
        first_term=col("term").max(),
        newest_left=latest(col("left")),
        newest_term=latest(col("term")),
        late=col("late").max(),
        late_months=count(col("late") > 0),
        done=col("done").max(),
    )
    .with_columns(
        paid=scaled_ratio(col("newest_term") - col("newest_left"), col("first_term")),
        ahead=col("first_term") - col("newest_term"),
        open=flag((col("done") == 0) & (col("age") <= LONG_SILENT)),
    )
)


def _feature(
    suffix: str,
    value: Expr,
    unit: str,
    en: str,
    fr: str,
    missing: Missing = Missing.NONE_IN_SCOPE,
) -> Feature:
    return Feature(f"POS_{suffix}", value, unit, en, fr, missing)


def _features() -> Iterator[Feature]:
    everything, done, open_ = ~col(ID).is_null(), col("done") == 1, col("open") == 1
    yield _feature("OPEN_COUNT", count(open_), "count", "earlier loans not yet repaid", "prêts antérieurs non encore soldés")
    yield _feature("OPEN_LEFT_SUM", total(col("newest_left"), open_), "count", "instalments left over the loans not yet repaid", "échéances restantes des prêts non encore soldés", Missing.UNKNOWN)
    yield _feature("OPEN_PAID_MEAN", rate(mean(where(open_, col("paid")))), "share", "mean share repaid of the loans not yet repaid", "part remboursée moyenne des prêts non encore soldés")
    yield _feature("OPEN_PAID_MIN", rate(where(open_, col("paid")).min()), "share", "smallest share repaid of a loan not yet repaid", "plus petite part remboursée d’un prêt non encore soldé")
    yield _feature("PAID_MEAN", rate(mean(col("paid"))), "share", "mean share repaid of each earlier loan", "part remboursée moyenne de chaque prêt antérieur")
    yield _feature("DONE_LOANS_SHARE", share(done, everything), "share", "share of earlier loans completed", "part des prêts antérieurs soldés")
    yield _feature("DONE_AHEAD_MEAN", mean(where(done, col("ahead"))), "months", "mean time by which loans were completed ahead of their term", "avance moyenne des prêts soldés sur leur terme")
    yield _feature("DONE_AHEAD_SHARE", share(col("ahead") > 0, done), "share", "share of completed loans that were completed ahead of their term", "part des prêts soldés avant leur terme")
    yield _feature("LATE_LOANS_SHARE", share(col("late") > 0, everything), "share", "share of earlier loans ever past due", "part des prêts antérieurs ayant connu un retard")
    yield _feature("LATE_MONTHS_MEAN", mean(col("late_months")), "months", "mean months past due of each earlier loan", "mois en retard en moyenne par prêt antérieur")
    yield _feature("MONTHS_MEAN", mean(col("months")), "months", "mean months on record of each earlier loan", "mois enregistrés en moyenne par prêt antérieur")


FEATURES: tuple[Feature, ...] = tuple(_features())
