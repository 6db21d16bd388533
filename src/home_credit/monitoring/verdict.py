"""The stored verdict of the drift comparison, and the stored outcomes of decisions, read without data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from home_credit.errors import NoOutcomesError, NoVerdictError, UnavailableError
from home_credit.invalid import first_fault
from home_credit.schemas.verdicts import RealisedPerformance, StoredVerdict

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.errors import InputError

M = TypeVar("M", bound=BaseModel)

VERDICT, OUTCOMES = "drift.json", "outcomes.json"


def stored_verdict(reports: Path) -> StoredVerdict:
    """Return the verdict in the folder ``reports``.

    Raises :class:`NoVerdictError` where there is none, and :class:`UnavailableError` where it cannot be read.
    """
    return _stored(reports / VERDICT, StoredVerdict, "a verdict", NoVerdictError)


def stored_outcomes(reports: Path) -> RealisedPerformance:
    """Return the realised performance in the folder ``reports``.

    Raises :class:`NoOutcomesError` where there is none, and :class:`UnavailableError` where it cannot be read.
    """
    return _stored(reports / OUTCOMES, RealisedPerformance, "valid", NoOutcomesError)


def _stored(path: Path, model: type[M], expected: str, absent: type[InputError]) -> M:
    """Return what a file holds; raises an ``absent`` error where there is none."""
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise absent from None
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UnavailableError(f"{path} is not {expected}: {first_fault(error, 'the file')}") from error
