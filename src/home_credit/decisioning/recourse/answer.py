"""The answer to an applicant: loans that would have been approved, each assessed again from its raw rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from home_credit.decisioning.recourse import texts
from home_credit.decisioning.recourse.loans import COLUMNS, Loan, Loans
from home_credit.decisioning.recourse.search import Search
from home_credit.schemas import LoanChange, PredictionRequest, Recourse, RecourseOption, TotalCost
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from home_credit.features.rows import Numbers
    from home_credit.policy import Policy
    from home_credit.schemas import Assessment
    from home_credit.tables.bundle import ParsedBundle
    from home_credit.terms.model import TermModel

OPTIONS = 3


class Assessor(Protocol):
    """The interface of :class:`~home_credit.decisioning.scoring.Scorer` that recourse uses."""

    @property
    def policy(self) -> Policy:
        """The policy that turns a probability into a decision."""

    @property
    def terms(self) -> TermModel:
        """The model of the term of a cash loan."""

    def assess(self, bundles: Sequence[ParsedBundle], *, simulation: bool = False) -> list[Assessment]:
        """Return one assessment per bundle."""

    def variants(self, bundle: ParsedBundle, replaced: Mapping[str, Numbers], /) -> Numbers:
        """Return the probability of default with each row of the columns ``replaced`` in the application."""


def find(scorer: Assessor, request: PredictionRequest) -> Recourse:
    """Return up to three loans with which the applicant would have been approved, smallest change first.

    Each of these loans is assessed again from its raw rows, as a request with it would be. The answer may be empty.
    Raises :class:`BundleError` for invalid rows.
    """
    bundle = parse_bundle(dict(request))
    (present,) = scorer.assess([bundle])
    loan = Loan.of(bundle.application, scorer.terms)
    search = Search(loan, lambda loans: _approves(scorer, bundle, loans))
    options: list[RecourseOption] = []
    if present.decision != "approved" and loan.can_change:
        for loans, row in search.run():
            option = _verified(scorer, request, search, loans, row)
            options += [option] if option else []
            if len(options) == OPTIONS:
                break
    return Recourse(
        SK_ID_CURR=present.SK_ID_CURR,
        probability_of_default=present.probability_of_default,
        decision=present.decision,
        options=options,
        loans_tried=search.tried,
        text=texts.summary(present.decision, found=bool(options)),
        assumptions=texts.assumptions(loan),
        model_version=present.model_version,
    )


def _approves(scorer: Assessor, bundle: ParsedBundle, loans: Loans) -> NDArray[np.bool_]:
    decided = map(scorer.policy.decide, scorer.variants(bundle, loans.columns).tolist())
    return np.array([decision == "approved" for decision in decided], dtype=np.bool_)


def _verified(
    scorer: Assessor, request: PredictionRequest, search: Search, loans: Loans, row: int
) -> RecourseOption | None:
    """Assess the application with the other loan, with all features computed again; ``None`` unless it is approved."""
    loan = search.loan
    changes = _changes(loan, loans, row)
    columns = {change.field: change.new for change in changes if change.field in COLUMNS}
    changed = request.model_copy(update={APPLICATION: {**request.application, **columns}})
    (assessment,) = scorer.assess([parse_bundle(dict(changed))], simulation=True)
    if assessment.decision != "approved":
        return None
    total = _total(loan, loans, row)
    return RecourseOption(
        levers=list(loans.levers(row)),
        changes=changes,
        cost=float(loans.size[row]),
        robust=search.robust(loans, row),
        total=total,
        probability_of_default=assessment.probability_of_default,
        decision=assessment.decision,
        score=assessment.score,
        grade=assessment.grade,
        text=texts.option(loan, loans, row, total),
    )


def _changes(loan: Loan, loans: Loans, row: int) -> list[LoanChange]:
    new = {name: float(values[row]) for name, values in loans.columns.items()}
    figures: list[tuple[str, Literal["currency", "months"], float | None, float]] = [
        *(
            (name, "currency", old, new[name])
            for name, old in zip(COLUMNS, (loan.price, loan.credit, loan.annuity), strict=True)
        ),
        ("term", "months", loan.months, float(loans.months[row])),
    ]
    return [
        LoanChange(field=field, unit=unit, old=old, new=value)
        for field, unit, old, value in figures
        if old is not None and old != value
    ]


def _total(loan: Loan, loans: Loans, row: int) -> TotalCost | None:
    """Return the sum of all payments, those up front included; ``None`` where the term is not known."""
    if loan.annuity is None or loan.months is None:
        return None
    old = loan.annuity * loan.months
    new = float(loans.annuity[row] * loans.months[row] + loans.paid[row])
    return TotalCost(old=old, new=new, change=new / old - 1.0)
