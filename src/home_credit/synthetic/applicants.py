"""A block of synthetic applicants with their histories, drawn from the statistics of the real tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic import (
    application,
    bureau,
    bureau_balance,
    cards,
    installments,
    loans,
    pos_cash,
    previous,
    risk,
)
from home_credit.synthetic.balances import repeat_rows
from home_credit.synthetic.chain import Chain, Context, Levels, QuantileFunction, frame_of
from home_credit.tables.schema import TARGET, table

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Codes, Column, Context, Floats
    from home_credit.synthetic.statistics import Statistics

FIRST_APPLICANT, FIRST_CREDIT, FIRST_PREVIOUS = 100001, 5_000_000, 1_000_000
TRAIN_SHARE = 307511 / 356255


class Generator:
    """Draws blocks of applicants, one after the other; ids continue from block to block."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics
        self._split = Levels(statistics["split"])
        self._application = Chain(statistics["application"])
        self._clients = Chain(statistics["clients"])
        self._bureau = Chain(statistics["bureau"])
        self._previous = Chain(statistics["previous"])
        self._drivers = {driver["name"]: QuantileFunction(driver) for driver in statistics["drivers"]}
        self._next = {"applicant": FIRST_APPLICANT, "credit": FIRST_CREDIT, "previous": FIRST_PREVIOUS}

    def block(self, size: int, random: np.random.Generator) -> dict[str, pl.DataFrame]:
        """Return the tables of the next ``size`` applicants, sorted by SK_ID_CURR, under their file names."""
        ids = self._take("applicant", size)
        split = self._split.column(self._splits(ids, random))
        context: Context = {"SPLIT": split}
        context |= self._application.draw(context, size, random)
        context |= self._clients.draw(context, size, random)
        late = self._lateness(context, random)

        tables = self._histories(ids, context, late, random)
        tables["application"] = application.decode(frame_of(self._application, context)).insert_column(
            0, pl.Series("SK_ID_CURR", ids)
        )
        rows = risk.drivers(tables)
        drivers = {name: marginal.column(rows[name].to_numpy()) for name, marginal in self._drivers.items()}
        logit = risk.logit(context | drivers, self._statistics["risk"])
        defaults = random.random(size) < 1 / (1 + np.exp(-logit))
        people = tables.pop("application").with_columns(pl.Series(TARGET, defaults.astype(np.int64)))
        in_train = pl.Series(split.values == 0)
        order = [
            "SK_ID_CURR",
            TARGET,
            *(name for name in people.columns if name not in {"SK_ID_CURR", TARGET}),
        ]
        tables["application_train"] = people.filter(in_train).select(order)
        tables["application_test"] = people.filter(~in_train).drop(TARGET)
        return tables

    def _take(self, kind: str, count: int) -> Codes:
        start = self._next[kind]
        self._next[kind] = start + count
        return np.arange(start, start + count, dtype=np.int64)

    @staticmethod
    def _splits(ids: Codes, random: np.random.Generator) -> Codes:
        """Return the split of each applicant (1: application_test), with exactly the original share so far."""
        before, after = (int((last - FIRST_APPLICANT + 1) * TRAIN_SHARE) for last in (ids[0] - 1, ids[-1]))
        splits = np.ones(len(ids), dtype=np.int64)
        splits[: after - before] = 0
        return random.permutation(splits)

    def _lateness(self, context: Context, random: np.random.Generator) -> Floats:
        """Draw the lateness of each applicant: a normal score, correlated with the external scores and the age."""
        weights = self._statistics["lateness"]
        late = random.standard_normal(len(context["SPLIT"].bins))
        late *= np.sqrt(1 - sum(weight**2 for weight in weights.values()))
        for name, weight in weights.items():
            late += weight * context[name].score
        return late

    def _histories(
        self, ids: Codes, context: Context, late: Floats, random: np.random.Generator
    ) -> dict[str, pl.DataFrame]:
        statistics = self._statistics["balances"]
        births = pl.Series(context["DAYS_BIRTH"].values)
        owner, drawn = self._draw_rows(self._bureau, context, "BUREAU_CREDITS", random)
        credit_ids = random.permutation(self._take("credit", len(owner)))
        credit = bureau.decode(frame_of(self._bureau, drawn), births[owner]).insert_column(
            0, pl.Series("SK_ID_CURR", ids[owner])
        )
        credit = credit.with_columns(SK_ID_BUREAU=pl.Series(credit_ids)).select(list(table("bureau").columns))
        reported = (context["REPORTED_MONTHLY"].values == 1)[owner] & (
            random.random(len(owner)) < statistics["reported"]
        )
        monthly = bureau_balance.monthly(credit.filter(pl.Series(reported)), statistics["bureau"], random)

        owner, drawn = self._draw_rows(self._previous, context, "PREVIOUS_APPLICATIONS", random)
        previous_ids = random.permutation(self._take("previous", len(owner)))
        earlier = previous.decode(frame_of(self._previous, drawn), births[owner]).with_columns(
            SK_ID_PREV=pl.Series(previous_ids), SK_ID_CURR=pl.Series(ids[owner])
        )
        earlier = earlier.select(list(table("previous_application").columns))
        granted = loans.loans_of(earlier, late[owner])
        older, older_late = cards.older_cards(ids, late, earlier, statistics["cards"], random)
        older = older.with_columns(SK_ID_PREV=pl.Series(self._take("previous", len(older))))
        held, held_late = pl.concat([earlier, older]), np.concatenate([late[owner], older_late])
        order = np.argsort(held["SK_ID_CURR"].to_numpy(), kind="stable")
        revolving = cards.credit_cards(held[order], held_late[order], statistics["cards"], random)
        return {
            "bureau": credit,
            "bureau_balance": monthly,
            "previous_application": earlier,
            "POS_CASH_balance": pos_cash.pos_cash(granted, statistics["loans"], random),
            "installments_payments": installments.installments(
                granted, revolving, statistics["installments"], random
            ),
            "credit_card_balance": revolving.drop("LATE", "GRANTED"),
        }

    @staticmethod
    def _draw_rows(
        chain: Chain, context: Context, count: str, random: np.random.Generator
    ) -> tuple[Codes, Context]:
        """Draw as many rows of a history per client as ``count`` says; return their owners with them."""
        owner, _ = repeat_rows(context[count].values.astype(np.int64))
        given: dict[str, Column] = {name: context[name].take(owner) for name in chain.given}
        return owner, chain.draw(given, len(owner), random)
