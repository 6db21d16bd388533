"""Reasons as they are read: each sentence once, on the side of its effect, with nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.dashboard.arguments import arguments
from home_credit.dashboard.texts import texts
from home_credit.schemas import Text

FR = texts("fr")
SENTENCES = [Text(en=f"Sentence {place}", fr=f"Phrase {place}") for place in range(4)]


@given(st.lists(st.tuples(st.sampled_from(SENTENCES), st.floats(-2, 2, allow_subnormal=False)), max_size=20))
def test_a_sentence_is_said_once_on_each_side_with_the_sum_of_its_effects(
    effects: list[tuple[Text, float]],
) -> None:
    against, favour = arguments(effects, FR)
    for side, sign in ((against, 1), (favour, -1)):
        assert all(each.effect * sign > 0 for each in side)
        assert len({each.text for each in side}) == len(side)
        assert [abs(each.effect) for each in side] == sorted(
            (abs(each.effect) for each in side), reverse=True
        )
        for each in side:
            parts = [effect for text, effect in effects if text.fr == each.text and effect * sign > 0]
            assert each.effect == pytest.approx(sum(parts))
    told = {(text.fr, effect > 0) for text, effect in effects if effect}
    assert told == {(each.text, True) for each in against} | {(each.text, False) for each in favour}
