"""The stored verdict of the drift comparison, and the stored outcomes of decisions, read without data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from home_credit.errors import NoOutcomesError, NoVerdictError, UnavailableError
from home_credit.invalid import first_fault
from home_credit.schemas.verdicts import RealisedPerformance, StoredVerdict

if TYPE_CHECKING:
    from pathlib import Path

VERDICT, OUTCOMES = "drift.json", "outcomes.json"


def stored_verdict(reports: Path) -> StoredVerdict:
    """Return the verdict in the folder ``reports``.

    Raises :class:`NoVerdictError` where there is none, and :class:`UnavailableError` where it cannot be read.
    """
    path = reports / VERDICT
    try:
        return StoredVerdict.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NoVerdictError from None
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UnavailableError(f"{path} is not a verdict: {first_fault(error, 'the file')}") from error


def stored_outcomes(reports: Path) -> RealisedPerformance:
    """Return the realised performance in the folder ``reports``.

    Raises :class:`NoOutcomesError` where there is none, and :class:`UnavailableError` where it cannot be read.
    """
    path = reports / OUTCOMES
    try:
        return RealisedPerformance.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NoOutcomesError from None
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UnavailableError(f"{path} is not valid: {first_fault(error, 'the file')}") from error
