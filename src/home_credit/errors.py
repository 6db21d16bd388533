"""Every error that this package raises on purpose.

::

    HomeCreditError
    ├── InputError                 invalid input (exit code 2, HTTP 4xx)
    │   ├── TableError             a table that cannot be used; names table, column and row
    │   │   ├── MissingTableError
    │   │   ├── MissingColumnError
    │   │   ├── WrongTypeError
    │   │   ├── EmptyTableError
    │   │   ├── DuplicateKeyError
    │   │   ├── NotFiniteError
    │   │   └── OutOfRangeError
    │   ├── BundleError            one applicant's rows break the schema (422)
    │   ├── UnknownApplicantError  (404)
    │   ├── UnknownDecisionError   (404)
    │   ├── ErasedDecisionError    a decision whose record was erased (410)
    │   ├── IdempotencyKeyError    a key that was used for another request (422)
    │   ├── ReviewConflictError    a decision that takes no review (409)
    │   ├── OtherModelError        a record whose model is neither loaded nor kept (409)
    │   ├── OtherChecksError       a whole record whose rows the checks of this release refuse (409)
    │   ├── NoVerdictError         no drift verdict is stored (404)
    │   ├── NoOutcomesError        no realised performance is stored (404)
    │   ├── NoShadowError          no challenger has scored decisions (404)
    │   ├── MissingSecretError     a secret of the deployment is not set or not valid
    │   ├── RefusedKeyError        the hosting platform does not accept our key
    │   ├── UnknownServiceError    the hosting platform has no such service
    │   ├── UnknownKeyError        no API key of that name
    │   └── UsageError             a command called with arguments that do not fit
    │       └── MissingKeyError    a server that would be open to everybody; it needs an API key
    └── UnavailableError           a resource is not available (exit code 1, HTTP 503)
        ├── ArtifactError          no model, or one that does not match its manifest
        ├── RegistryError          no registered model under the alias asked for
        ├── ModelCardError         a model card that says what its manifest does not
        ├── KeyFileError           the file of API keys cannot be read or written
        ├── LedgerError            the ledger's database does not answer, or holds no such ledger
        │   ├── LedgerUnavailableError  the database does not answer in time; a retry may help
        │   └── BrokenRecordError  a record was changed, is missing or cannot be read (HTTP 500)
        ├── ApplicantStoreError    no store of known applicants, or one that cannot be read or filled
        ├── ApiError               the scoring API did not answer, or answered with a problem
        ├── HostingError           the hosting platform did not answer, or answered with a problem
        │   └── RateLimitError     the rate limit still holds after every attempt
        ├── FailedDeployError      a deploy ended without being live
        ├── StuckDeployError       a deploy is not live in time
        ├── ClusterError           Spark is not installed, its master does not answer, or a job on it failed
        ├── SmokeError             what was deployed does not do what it should
        └── ServiceError           a service could not be started
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class HomeCreditError(Exception):
    """Root of the tree; ``str(error)`` is one line for the user or operator, ``exit_code`` that of a command."""

    exit_code = 1


class InputError(HomeCreditError):
    """Input that cannot be used, described so that its author can correct it."""

    exit_code = 2


class TableError(InputError):
    """A table that cannot be used.

    ``row`` counts data rows from 1, the header left out; ``None`` where the problem is not in a single row.
    """

    def __init__(
        self, table: str, problem: str, *, column: str | None = None, row: int | None = None
    ) -> None:
        self.table, self.problem, self.column, self.row = table, problem, column, row
        place = ", ".join(
            part
            for part in (
                f"table {table}",
                f"column {column}" if column else "",
                f"row {row}" if row is not None else "",
            )
            if part
        )
        super().__init__(f"{place}: {problem}")


class MissingTableError(TableError):
    """An application table that is not there (a missing history table is no error)."""


class MissingColumnError(TableError):
    """A column of the schema that the table lacks."""


class WrongTypeError(TableError):
    """A value, or a whole column, that is not of the column's type."""


class EmptyTableError(TableError):
    """A table without rows where at least one is needed."""


class DuplicateKeyError(TableError):
    """Two rows with the key that must be unique."""


class NotFiniteError(TableError):
    """An infinite number."""


class OutOfRangeError(TableError):
    """A value beyond the range of its column, or at odds with another column of its row."""


class Fault(NamedTuple):
    """One fault of a request: the path of the field, such as ``bureau[2].DAYS_CREDIT``, and what is wrong with it."""

    field: str
    problem: str


class BundleError(InputError):
    """One applicant's rows break the schema.

    ``field`` and ``problem`` are those of the first fault. ``faults`` has the first faults in order; ``more`` is the
    number of further ones.
    """

    def __init__(
        self, field: str, problem: str, *, further: Iterable[tuple[str, str]] = (), more: int = 0
    ) -> None:
        self.field, self.problem, self.more = field, problem, more
        self.faults = (Fault(field, problem), *(Fault(*each) for each in further))
        others = len(self.faults) - 1 + more
        told = f" (and {others} more fault{'s' if others > 1 else ''})" if others else ""
        super().__init__(f"{field}: {problem}{told}")


