"""The scores of challengers, as SQLite and PostgreSQL store them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from home_credit.ledger.shadow_scores import Judgement, Pair, ShadowScore
from support.assessments import a_decision

if TYPE_CHECKING:
    from home_credit.ledger import Ledger

START = datetime(2026, 11, 26, 9, tzinfo=UTC)


def score(number: int, champion: str = "champion-1", challenger: str = "challenger-1") -> ShadowScore:
    return ShadowScore(
        f"decision-{number}",
        START + timedelta(minutes=number),
        champion,
        Judgement(0.1 + number / 1_000, "approved", "C"),
        challenger,
        Judgement(1 / 3, "declined", "G"),
    )


def test_scores_are_read_as_they_were_stored_and_stored_once(ledger: Ledger) -> None:
    assert ledger.shadow_scores() is None
    ledger.add_shadow_scores([])
    ledger.add_shadow_scores([score(number) for number in range(5)])
    ledger.add_shadow_scores([score(number) for number in range(3, 7)])
    found = ledger.shadow_scores()
    assert found is not None
    assert found.pair == Pair("champion-1", "challenger-1")
    expected = [score(number) for number in reversed(range(7))]
    assert [(ours, theirs) for _, ours, theirs in found.scores] == [
        (each.champion, each.challenger) for each in expected
    ]
    few = ledger.shadow_scores(most=2)
    assert few is not None
    assert few.scores == found.scores[:2]


def test_the_pair_is_the_latest_or_that_of_the_challenger_asked_for(ledger: Ledger) -> None:
    ledger.add_shadow_scores([score(1), score(2, challenger="challenger-2"), score(3, champion="champion-2")])
    pairs = {
        asked: None if (found := ledger.shadow_scores(asked)) is None else found.pair
        for asked in (None, "challenger-1", "challenger-2", "challenger-3")
    }
    assert pairs == {
        None: Pair("champion-2", "challenger-1"),
        "challenger-1": Pair("champion-2", "challenger-1"),
        "challenger-2": Pair("champion-1", "challenger-2"),
        "challenger-3": None,
    }


def test_decisions_without_a_score_are_counted(ledger: Ledger) -> None:
    made = [ledger.append(a_decision(number)) for number in range(4)]
    champion = made[0].model_version
    scored = [
        ShadowScore(
            each.decision_id,
            each.recorded_at,
            champion,
            Judgement(0.1, "approved", "C"),
            "challenger-1",
            Judgement(0.1, "approved", "C"),
        )
        for each in (made[0], made[3])
    ]
    ledger.add_shadow_scores(scored)
    found = ledger.shadow_scores()
    assert found is not None
    assert (len(found.scores), found.decided) == (2, 4)
    assert ledger.verify() == 4
