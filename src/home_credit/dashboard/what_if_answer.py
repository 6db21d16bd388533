"""The simulated answer beside the one before it, and what moved it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import decision_view, markup, what_if
from home_credit.dashboard.arguments import arguments

if TYPE_CHECKING:
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import Decision

DECIMALS = 2  # of a probability in per cent: a small change shows


def show(before: Decision, after: Decision, whose: str, translate: Texts) -> None:
    """Draw the answer ``after`` a change beside the one ``before``; ``whose`` names the application."""
    text = translate("simulate.unchanged" if before == after else f"decision.{after.decision}_text")
    _banner(after, text, whose, translate)
    pairs = [
        (translate("risk.probability"), translate.percent(before.probability_of_default, DECIMALS),
         translate.percent(after.probability_of_default, DECIMALS)),
        (translate("risk.grade"), before.grade, after.grade),
        (translate("risk.score"), translate.number(before.score), translate.number(after.score)),
        (translate("simulate.decision"), translate(f"decision.{before.decision}"),
         translate(f"decision.{after.decision}")),
    ]  # fmt: skip
    heads = [translate(f"simulate.{head}") for head in ("figure", "before", "after")]
    st.html(markup.table(translate("simulate.table"), heads, [markup.cells(*pair) for pair in pairs]))
    _moved(before, after, translate)


def show_first(answer: Decision, whose: str, translate: Texts) -> None:
    """Draw the first answer on an application."""
    _banner(answer, translate(f"decision.{answer.decision}_text"), whose, translate)


def _banner(answer: Decision, text: str, whose: str, translate: Texts) -> None:
    verdict = translate(f"decision.{answer.decision}")
    st.html(markup.banner(answer.decision, verdict, text, (translate("simulate.mark"), whose)))


def _moved(before: Decision, after: Decision, translate: Texts) -> None:
    changes = ((each.reason.text, each.change) for each in what_if.moved(before, after))
    worse, better = arguments(changes, translate)
    decision_view.show_arguments(translate("simulate.worse"), worse, "against", translate)
    decision_view.show_arguments(translate("simulate.better"), better, "for", translate)