class UnknownApplicantError(InputError):
    """The portfolio holds no application with that SK_ID_CURR."""

    def __init__(self, applicant_id: int | str) -> None:
        self.applicant_id = applicant_id
        super().__init__(f"no applicant with SK_ID_CURR {applicant_id} in the portfolio")


class UnknownDecisionError(InputError):
    """The ledger holds no decision with that id."""

    def __init__(self, decision_id: str) -> None:
        self.decision_id = decision_id
        super().__init__(f"no decision {decision_id} in the ledger")


class ErasedDecisionError(InputError):
    """The record of a decision was erased, on request or after the time that records are kept."""

    def __init__(self, decision_id: str) -> None:
        self.decision_id = decision_id
        super().__init__(f"the record of decision {decision_id} was erased")


class IdempotencyKeyError(InputError):
    """The idempotency key of a request was used for another one before."""

    def __init__(self) -> None:
        super().__init__("the Idempotency-Key was used for another request")


class ReviewConflictError(InputError):
    """A decision takes no review: it was reviewed before, approved, or is a simulation."""

    def __init__(self, decision_id: str, cause: str) -> None:
        self.decision_id = decision_id
        super().__init__(f"decision {decision_id} cannot be reviewed: {cause}")


class OtherModelError(InputError):
    """A recorded decision cannot be computed again: its model version is neither loaded nor kept."""

    def __init__(self, decision_id: str, recorded: str, loaded: str) -> None:
        self.decision_id, self.recorded, self.loaded = decision_id, recorded, loaded
        super().__init__(
            f"decision {decision_id} was made by model version {recorded}, which is not kept; the one loaded is"
            f" {loaded}"
        )


class OtherChecksError(InputError):
    """A record is whole, but its rows break the schema of this release, which is narrower than that of its time."""

    def __init__(self, decision_id: str, fault: BundleError) -> None:
        self.decision_id, self.fault = decision_id, fault
        super().__init__(
            f"decision {decision_id} is as it was recorded, but this release does not accept its rows: {fault}"
        )


class NoVerdictError(InputError):
    """No comparison of applications for drift is stored."""

    def __init__(self) -> None:
        super().__init__("no drift verdict is stored")


class NoOutcomesError(InputError):
    """No comparison of decisions with outcomes is stored."""

    def __init__(self) -> None:
        super().__init__("no realised performance is stored")


class NoShadowError(InputError):
    """No challenger has scored decisions in shadow, or not the one that was asked for."""

    def __init__(self, challenger: str | None) -> None:
        self.challenger = challenger
        whom = f"challenger {challenger}" if challenger else "challenger"
        super().__init__(f"no {whom} has scored decisions in shadow")


class MissingSecretError(InputError):
    """A secret of the deployment is not set or not valid; ``str(error)`` names it, but not its value."""


class RefusedKeyError(InputError):
    """The hosting platform does not accept the key."""


class UnknownServiceError(InputError):
    """The hosting platform has no service with that id that the key may see."""


class UsageError(InputError):
    """A command called with arguments that do not fit."""


class MissingKeyError(UsageError):
    """A server that would be open to everybody with what it serves; it needs an API key."""


class UnknownKeyError(InputError):
    """There is no valid API key of that name."""


class UnavailableError(HomeCreditError):
    """A resource that a request or a command needs is not available."""


class ArtifactError(UnavailableError):
    """No model, or one that does not match its manifest."""


class RegistryError(UnavailableError):
    """No registered model under the alias asked for."""


class ModelCardError(UnavailableError):
    """A model card that cannot be written from its manifest, or that differs from its manifest."""


class KeyFileError(UnavailableError):
    """The file of API keys cannot be read or written."""


class LedgerError(UnavailableError):
    """The ledger's database does not answer, or does not hold a ledger that this version can use."""


class LedgerUnavailableError(LedgerError):
    """The ledger's database does not answer in time, or fails; a retry may help."""


class BrokenRecordError(LedgerError):
    """A record of the ledger was changed, is missing or cannot be read; a retry does not help."""


class ApplicantStoreError(UnavailableError):
    """There is no store of known applicants, or it cannot be read or filled."""


class ApiError(UnavailableError):
    """The scoring API did not answer, or answered with a problem document.

    ``status`` is the HTTP status, ``None`` where no answer came. ``detail`` is what the API itself said, empty where
    something before it answered, as a hosting platform does while it wakes the API.
    """

    def __init__(self, problem: str, *, status: int | None = None, detail: str = "") -> None:
        self.status, self.detail = status, detail
        super().__init__(problem)


class HostingError(UnavailableError):
    """The hosting platform did not answer, or answered with a problem.

    ``status`` is the HTTP status, ``None`` where no answer came.
    """

    def __init__(self, problem: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(problem)


class RateLimitError(HostingError):
    """The rate limit of the hosting platform still holds after every attempt."""


class FailedDeployError(UnavailableError):
    """A deploy ended without being live: its build or its start failed, or another one took its place."""


class StuckDeployError(UnavailableError):
    """A deploy is not live within the time limit."""


class ClusterError(UnavailableError):
    """Spark is not installed here, its master does not answer, or a job on it failed."""


class SmokeError(UnavailableError):
    """A smoke check of a deployed service failed."""


class ServiceError(UnavailableError):
    """A service could not be started."""
