"""The statistics of the applicants that a model was trained on, stored beside it: counts and sums, never rows."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from home_credit.default_risk.artifacts import REFERENCE
from home_credit.default_risk.manifest import MANIFEST, Manifest
from home_credit.errors import ArtifactError
from home_credit.invalid import first_fault
from home_credit.monitoring.bins import Bins
from home_credit.monitoring.layout import Layout
from home_credit.monitoring.scores import with_policy

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from numpy.typing import NDArray

    from home_credit.policy import Policy


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnReference(_Section):
    """The cells of a column and how many applicants each has.

    ``contributions`` is the mean contribution to the log-odds, in each cell, of the features that depend on the column;
    ``weight`` is the column's share of all contributions. Both are ``None`` without a model.
    """

    name: str
    edges: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    categories: tuple[str, ...] | None = None
    counts: tuple[int, ...]
    contributions: tuple[float, ...] | None = None
    weight: float | None = None

    @property
    def bins(self) -> Bins:
        """The cells."""
        return Bins(self.edges, self.values, self.categories)


class ScoreReference(_Section):
    """Sums over scored applicants, in the order of :data:`home_credit.monitoring.scores.FIGURES`.

    ``defaults`` and ``applicants`` by grade are those of training, ``auc`` the one out of fold. ``policy_version`` is
    that of the policy whose decisions and costs are summed.
    """

    policy_version: str | None = None
    sums: tuple[float, ...]
    auc: float | None = None
    applicants: tuple[int, ...] | None = None
    defaults: tuple[int, ...] | None = None

    @property
    def array(self) -> NDArray[np.float64]:
        """The sums."""
        return np.array(self.sums)

    def under(self, policy: Policy) -> ScoreReference:
        """Return the sums with the decisions and costs of ``policy``."""
        if policy.version == self.policy_version:
            return self
        moved = with_policy(self.array, policy)
        return self.model_copy(update={"sums": tuple(moved.tolist()), "policy_version": policy.version})

    @property
    def scored(self) -> int:
        """How many applicants have a score."""
        return int(self.sums[0])


class Reference(_Section):
    """What a window of applications is compared with.

    ``repeated`` is the number of pairs of applications that are equal in every column. ``fingerprint`` is that of the
    tables, by which the reference belongs to a model.
    """

    schema_version: Literal[1] = 1
    fingerprint: str | None
    rows: int
    repeated: int
    columns: tuple[ColumnReference, ...]
    scores: ScoreReference | None = None

    @cached_property
    def layout(self) -> Layout:
        """The cells of all columns, one after the other."""
        return Layout({column.name: column.bins for column in self.columns})

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """The counts of all columns, one after the other."""
        return np.concatenate([column.counts for column in self.columns]).astype(np.int64)

    def write(self, directory: Path) -> None:
        """Write the statistics to ``directory``."""
        text = self.model_dump_json(exclude_none=True)
        (directory / REFERENCE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def of_model(cls, directory: Path) -> Self:
        """Read the statistics of the model in ``directory``.

        Raises :class:`ArtifactError` where there are none, or they are not those that the manifest names.
        """
        path = directory / REFERENCE
        try:
            manifest, text = Manifest.read(directory), path.read_bytes()
        except OSError as error:
            raise ArtifactError(f"{error.filename} cannot be read: {error.strerror}") from error
        if hashlib.sha256(text).hexdigest() != manifest.reference:
            raise ArtifactError(f"{path} is not the file that {MANIFEST} names; train or restore it")
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ArtifactError(f"{path} has no statistics: {first_fault(error, 'the file')}") from error
