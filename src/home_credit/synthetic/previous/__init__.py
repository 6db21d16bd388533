"""Converts previous applications to the variables of a chain, and back.

``STRUCTURE`` is a composite of everything that determines which columns have a value and its sign: kind of contract,
status, product, yield group, and a letter for each amount and date pattern. Only combinations of real rows are drawn.
Terms follow from the price list, dates from the terms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit.synthetic.chain import ChainSchema
from home_credit.synthetic.previous import dates, structure, terms
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from home_credit.synthetic.prices import PriceList

SCHEMA = ChainSchema(
    order=(
        "STRUCTURE", "DAYS_DECISION", "CODE_REJECT_REASON", "NAME_CLIENT_TYPE", "SELLER",
        "NAME_GOODS_CATEGORY", "SELLERPLACE_AREA", "AMT_APPLICATION", "DOWN_SHARE",
        "TARIFF", "FEE", "MONTHS", "MARGIN", "PREMIUM", "CREDIT_RATIO", "UNASKED_CREDIT",
        "NAME_CASH_LOAN_PURPOSE", "NAME_PAYMENT_TYPE", "NAME_TYPE_SUITE", "NFLAG_INSURED_ON_APPROVAL",
        "FIRST_DRAWING", "FIRST_DUE", "EARLY", "ENDED_SHARE", "TERMINATION", "WEEKDAY_APPR_PROCESS_START",
        "HOUR_APPR_PROCESS_START", "FLAG_LAST_APPL_PER_CONTRACT", "NFLAG_LAST_APPL_IN_DAY",
        "RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED",
    ),
    steps={
        "DAYS_DECISION": 1, "SELLERPLACE_AREA": 1, "AMT_APPLICATION": 4.5, "DOWN_SHARE": 0, "MARGIN": 0,
        "CREDIT_RATIO": 0, "UNASKED_CREDIT": 4500, "FIRST_DRAWING": 1, "FIRST_DUE": 1, "ENDED_SHARE": 0,
        "TERMINATION": 1,
    },
    presence=structure.PRESENCE | terms.PRESENCE | dates.PRESENCE,
    components={"STRUCTURE": structure.COLUMNS, "SELLER": structure.SELLER},
)  # fmt: skip


def encode(frame: pl.DataFrame, prices: PriceList) -> pl.DataFrame:
    """Return the chain's variables of real previous applications, null where missing."""
    return dates.encode(terms.encode(structure.encode(frame), prices))


def decode(drawn: pl.DataFrame, births: pl.Series) -> pl.DataFrame:
    """Return previous applications in their schema, without ids, computed from the chain's variables.

    ``births`` are the days of birth of the applicants whose rows they are.
    """
    schema = {
        name: dtype
        for name, dtype in polars_schema(table("previous_application")).items()
        if not name.startswith("SK_ID")
    }
    frame = dates.decode(terms.decode(structure.decode(drawn)), births)
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
