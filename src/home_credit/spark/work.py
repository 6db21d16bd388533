"""What is computed for a range of applicants, once all of their rows are in one task: features, or decisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

import polars as pl
import pyarrow as pa

from home_credit.decisioning.features import ApplicantFeatures
from home_credit.decisioning.model import RiskModel
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.tables import score_batches
from home_credit.default_risk import artifacts
from home_credit.default_risk.manifest import MANIFEST
from home_credit.default_risk.reasons import MAX_REASONS
from home_credit.errors import ArtifactError
from home_credit.features.build import KeptPlan
from home_credit.features.catalogue import CATALOGUE, CATEGORIES
from home_credit.features.version import definitions_version
from home_credit.spark.dealing import unpacked
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, ID, TABLES, TEST, TRAIN, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from pyspark import Broadcast

    from home_credit.config import Settings
    from home_credit.policy import Policy
    from home_credit.terms.model import TermModel

    # From the rows of the seven tables to one row for each applicant in them, in ascending SK_ID_CURR.
    Compute = Callable[[Mapping[str, pl.DataFrame]], pl.DataFrame]


class Work(Protocol):
    """Something to compute, in a form that is broadcast to all tasks."""

    @property
    def schema(self) -> pa.Schema:
        """The columns of the rows that are computed."""

    @property
    def version(self) -> str:
        """What tells this work from any other: equal versions give equal bits."""

    def load(self) -> Compute:
        """Return what computes it; called once in each Python process."""


@dataclass(frozen=True, slots=True)
class Features:
    """The feature matrix."""

    terms: TermModel
    definitions: str

    @classmethod
    def of(cls, models: Path) -> Self:
        """Return the features as the model in ``models`` reads them."""
        terms = artifacts.load(models).terms
        return cls(terms, definitions_version(terms.digest))

    @property
    def schema(self) -> pa.Schema:
        """The columns of the feature matrix."""
        kinds = [(name, pa.string() if name in CATEGORIES else pa.float64()) for name in CATALOGUE]
        return pa.schema([(ID, pa.int64()), *kinds])

    @property
    def version(self) -> str:
        """The version of the definitions."""
        return f"features {self.definitions}"

    def load(self) -> Compute:
        """Return what computes the feature matrix."""
        _require_definitions(self.definitions, self.terms)
        return KeptPlan(self.terms).compute


@dataclass(frozen=True, slots=True)
class Decisions:
    """Probability, score, grade, decision and reason codes: by the model in ``files``, content by name."""

    files: Mapping[str, bytes]
    policy: Policy
    definitions: str
    model: str

    @classmethod
    def of(cls, models: Path, settings: Settings) -> Self:
        """Return the decisions of the model in ``models`` by the costs in ``settings``."""
        scorer = Scorer.load(models, settings)
        names = (*scorer.model.manifest.artifacts, MANIFEST)
        files = {name: (models / name).read_bytes() for name in names}
        return cls(files, scorer.policy, scorer.definitions_version, scorer.version)

    @property
    def schema(self) -> pa.Schema:
        """The columns of decisions."""
        text = pa.string()
        return pa.schema(
            [
                (ID, pa.int64()),
                ("probability_of_default", pa.float64()),
                ("score", pa.int64()),
                ("grade", text),
                ("decision", text),
                *((f"reason_{n}", text) for n in range(1, MAX_REASONS + 1)),
                ("model_version", text),
            ]
        )

    @property
    def version(self) -> str:
        """The versions of definitions, model and policy."""
        return f"decisions {self.definitions} {self.model} {self.policy.version}"

    def load(self) -> Compute:
        """Return what decides; the model is checked against its manifest as everywhere."""
        with TemporaryDirectory(prefix="home-credit-model-") as folder:
            for name, content in self.files.items():
                (Path(folder) / name).write_bytes(content)
            model = RiskModel.load(Path(folder))
        _require_definitions(self.definitions, model.terms)
        scorer = Scorer(ApplicantFeatures(model.terms), model, self.policy)
        features = KeptPlan(model.terms)

        def decide(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
            rows = features.compute(frames)
            return pl.concat(score_batches(scorer, [rows], len(rows)))

        return decide


def _require_definitions(version: str, terms: TermModel) -> None:
    here = definitions_version(terms.digest)
    if here != version:
        raise ArtifactError(
            f"a worker has the definitions {here}, not {version}: install the same release there"
        )


_loaded: dict[str, Compute] = {}


def compute(work: Broadcast[Work], group: pa.Table) -> pa.Table:
    """Return the rows that ``work`` gives for the applicants of one range, whose packages are in ``group``.

    A Python process loads the work the first time.
    """
    wanted = work.value
    if wanted.version not in _loaded:
        _loaded[wanted.version] = wanted.load()
    frames = _frames(group)
    if frames[APPLICATION].is_empty():
        return wanted.schema.empty_table()
    rows = _loaded[wanted.version](frames)
    return rows.select(wanted.schema.names).to_arrow().cast(wanted.schema)


def _frames(group: pa.Table) -> dict[str, pl.DataFrame]:
    contents: dict[str, list[bytes]] = {name: [] for name in TABLES}
    for name, content in zip(group["name"].to_pylist(), group["content"].to_pylist(), strict=True):
        contents[APPLICATION if name in {TRAIN, TEST} else name].append(content)
    return {
        name: unpacked(own).select(*table(name).columns)
        if own
        else pl.DataFrame(schema=polars_schema(table(name)))
        for name, own in contents.items()
    }
