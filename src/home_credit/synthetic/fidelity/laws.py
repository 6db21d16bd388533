"""Laws of the original tables: constraints that hold in (almost) all real rows and must hold in synthetic ones.

A law is an expression over the rows of one table, with columns of other tables joined by applicant or credit; it is
null where the law does not apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from home_credit.tables.schema import APPLICATION, ID, SENTINEL_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

MONTH = 30.44  # days
ADULT_DAYS = 6570
CENT = 0.045
LONGEST_MONTH = 31  # days
BUREAU, BUREAU_MONTH, PREVIOUS = "bureau", "bureau_balance", "previous_application"
POS, INSTALMENT, CARD = "POS_CASH_balance", "installments_payments", "credit_card_balance"
SHARES = {"table": pl.String(), "law": pl.String(), "rows": pl.Int64(), "share": pl.Float64()}


@dataclass(frozen=True, slots=True)
class Law:
    """One law: its text, its table, and the expression that is true where it holds."""

    table: str
    text: str
    holds: pl.Expr


def _day(name: str) -> pl.Expr:
    """Return a day, null where it is missing or never."""
    return pl.when(pl.col(name) != SENTINEL_DAYS).then(pl.col(name))


def _where(condition: pl.Expr, holds: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(holds)


def _before(name: str) -> pl.Expr:
    """Return a column of the month before, of the same credit."""
    return pl.col(f"{name}_BEFORE")


_AGE_AT = {name: pl.col(name) - pl.col("DAYS_BIRTH") for name in ("DAYS_CREDIT", "DAYS_DECISION")}
_EMPLOYED = pl.col("DAYS_EMPLOYED") != SENTINEL_DAYS
_CASH = pl.col("NAME_CONTRACT_TYPE") == "Cash loans"
_REVOLVING = pl.col("NAME_CONTRACT_TYPE") == "Revolving loans"
_APPROVED = pl.col("NAME_CONTRACT_STATUS") == "Approved"
_COMPLETED = pl.col("NAME_CONTRACT_STATUS") == "Completed"
_CLOSED = pl.col("CREDIT_ACTIVE") == "Closed"
_LOAN_INSTALMENT = pl.col("NUM_INSTALMENT_VERSION") > 0
_CIRCLE = [f"{kind}_{days}_CNT_SOCIAL_CIRCLE" for days in (30, 60) for kind in ("OBS", "DEF")]
_REQUESTS = [f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")]
_WORKPLACE = pl.sum_horizontal("REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION",
                               "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY")  # fmt: skip


def _together(names: list[str]) -> pl.Expr:
    """Return whether these columns are all null or all not."""
    missing = pl.sum_horizontal(pl.col(name).is_null() for name in names)
    return missing.is_in([0, len(names)])


LAWS = (
    Law(APPLICATION, "an instalment is below the monthly income",
        pl.col("AMT_ANNUITY") < pl.col("AMT_INCOME_TOTAL")),
    Law(APPLICATION, "a cash loan is at least the price of the goods",
        _where(_CASH, pl.col("AMT_CREDIT") >= pl.col("AMT_GOODS_PRICE"))),
    Law(APPLICATION, "a card's instalment is a twentieth of its limit",
        _where(_REVOLVING, (pl.col("AMT_ANNUITY") / pl.col("AMT_CREDIT") - 0.05).abs() < 1e-3)),
    Law(APPLICATION, "only cards have no goods price",
        _where(pl.col("AMT_GOODS_PRICE").is_null(), _REVOLVING)),
    Law(APPLICATION, "applicants are 20 or older", pl.col("DAYS_BIRTH") <= -20 * 365.25),
    Law(APPLICATION, "nobody is employed before 16",
        _day("DAYS_EMPLOYED") - pl.col("DAYS_BIRTH") >= 16 * 365.25),
    Law(APPLICATION, "a place of living is not registered before birth",
        pl.col("DAYS_REGISTRATION") >= pl.col("DAYS_BIRTH")),
    Law(APPLICATION, "a passport is not issued before 14",
        pl.col("DAYS_ID_PUBLISH") - pl.col("DAYS_BIRTH") >= 14 * 365.25),
    Law(APPLICATION, "no passport is older than 6,400 days", pl.col("DAYS_ID_PUBLISH") >= -6400),
    Law(APPLICATION, "a phone is not changed before 14",
        pl.col("DAYS_LAST_PHONE_CHANGE") - pl.col("DAYS_BIRTH") >= 14 * 365.25),
    Law(APPLICATION, "a family has more members than children",
        pl.col("CNT_FAM_MEMBERS") > pl.col("CNT_CHILDREN")),
    Law(APPLICATION, "a car has an age where one is owned, and only there",
        pl.col("OWN_CAR_AGE").is_not_null() == (pl.col("FLAG_OWN_CAR") == "Y")),
    Law(APPLICATION, "the rating with the city is not above the region's",
        pl.col("REGION_RATING_CLIENT_W_CITY") <= pl.col("REGION_RATING_CLIENT")),
    Law(APPLICATION, "a region has one rating",
        pl.col("REGION_RATING_CLIENT").n_unique().over("REGION_POPULATION_RELATIVE") == 1),
    Law(APPLICATION, "the employed have an employer, and nobody else has",
        (pl.col("ORGANIZATION_TYPE") != "XNA") == _EMPLOYED),
    Law(APPLICATION, "who is not employed has no occupation", _where(~_EMPLOYED, pl.col("OCCUPATION_TYPE").is_null())),
    Law(APPLICATION, "who is not employed works in no other place", _where(~_EMPLOYED, _WORKPLACE == 0)),
    Law(APPLICATION, "who is not employed is a pensioner or unemployed, and nobody else is",
        pl.col("NAME_INCOME_TYPE").is_in(["Pensioner", "Unemployed"]) != _EMPLOYED),
    Law(APPLICATION, "a work phone needs a mobile that can be reached",
        pl.col("FLAG_WORK_PHONE") <= pl.col("FLAG_CONT_MOBILE")),
    *(Law(APPLICATION, f"of a social circle, at most those observed default ({days} days)",
          pl.col(f"DEF_{days}_CNT_SOCIAL_CIRCLE") <= pl.col(f"OBS_{days}_CNT_SOCIAL_CIRCLE")) for days in (30, 60)),
    *(Law(APPLICATION, f"60 days late is 30 days late ({kind})",
          pl.col(f"{kind}_60_CNT_SOCIAL_CIRCLE") <= pl.col(f"{kind}_30_CNT_SOCIAL_CIRCLE")) for kind in ("OBS", "DEF")),
    Law(APPLICATION, "a social circle is known as a whole", _together(_CIRCLE)),
    Law(APPLICATION, "requests to the bureau are known of all periods or none", _together(_REQUESTS)),
    Law(APPLICATION, "at most four documents are provided",
        pl.sum_horizontal(f"FLAG_DOCUMENT_{number}" for number in range(2, 22)) <= 4),
    Law(BUREAU, "no credit is granted before 18", _AGE_AT["DAYS_CREDIT"] >= ADULT_DAYS),
    Law(BUREAU, "a credit is not planned to end before it is granted",
        pl.col("DAYS_CREDIT_ENDDATE") >= pl.col("DAYS_CREDIT")),
    Law(BUREAU, "a credit ends after it is granted and before now",
        pl.col("DAYS_ENDDATE_FACT").is_between(pl.col("DAYS_CREDIT"), 0)),
    Law(BUREAU, "news are not older than the credit",
        pl.col("DAYS_CREDIT_UPDATE").is_between(pl.col("DAYS_CREDIT"), 0)),
    Law(BUREAU, "what is overdue now is at most what was overdue at worst",
        pl.col("AMT_CREDIT_SUM_OVERDUE") <= pl.col("AMT_CREDIT_MAX_OVERDUE")),
    Law(BUREAU, "a credit is not overdue for longer than it exists",
        pl.col("CREDIT_DAY_OVERDUE") <= -pl.col("DAYS_CREDIT")),
    Law(BUREAU, "nothing is overdue on a closed credit", _where(_CLOSED, pl.col("AMT_CREDIT_SUM_OVERDUE") == 0)),
    Law(BUREAU, "an amount is overdue since some day",
        (pl.col("AMT_CREDIT_SUM_OVERDUE") > 0) == (pl.col("CREDIT_DAY_OVERDUE") > 0)),
    Law(BUREAU, "a consumer credit has no limit",
        _where(pl.col("CREDIT_TYPE") == "Consumer credit", ~(pl.col("AMT_CREDIT_SUM_LIMIT") > 0))),
    Law(BUREAU_MONTH, "statuses begin with the credit",
        pl.col("MONTHS_BALANCE") >= (pl.col("DAYS_CREDIT") / MONTH).floor()),
    Law(BUREAU_MONTH, "no month is left out", _before("MONTHS_BALANCE") == pl.col("MONTHS_BALANCE") - 1),
    Law(BUREAU_MONTH, "a closed credit stays closed", _where(_before("STATUS") == "C", pl.col("STATUS") == "C")),
    Law(PREVIOUS, "all instalments together are at least the credit",
        _where((pl.col("CNT_PAYMENT") > 0) & (pl.col("AMT_ANNUITY") > 0),
               pl.col("AMT_ANNUITY") * pl.col("CNT_PAYMENT") >= pl.col("AMT_CREDIT"))),
    Law(PREVIOUS, "nobody applies before 18", _AGE_AT["DAYS_DECISION"] >= ADULT_DAYS),
    Law(PREVIOUS, "an approved cash loan is at least what was asked for",
        _where(_APPROVED & _CASH, pl.col("AMT_CREDIT") >= pl.col("AMT_APPLICATION") - CENT)),
    Law(PREVIOUS, "credit and down payment pay for what was asked for",
        _where((pl.col("AMT_DOWN_PAYMENT") > 0) & (pl.col("CNT_PAYMENT") > 0),
               pl.col("AMT_CREDIT") + pl.col("AMT_DOWN_PAYMENT") >= 0.99 * pl.col("AMT_APPLICATION"))),
    Law(PREVIOUS, "a down payment is at most what was asked for",
        pl.col("AMT_DOWN_PAYMENT") <= pl.col("AMT_APPLICATION") + CENT),
    Law(PREVIOUS, "only goods are paid for in part", _where(pl.col("AMT_DOWN_PAYMENT") > 0, ~_CASH & ~_REVOLVING)),
    Law(PREVIOUS, "goods cost what was asked for",
        _where((pl.col("AMT_GOODS_PRICE") > 0) & (pl.col("AMT_APPLICATION") > 0),
               (pl.col("AMT_GOODS_PRICE") - pl.col("AMT_APPLICATION")).abs() < 0.01)),
    Law(PREVIOUS, "without a credit there is no instalment",
        _where(pl.col("AMT_CREDIT") == 0, ~(pl.col("AMT_ANNUITY") > 0))),
    Law(PREVIOUS, "an approved application has no reason of rejection",
        _where(_APPROVED, pl.col("CODE_REJECT_REASON") == "XAP")),
    Law(PREVIOUS, "what is refused has no dates",
        _where(pl.col("NAME_CONTRACT_STATUS") == "Refused", pl.col("DAYS_FIRST_DUE").is_null())),
    Law(PREVIOUS, "cash loans are not for goods", _where(_CASH & _APPROVED, pl.col("NAME_GOODS_CATEGORY") == "XNA")),
    Law(PREVIOUS, "the first instalment is due after the decision", _day("DAYS_FIRST_DUE") >= pl.col("DAYS_DECISION")),
    Law(PREVIOUS, "the last instalment is due after the first", _day("DAYS_LAST_DUE") >= _day("DAYS_FIRST_DUE")),
    Law(PREVIOUS, "a credit ends after its last instalment", _day("DAYS_TERMINATION") >= _day("DAYS_LAST_DUE")),
    Law(PREVIOUS, "a card is used after the decision", _day("DAYS_FIRST_DRAWING") >= pl.col("DAYS_DECISION")),
    Law(PREVIOUS, "days that are known lie in the past",
        pl.max_horizontal(*(_day(f"DAYS_{name}") for name in ("FIRST_DUE", "LAST_DUE", "TERMINATION"))) < 0),
    Law(POS, "tolerated days past due are days past due", pl.col("SK_DPD_DEF") <= pl.col("SK_DPD")),
    Law(POS, "days past due grow by a month at most",
        _where(_before("MONTHS_BALANCE") == pl.col("MONTHS_BALANCE") - 1,
               pl.col("SK_DPD") <= _before("SK_DPD") + LONGEST_MONTH)),
    Law(POS, "at most all instalments are still to come",
        pl.col("CNT_INSTALMENT_FUTURE") <= pl.col("CNT_INSTALMENT")),
    Law(POS, "instalments to come do not grow in number",
        pl.col("CNT_INSTALMENT_FUTURE") <= _before("CNT_INSTALMENT_FUTURE")),
    Law(POS, "nothing is to come of a completed loan", _where(_COMPLETED, pl.col("CNT_INSTALMENT_FUTURE") == 0)),
    Law(POS, "months begin with the decision", pl.col("MONTHS_BALANCE") >= (pl.col("DAYS_DECISION") / MONTH).floor()),
    Law(INSTALMENT, "an instalment is due in the past", pl.col("DAYS_INSTALMENT") < 0),
    Law(INSTALMENT, "an instalment is more than nothing", pl.col("AMT_INSTALMENT") > 0),
    Law(INSTALMENT, "a payment was made in the past", pl.col("DAYS_ENTRY_PAYMENT") < 0),
    Law(INSTALMENT, "nothing is paid before the decision", pl.col("DAYS_ENTRY_PAYMENT") >= pl.col("DAYS_DECISION")),
    Law(INSTALMENT, "an instalment has one due date and one amount",
        pl.struct("DAYS_INSTALMENT", "AMT_INSTALMENT").n_unique()
        .over("SK_ID_PREV", "NUM_INSTALMENT_VERSION", "NUM_INSTALMENT_NUMBER") == 1),
    Law(INSTALMENT, "no more is paid on a card than was due",
        _where(~_LOAN_INSTALMENT, pl.col("AMT_PAYMENT") <= pl.col("AMT_INSTALMENT") + CENT)),
    Law(INSTALMENT, "instalments of a loan are due from the first on",
        _where(_LOAN_INSTALMENT, pl.col("DAYS_INSTALMENT") >= _day("DAYS_FIRST_DUE"))),
    Law(INSTALMENT, "instalments of a loan are due up to the last",
        _where(_LOAN_INSTALMENT, pl.col("DAYS_INSTALMENT") <= _day("DAYS_LAST_DUE"))),
    Law(INSTALMENT, "an instalment is not much more than the credit",
        _where(_LOAN_INSTALMENT & (pl.col("CNT_PAYMENT") > 0), pl.col("AMT_INSTALMENT") <= 1.1 * pl.col("AMT_CREDIT"))),
    Law(CARD, "tolerated days past due are days past due", pl.col("SK_DPD_DEF") <= pl.col("SK_DPD")),
    Law(CARD, "days past due grow by a month at most",
        _where(_before("MONTHS_BALANCE") == pl.col("MONTHS_BALANCE") - 1,
               pl.col("SK_DPD") <= _before("SK_DPD") + LONGEST_MONTH)),
    Law(CARD, "drawings are counted by kind",
        pl.sum_horizontal("CNT_DRAWINGS_ATM_CURRENT", "CNT_DRAWINGS_POS_CURRENT", "CNT_DRAWINGS_OTHER_CURRENT",
                          ignore_nulls=False) == pl.col("CNT_DRAWINGS_CURRENT")),
    Law(CARD, "payments are at most all payments",
        pl.col("AMT_PAYMENT_TOTAL_CURRENT") <= pl.col("AMT_PAYMENT_CURRENT") + CENT),
    Law(CARD, "instalments passed do not fall in number",
        pl.col("CNT_INSTALMENT_MATURE_CUM") >= _before("CNT_INSTALMENT_MATURE_CUM")),
    Law(CARD, "nothing is owed on a completed card", _where(_COMPLETED, pl.col("AMT_BALANCE") <= 0)),
    Law(CARD, "a card is drawn on from its first drawing on",
        _where((pl.col("AMT_DRAWINGS_CURRENT") > 0) & pl.col("DAYS_FIRST_DRAWING").is_not_null(),
               pl.col("MONTHS_BALANCE") >= (pl.col("DAYS_FIRST_DRAWING") / MONTH).floor() - 1)),
    Law(CARD, "a balance is at most three times the limit",
        _where(pl.col("AMT_CREDIT_LIMIT_ACTUAL") > 0, pl.col("AMT_BALANCE") <= 3 * pl.col("AMT_CREDIT_LIMIT_ACTUAL"))),
)  # fmt: skip


def law_shares(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return for each law the share of the rows it applies to in which it holds (:data:`SHARES`)."""
    rows = []
    for name in dict.fromkeys(law.table for law in LAWS):
        frame = _joined(name, tables)
        for law in LAWS:
            if law.table == name:
                holds = frame.select(law.holds.alias("holds"))["holds"].drop_nulls()
                rows.append((name, law.text, len(holds), holds.to_numpy().mean() if len(holds) else None))
    return pl.DataFrame(rows, schema=SHARES, orient="row")


def _joined(name: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return a table with the columns that its laws need from its parent table and from the month before."""
    frame = tables[name]
    if name in {BUREAU, PREVIOUS}:
        return frame.join(tables[APPLICATION].select(ID, "DAYS_BIRTH"), on=ID)
    if name == BUREAU_MONTH:
        frame = frame.join(tables[BUREAU].select("SK_ID_BUREAU", "DAYS_CREDIT"), on="SK_ID_BUREAU")
        return _with_month_before(frame, "SK_ID_BUREAU")
    if name in {POS, CARD, INSTALMENT}:
        above = tables[PREVIOUS].select(pl.exclude(ID, "NAME_CONTRACT_STATUS"))
        frame = frame.join(above, on="SK_ID_PREV", how="left", suffix="_PREVIOUS")
    return _with_month_before(frame, "SK_ID_PREV") if name in {POS, CARD} else frame


def _with_month_before(frame: pl.DataFrame, credit: str) -> pl.DataFrame:
    ordered = frame.sort(credit, "MONTHS_BALANCE")
    return ordered.with_columns(pl.exclude(credit).shift(1).over(credit).name.suffix("_BEFORE"))
