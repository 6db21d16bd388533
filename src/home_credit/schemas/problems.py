"""Problem documents, and the answer to a batch, which may hold some."""

from __future__ import annotations

from home_credit.schemas.base import Model
from home_credit.schemas.decisions import Decision


class FieldError(Model):
    """One invalid field, by its path, and what is wrong with it."""

    field: str
    detail: str


class Problem(Model):
    """An RFC 9457 problem document.

    ``field`` names the first invalid field where there is one; ``errors`` has the first twenty of an applicant's rows.
    """

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    errors: list[FieldError] | None = None


class BatchItem(Model):
    """The outcome of one bundle of a batch: a decision, or the problem with that bundle."""

    index: int
    decision: Decision | None = None
    problem: Problem | None = None


class BatchResponse(Model):
    """Answer of ``POST /predict/batch``, in the order of the request."""

    results: list[BatchItem]
