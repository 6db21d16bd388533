"""Reason codes: what an applicant can be told about what moved the probability of default."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from home_credit.features.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

# How many reasons an applicant is told, as lenders do under Regulation B (12 CFR 1002.9, comment 9(b)(2)-1).
MAX_REASONS = 4


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A reason in words: ``against`` where it raised the risk, ``favour`` where it lowered it.

    A ``withheld`` reason rests on a trait that must not be named as a reason (such as age).
    """

    code: str
    against: tuple[str, str]
    favour: tuple[str, str]
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What one reason code did to one applicant's log-odds of default, and through which feature most."""

    code: str
    contribution: float
    feature: str


@cache
def reason_codes() -> Mapping[str, ReasonCode]:
    """Return all reason codes by code."""
    text = files("home_credit.default_risk").joinpath("reason_codes.toml").read_text(encoding="utf-8")
    return {
        code: ReasonCode(
            code,
            (entry["against_en"], entry["against_fr"]),
            (entry["favour_en"], entry["favour_fr"]),
            entry.get("withheld", False),
        )
        for code, entry in tomllib.loads(text).items()
    }


def effects(features: Sequence[str], contributions: NDArray[np.float64]) -> list[Effect]:
    """Group one applicant's contributions (one per feature, log-odds) by reason code, most harmful first.

    The contributions of all effects add up to the sum of the contributions given; order is by contribution,
    then by code, so that it never depends on chance.
    """
    totals: dict[str, float] = {}
    strongest: dict[str, tuple[float, str]] = {}
    for name, value in zip(features, contributions.tolist(), strict=True):
        code = CATALOGUE[name].reason
        totals[code] = totals.get(code, 0.0) + value
        if abs(value) >= strongest.get(code, (-1.0, ""))[0]:
            strongest[code] = (abs(value), name)
    return sorted(
        (Effect(code, total, strongest[code][1]) for code, total in totals.items()),
        key=lambda effect: (-effect.contribution, effect.code),
    )


def reportable(all_effects: Sequence[Effect]) -> list[Effect]:
    """Return the effects that may be named as reasons, in the order given; one that did nothing is no reason."""
    codes = reason_codes()
    return [effect for effect in all_effects if effect.contribution != 0 and not codes[effect.code].withheld]
