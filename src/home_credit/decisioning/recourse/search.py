"""Search the loans that an applicant could have asked for, and verify what is found by assessing it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from home_credit.decisioning.recourse import texts
from home_credit.decisioning.recourse.loans import COLUMNS, Alternative, Loan
from home_credit.schemas import LoanChange, PredictionRequest, Recourse, RecourseOption
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from home_credit.features.rows import Numbers
    from home_credit.policy import Policy
    from home_credit.schemas import Assessment
    from home_credit.tables.bundle import ParsedBundle

OPTIONS = 3


class Assessor(Protocol):
    """What recourse asks of :class:`~home_credit.decisioning.scoring.Scorer`."""

    @property
    def policy(self) -> Policy:
        """The policy that turns a probability into a decision."""

    def assess(self, bundles: Sequence[ParsedBundle], *, simulation: bool = False) -> list[Assessment]:
        """Return one assessment per bundle."""

    def variants(self, bundle: ParsedBundle, replaced: Mapping[str, Numbers], /) -> Numbers:
        """Return the probability of default with each row of the columns ``replaced`` in the application."""


def find(scorer: Assessor, request: PredictionRequest) -> Recourse:
    """Return up to three loans with which the applicant would have been approved, smallest change first.

    All loans of the grid are scored in one batch; each one told is then assessed again from its raw rows, as a
    request with them would be. No loan at all is an answer too. Raises :class:`BundleError` as parsing does.
    """
    bundle = parse_bundle(dict(request))
    (present,) = scorer.assess([bundle])
    loan = Loan.of(bundle.application)
    tried = [] if present.decision == "approved" else loan.alternatives()
    options: list[RecourseOption] = []
    for alternative, robust in _smallest(_approved(scorer, bundle, tried), tried):
        option = _verified(scorer, request, loan, alternative, robust=robust)
        options += [option] if option else []
        if len(options) == OPTIONS:
            break
    return Recourse(
        SK_ID_CURR=present.SK_ID_CURR,
        probability_of_default=present.probability_of_default,
        decision=present.decision,
        options=options,
        loans_tried=len(tried),
        text=texts.summary(present.decision, found=bool(options)),
        model_version=present.model_version,
    )


def _approved(scorer: Assessor, bundle: ParsedBundle, tried: Sequence[Alternative]) -> list[Alternative]:
    if not tried:
        return []
    columns = np.array([alternative.columns for alternative in tried], dtype=np.float64)
    replaced = dict(zip(COLUMNS, columns.T, strict=True))
    decisions = map(scorer.policy.decide, scorer.variants(bundle, replaced).tolist())
    return [
        alternative for alternative, decision in zip(tried, decisions, strict=True) if decision == "approved"
    ]


def _smallest(
    approved: Sequence[Alternative], tried: Sequence[Alternative]
) -> Iterator[tuple[Alternative, bool]]:
    """Yield the cheapest approved loan of each set of levers, cheapest first, and whether it is robust.

    A set of levers is left out where some of them alone cost no more. Trees are not monotone: robust is a loan
    with which the next smaller amount is approved too, and others are taken only where no such loan exists.
    """
    steady = _robust(approved, tried)
    cheapest: dict[frozenset[str], Alternative] = {}
    for alternative in sorted(steady or approved, key=lambda other: (other.cost, other.place)):
        levers = frozenset(alternative.place.levers)
        # Cheaper ones came before: any subset that is there already costs no more.
        if not any(fewer <= levers for fewer in cheapest):
            cheapest[levers] = alternative
    yield from ((alternative, bool(steady)) for alternative in cheapest.values())


def _robust(approved: Sequence[Alternative], tried: Sequence[Alternative]) -> list[Alternative]:
    grid = {alternative.place for alternative in tried}
    good = {alternative.place for alternative in approved}
    next_one = {place: place._replace(amount=place.amount + 1) for place in good}
    # The smallest amount of all has no neighbour to differ from.
    return [other for other in approved if (beyond := next_one[other.place]) in good or beyond not in grid]


def _verified(
    scorer: Assessor, request: PredictionRequest, loan: Loan, other: Alternative, *, robust: bool
) -> RecourseOption | None:
    """Assess the application with the other loan, every feature computed anew; ``None`` unless approved."""
    changes = _changes(loan, other)
    columns = {change.field: change.new for change in changes if change.field in COLUMNS}
    changed = request.model_copy(update={APPLICATION: {**request.application, **columns}})
    (assessment,) = scorer.assess([parse_bundle(dict(changed))], simulation=True)
    if assessment.decision != "approved":
        return None
    return RecourseOption(
        levers=list(other.place.levers),
        changes=changes,
        cost=other.cost,
        robust=robust,
        probability_of_default=assessment.probability_of_default,
        decision=assessment.decision,
        score=assessment.score,
        grade=assessment.grade,
        text=texts.option(loan, other),
    )


def _changes(loan: Loan, other: Alternative) -> list[LoanChange]:
    figures = [
        *(
            (column, "currency", *both)
            for column, *both in zip(COLUMNS, loan.columns, other.columns, strict=True)
        ),
        ("term", "months", loan.term, other.term),
    ]
    return [
        LoanChange(field=field, unit=unit, old=old, new=new)
        for field, unit, old, new in figures
        if old is not None and new is not None and old != new
    ]
