"""What an officer changes of an application in a simulation: its facts, a debt elsewhere, the last instalment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from home_credit.schemas import PredictionRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from home_credit.schemas import Decision, Reason

AMOUNTS = ("AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
SCORES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
MOST_DEBTS = 3
LARGEST_AMOUNT = 100_000_000.0
MOST_MOVED = 6
LEAST_CHANGE = 0.005  # log-odds; less is no change of half a per cent in the odds


class Debt(NamedTuple):
    """A running credit elsewhere: its place among the rows of the credit bureau, and what is owed."""

    place: int
    owed: float


def debts(bundle: PredictionRequest) -> list[Debt]:
    """Return the running credits with the largest debts."""
    found = [
        Debt(place, _plain(row.get("AMT_CREDIT_SUM_DEBT")))
        for place, row in enumerate(bundle.bureau)
        if row.get("CREDIT_ACTIVE") == "Active"
    ]
    return sorted(found, key=lambda debt: -debt.owed)[:MOST_DEBTS]


def last_instalment(bundle: PredictionRequest) -> tuple[int, int] | None:
    """Return the place of the last instalment that was paid, and by how many days late; ``None`` without one."""
    paid = []
    for place, row in enumerate(bundle.installments_payments):
        due, entered = row.get("DAYS_INSTALMENT"), row.get("DAYS_ENTRY_PAYMENT")
        if isinstance(due, int | float) and isinstance(entered, int | float):
            paid.append((due, place, int(entered - due)))
    if not paid:
        return None
    _, place, late = max(paid)
    return place, late


def changed(
    bundle: PredictionRequest,
    facts: Mapping[str, object],
    owed: Mapping[int, float] | None = None,
    late: tuple[int, int] | None = None,
) -> PredictionRequest:
    """Return the rows with other facts of the application, other debts by place, and another delay of an instalment."""
    rows: dict[str, Any] = dict(bundle)
    rows["application"] = {**bundle.application, **facts}
    rows["bureau"] = [
        {**row, "AMT_CREDIT_SUM_DEBT": owed[place]} if owed and place in owed else row
        for place, row in enumerate(bundle.bureau)
    ]
    if late is not None:
        at, days = late
        rows["installments_payments"] = [
            {**row, "DAYS_ENTRY_PAYMENT": min(0.0, _plain(row["DAYS_INSTALMENT"]) + days)}
            if place == at
            else row
            for place, row in enumerate(bundle.installments_payments)
        ]
    return PredictionRequest(**rows)


class Moved(NamedTuple):
    """A reason whose effect differs between two decisions; ``change`` is in log-odds of default."""

    reason: Reason
    change: float


def moved(before: Decision, after: Decision) -> list[Moved]:
    """Return the reasons that moved the most from one decision to another, the largest change first.

    A decision names its strongest reasons each way alone, so only those that both name can be compared.
    """
    old = {reason.code: reason.contribution for reason in before.reasons}
    changes = [
        Moved(reason, reason.contribution - old[reason.code])
        for reason in after.reasons
        if reason.code in old
    ]
    told = [each for each in changes if abs(each.change) > LEAST_CHANGE]
    return sorted(told, key=lambda each: (-abs(each.change), each.reason.code))[:MOST_MOVED]


def _plain(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def numbers(bundle: PredictionRequest, names: Sequence[str]) -> Iterator[tuple[str, float | None]]:
    """Yield facts of the application that are numbers, ``None`` where one is missing."""
    for name in names:
        value = bundle.application.get(name)
        yield name, float(value) if isinstance(value, int | float) else None
