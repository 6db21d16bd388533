"""Requests for a decision: on rows that come with the request, and on those held of a known applicant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from home_credit.decisioning.known import known_bundle
from home_credit.errors import BundleError, UnknownApplicantError
from home_credit.ledger.bundles import StoredBundle
from home_credit.ledger.records import Idempotency
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION, ID, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from home_credit.applicants import ApplicantStore, KnownApplicant
    from home_credit.schemas import PredictionRequest
    from home_credit.tables.bundle import ParsedBundle

__all__ = ["Checked", "DecisionRequest", "Idempotency", "KnownRequest", "RawRequest", "held_of", "of_history"]

LARGEST_ID = 2**63 - 1


class Checked(NamedTuple):
    """The rows of a request, checked: parsed for the decision, and encoded for its record."""

    parsed: ParsedBundle
    stored: StoredBundle


class DecisionRequest(Protocol):
    """A request for one decision."""

    @property
    def simulation(self) -> bool:
        """Whether the decision is marked as one that is not on a real application."""

    @property
    def idempotency(self) -> Idempotency | None:
        """What a repetition of the request is recognised by."""

    @property
    def decided_at(self) -> datetime | None:
        """The time of the decision in a simulated history, ``None`` for any other."""

    @property
    def size(self) -> int:
        """The bytes of its rows, as far as they come with it."""

    def checked(self, applicants: Callable[[], ApplicantStore]) -> Checked:
        """Return the checked rows.

        Raises :class:`BundleError` for rows that break the schema, and what reading them raises.
        """


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request with the applicant's rows: ``read`` returns them when they are needed, or raises their errors.

    ``text`` is the JSON that it reads, where there is one.
    """

    read: Callable[[], PredictionRequest]
    simulation: bool = False
    idempotency: Idempotency | None = None
    text: bytes = b""
    decided_at: None = None

    @property
    def size(self) -> int:
        """The bytes of the text."""
        return len(self.text)

    def checked(self, _applicants: Callable[[], ApplicantStore]) -> Checked:
        """Return the checked rows; no known applicant is looked up."""
        rows = dict(self.read())
        if TARGET in rows[APPLICATION]:
            rows[APPLICATION] = without_label(rows[APPLICATION])
        elif self.text:
            return Checked(parse_bundle(rows), StoredBundle.of_json(self.text))
        return Checked(parse_bundle(rows), StoredBundle.of_rows(rows))


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """A request on the rows held of a known applicant; with ``overrides``, even empty, a simulation."""

    applicant_id: int
    overrides: Mapping[str, object] | None = None
    idempotency: Idempotency | None = None
    decided_at: datetime | None = None

    @property
    def simulation(self) -> bool:
        """Whether columns of the application are replaced, or the decision is one of a simulated history."""
        return self.overrides is not None or self.decided_at is not None

    @property
    def size(self) -> int:
        """No rows come with the request."""
        return 0

    def checked(self, applicants: Callable[[], ApplicantStore]) -> Checked:
        """Return the checked rows."""
        held = held_of(applicants(), self.applicant_id)
        if not self.overrides:
            return Checked(known_bundle(held), StoredBundle.of_columns(*held.payloads))
        if self.overrides.get(ID, self.applicant_id) != self.applicant_id:
            raise BundleError(f"{APPLICATION}.{ID}", "a simulation cannot be of another applicant")
        application = without_label({**held.application, **self.overrides})
        return Checked(
            known_bundle(held, application),
            StoredBundle.of_rows({APPLICATION: application, **held.histories}),
        )


def of_history(number: int) -> Idempotency:
    """Return what a decision of the simulated history of a demo is recognised by; the first one has the number 0."""
    return Idempotency.of("simulated history", str(number), b"")


def held_of(applicants: ApplicantStore, applicant_id: int) -> KnownApplicant:
    """Return what is held of an applicant; raises :class:`UnknownApplicantError`."""
    if not 0 <= applicant_id <= LARGEST_ID:
        raise UnknownApplicantError(applicant_id)
    return applicants.read(applicant_id)


def without_label(application: Mapping[str, object]) -> dict[str, object]:
    """Return an application without the label of the training table, which is neither read nor checked."""
    return {name: value for name, value in application.items() if name != TARGET}
