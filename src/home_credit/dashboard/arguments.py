"""The reasons of a decision as they are read: what several reason codes say in the same words is said once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import Text


class Argument(NamedTuple):
    """A sentence and its effect in log-odds of default, positive where it raises the risk."""

    text: str
    effect: float


def arguments(
    effects: Iterable[tuple[Text, float]], translate: Texts
) -> tuple[list[Argument], list[Argument]]:
    """Return the arguments against an applicant and those in favour, the strongest first.

    The effects of reasons of the same words and the same side are added.
    """
    against: dict[str, float] = {}
    favour: dict[str, float] = {}
    for text, effect in effects:
        if effect:
            said, side = translate.of(text), against if effect > 0 else favour
            side[said] = side.get(said, 0.0) + effect
    return _ranked(against), _ranked(favour)


def _ranked(side: dict[str, float]) -> list[Argument]:
    # A stable order: equal effects stay in the order of the reasons.
    return sorted((Argument(*each) for each in side.items()), key=lambda each: -abs(each.effect))
