"""Features of the monthly balances of earlier credit cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import (
    count,
    fading,
    latest,
    mean,
    money,
    rate,
    ratio_of_sums,
    recency_rank,
    scaled_ratio,
    share,
    slope,
    standard_deviation,
    thousandths,
    weighted_mean,
    where,
    whole,
)
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import Expr, col, count_rows, lit
from home_credit.features.plan import scan
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "credit_card_balance"
FADING_MONTHS = 24
WINDOWS = {6: "6M", 12: "12M", 24: "24M", 100: "ALL"}


# Balances beyond three times the limit are data errors, and too large to be squared.
PLAUSIBLE = (col("used") < 3_000_000) & (col("used") > -3_000_000)

# One row per card and month with the integers that the features aggregate.
ROWS = (
    scan(TABLE)
    .select(
        ID,
        "SK_ID_PREV",
        "NAME_CONTRACT_STATUS",
        age=-whole("MONTHS_BALANCE"),
        balance=thousandths("AMT_BALANCE"),
        limit=whole("AMT_CREDIT_LIMIT_ACTUAL") * 1000,
        drawn=thousandths("AMT_DRAWINGS_CURRENT"),
        drawn_atm=thousandths("AMT_DRAWINGS_ATM_CURRENT"),
        drawings=whole("CNT_DRAWINGS_CURRENT"),
        drawings_atm=whole("CNT_DRAWINGS_ATM_CURRENT"),
        minimum=thousandths("AMT_INST_MIN_REGULARITY"),
        paid=thousandths("AMT_PAYMENT_TOTAL_CURRENT"),
        instalments=whole("CNT_INSTALMENT_MATURE_CUM"),
        late=whole("SK_DPD"),
        late_tolerant=whole("SK_DPD_DEF"),
    )
    .with_columns(
        used=scaled_ratio(col("balance"), col("limit")),
        fading=fading(col("age"), FADING_MONTHS),
        rank=recency_rank(["age", "SK_ID_PREV", "balance", "limit"]),
    )
)


def _features() -> Iterator[Feature]:
    def feature(suffix: str, value: Expr, unit: str, en: str, fr: str) -> Feature:
        return Feature(f"CC_{suffix}", value, unit, en, fr, Missing.NONE_IN_SCOPE)

    yield feature("MONTHS", count_rows(), "months", "months on record of cards", "mois enregistrés des cartes")
    yield feature("CARDS", col("SK_ID_PREV").n_unique(), "count", "cards on record", "cartes enregistrées")
    yield feature("AGE_MIN", col("age").min(), "months", "time since the newest card record", "temps depuis le dernier enregistrement de carte")
    yield feature("LIMIT_MAX", money(col("limit").max()), "currency", "highest card limit", "plafond de carte le plus haut")
    yield feature("LATEST_BALANCE", money(latest(col("balance"))), "currency", "newest card balance", "dernier solde de carte")
    yield feature("LATEST_LIMIT", money(latest(col("limit"))), "currency", "newest card limit", "dernier plafond de carte")
    yield feature("LATEST_USED", rate(latest(col("used"))), "ratio", "newest balance over limit", "dernier solde rapporté au plafond")
    yield feature("USED_SPREAD", rate(standard_deviation(where(PLAUSIBLE, col("used")))), "ratio", "standard deviation of balance over limit", "écart-type du solde rapporté au plafond")
    for months in (6, 12):
        within, order = col("age") <= months, lit(months) - col("age")
        en, fr = f"over the last {months} months", f"sur les {months} derniers mois"
        yield feature(f"{months}M_USED_TREND", rate(slope(where(within & PLAUSIBLE, col("used")), order)), "ratio", f"balance over limit gained a month {en}", f"hausse mensuelle du solde rapporté au plafond {fr}")
        yield feature(f"{months}M_DRAWN_TREND", money(slope(where(within, col("drawn")), order)), "currency", f"drawings gained a month {en}", f"hausse mensuelle des retraits {fr}")
    yield feature("FADING_USED", rate(weighted_mean(where(PLAUSIBLE, col("used")), col("fading"))), "ratio", "mean balance over limit over two years, recent months weighing more", "solde rapporté au plafond sur deux ans, les mois récents pesant plus")
    yield feature("USED_CHANGE", rate(mean(where(col("age") <= 3, col("used"))) - mean(where(col("age") <= 12, col("used")))), "ratio", "balance over limit of three months less that of twelve", "écart du solde rapporté au plafond de trois mois avec celui de douze mois")
    yield feature("LATE_AGE", where(col("late") > 0, col("age")).min(), "months", "time since a card was last past due", "temps depuis le dernier retard sur une carte")
    yield feature("INSTALMENTS_MAX", col("instalments").max(), "count", "instalments paid on a card", "échéances payées sur une carte")
    for months, window in WINDOWS.items():
        within = col("age") <= months
        en = f"in the last {months} months" if months < 100 else "over all months"
        fr = f"sur les {months} derniers mois" if months < 100 else "sur tous les mois"
        scoped = {key: where(within, col(key)) for key in ("balance", "limit", "drawn", "drawn_atm", "drawings", "drawings_atm", "minimum", "paid", "late", "late_tolerant", "used")}
        yield feature(f"{window}_USED_MEAN", rate(mean(scoped["used"])), "ratio", f"mean balance over limit {en}", f"solde rapporté au plafond, en moyenne {fr}")
        yield feature(f"{window}_USED_MAX", rate(scoped["used"].max()), "ratio", f"highest balance over limit {en}", f"plus haut solde rapporté au plafond {fr}")
        yield feature(f"{window}_BALANCE_MEAN", money(mean(scoped["balance"])), "currency", f"mean card balance {en}", f"solde moyen de carte {fr}")
        yield feature(f"{window}_DRAWN_MEAN", money(mean(scoped["drawn"])), "currency", f"mean drawn a month {en}", f"retraits moyens par mois {fr}")
        yield feature(f"{window}_DRAWN_ATM_SHARE", ratio_of_sums(scoped["drawn_atm"], scoped["drawn"]), "share", f"share of drawings in cash {en}", f"part des retraits en espèces {fr}")
        yield feature(f"{window}_DRAWINGS_MEAN", mean(scoped["drawings"]), "count", f"mean number of drawings a month {en}", f"nombre moyen de retraits par mois {fr}")
        yield feature(f"{window}_DRAWINGS_ATM_MEAN", mean(scoped["drawings_atm"]), "count", f"mean number of cash drawings a month {en}", f"nombre moyen de retraits d’espèces par mois {fr}")
        yield feature(f"{window}_PAID_TO_MINIMUM", ratio_of_sums(scoped["paid"], scoped["minimum"]), "ratio", f"amount paid over minimum due {en}", f"montant payé rapporté au minimum dû {fr}")
        yield feature(f"{window}_PAID_TO_BALANCE", ratio_of_sums(scoped["paid"], scoped["balance"]), "ratio", f"amount paid over balance {en}", f"montant payé rapporté au solde {fr}")
        yield feature(f"{window}_UNDER_MINIMUM", count(within & (col("paid") < col("minimum"))), "months", f"months paid under the minimum {en}", f"mois payés sous le minimum {fr}")
        yield feature(f"{window}_LATE_SHARE", share(col("late") > 0, within), "share", f"share of card months past due {en}", f"part des mois de carte en retard {fr}")
        yield feature(f"{window}_LATE_MAX", scoped["late"].max(), "days", f"longest arrears on a card {en}", f"retard maximal sur une carte {fr}")
        yield feature(f"{window}_TOLERANT_MAX", scoped["late_tolerant"].max(), "days", f"longest serious arrears on a card {en}", f"retard notable maximal sur une carte {fr}")


FEATURES: tuple[Feature, ...] = tuple(_features())
