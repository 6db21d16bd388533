"""A folder of tables into a store, in one stream: memory is bounded by a batch of applicants, not by the tables."""

from __future__ import annotations

import hashlib
import math
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
from polars import selectors

from home_credit.applicants import figures
from home_credit.applicants.address import parsed
from home_credit.applicants.collecting import Collected, payloads
from home_credit.applicants.definitions import definitions_version
from home_credit.applicants.peers import Described
from home_credit.applicants.schema import (
    SCHEMA_VERSION,
    Content,
    applicant_peers,
    applicant_rows,
    applicants,
    compressed,
    encoded,
    packed,
)
from home_credit.applicants.store import ApplicantStore
from home_credit.applicants.writing import replacing
from home_credit.errors import ApplicantStoreError
from home_credit.features.build import history_features
from home_credit.progress import Progress, silent
from home_credit.tables.files import find
from home_credit.tables.frames import age_band, is_known
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TABLES, TEST, TRAIN, table
from home_credit.tables.source import open_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from home_credit.features.rows import Value
    from home_credit.tables.source import Source, Split

    Rows = list[dict[str, Any]]

BATCH = 5_000
STAGE = "applicants loaded"
FILES = (TRAIN, TEST, *HISTORIES)
NO_ROWS = b"[]"
BALANCES, CREDIT = "bureau_balance", "SK_ID_BUREAU"
OWNER = "owner"  # no column of the schema


@dataclass(frozen=True, slots=True)
class HistoryFeatures:
    """How the features of histories are made, and under which version of their definitions.

    ``compute`` takes the seven tables of some applicants and returns SK_ID_CURR and the features in the order of
    their definitions, one row per applicant.
    """

    version: str
    compute: Callable[[Mapping[str, pl.LazyFrame]], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class Grading:
    """How applicants are graded, and by which model.

    ``compute`` takes the applications of some applicants and the features of their histories, in the order of their
    definitions, and returns the grade of each.
    """

    model_version: str
    compute: Callable[[Sequence[Mapping[str, Any]], Sequence[Sequence[Value]]], Sequence[str]]


class _Made(NamedTuple):
    """What is made of applicants, ids ascending: packed features of histories by id, figures, grades."""

    features: dict[int, bytes]
    figures: list[list[Value]]
    grades: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a load."""

    content: Content
    warnings: list[str]


def current_features() -> HistoryFeatures:
    """Return how this release makes the features of histories."""
    return HistoryFeatures(definitions_version(), history_features)


def held(address: str) -> Content | None:
    """Return what the store at ``address`` holds, ``None`` where there is none that this release reads.

    Raises :class:`UsageError` for an address that cannot be a store.
    """
    try:
        with closing(ApplicantStore.open(address)) as store:
            return store.content()
    except ApplicantStoreError:
        return None


def generation(tables: Path, features: HistoryFeatures | None, grading: Grading | None = None) -> str:
    """Return the digest of everything that the content of a store depends on: files, definitions, schema, model."""
    versions = f"{SCHEMA_VERSION} {features and features.version} {grading and grading.model_version}"
    digest = hashlib.sha256(versions.encode())
    for name in FILES:
        for path in find(tables, name)[:1]:
            with path.open("rb") as file:
                digest.update(f"\n{path.name} ".encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def load(
    tables: Path,
    address: str,
    features: HistoryFeatures | None = None,
    grading: Grading | None = None,
    *,
    progress: Progress = silent,
    batch: int = BATCH,
) -> Loaded:
    """Replace the content of the store at ``address`` by the applicants of the folder ``tables``.

    ``batch`` applicants are in memory at a time. ``grading`` needs the ``features`` of this release, and is left out
    without them.
    Raises what :func:`~home_credit.tables.source.open_tables` raises for tables that cannot be used,
    :class:`UsageError` for an address that cannot be a store, and :class:`ApplicantStoreError` where it cannot be
    written. The old content stays then, as it does where the process is killed.
    """
    where = parsed(address)
    # Before the rows: files that change while they are read have another digest the next time.
    if not _current(features):
        grading = None
    digest = generation(tables, features, grading)
    with open_tables(tables, _split(tables), progress) as source, replacing(where) as writer:
        total = len(source.applicants)
        content = Content(
            generation=digest,
            total=total,
            source=str(tables.resolve()),
            definitions_version=features.version if features else None,
            model_version=grading.model_version if grading else None,
            columns={name: tuple(table(name).columns) for name in TABLES},
        )
        done, collected = 0, Collected(_figures(features), total)
        progress(STAGE, done, total)
        for listed, rows in _batches(source, features, grading, batch, collected):
            writer.write(applicants, listed)
            writer.write(applicant_rows, rows)
            done += len(listed)
            progress(STAGE, done, total)
        for name, payload in payloads(collected.peers()):
            writer.write(applicant_peers, [{"name": name, "payload": payload}])
        writer.describe(content)
        return Loaded(content, source.warnings)


def _split(tables: Path) -> Split:
    """Return the split that takes every application there is."""
    train, test = find(tables, TRAIN), find(tables, TEST)
    if train and test:
        return "all"
    return "test" if test else "train"


def _figures(features: HistoryFeatures | None) -> tuple[str, ...]:
    """Return the figures that can be computed: those of histories by the definitions of this release alone."""
    return figures.FIGURES if _current(features) else figures.OF_APPLICATION


def _current(features: HistoryFeatures | None) -> bool:
    return features is not None and features.version == definitions_version()


def _batches(
    source: Source,
    features: HistoryFeatures | None,
    grading: Grading | None,
    size: int,
    collected: Collected,
) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows of both tables of the store, applicants ascending, whose figures are ``collected``."""
    ids, training = source.applicants[ID].sort(), source.target[ID]
    for start in range(0, len(ids), size):
        frames = _of(ids.slice(start, size), source.written)
        listed, made = _listed(frames[APPLICATION], training), _made(frames, features, grading)
        incomes = _known(frames[APPLICATION].sort(ID), "NAME_INCOME_TYPE")
        described = [
            Described(each["contract"], each["age_band"], each["region_rating"], income, grade)
            for each, income, grade in zip(listed, incomes, made.grades, strict=True)
        ]
        collected.add([each["applicant_id"] for each in listed], described, made.figures)
        yield listed, _payloads(frames, made.features)


def _known(application: pl.DataFrame, name: str) -> list[Any]:
    """Return the values of a column, ``None`` where the schema does not know them."""
    known = pl.when(is_known(table(APPLICATION).columns[name])).then(pl.col(name))
    return application.select(known.alias(name))[name].to_list()


def _of(ids: pl.Series, tables: Mapping[str, pl.LazyFrame]) -> dict[str, pl.DataFrame]:
    """Return the rows of a range of applicants, in the order of their files, with the applicant as OWNER."""
    within = pl.col(ID).is_between(ids[0], ids[-1])
    frames = {
        name: frame.filter(within).with_columns(pl.col(ID).alias(OWNER)).collect(engine="streaming")
        for name, frame in tables.items()
        if name != BALANCES
    }
    credits_held = frames["bureau"].select(CREDIT, OWNER)
    balances = tables[BALANCES].filter(pl.col(CREDIT).is_in(credits_held[CREDIT].implode()))
    frames[BALANCES] = balances.collect(engine="streaming").join(
        credits_held, on=CREDIT, how="left", maintain_order="left"
    )
    return frames


def _listed(application: pl.DataFrame, training: pl.Series) -> Rows:
    columns = table(APPLICATION).columns

    def known(name: str) -> pl.Expr:
        return pl.when(is_known(columns[name])).then(pl.col(name))

    return (
        application.sort(ID)
        .select(
            pl.col(ID).alias("applicant_id"),
            pl.when(pl.col(ID).is_in(training.implode()))
            .then(pl.lit("train"))
            .otherwise(pl.lit("test"))
            .alias("split"),
            age_band(pl.col("DAYS_BIRTH")).alias("age_band"),
            known("NAME_CONTRACT_TYPE").alias("contract"),
            known("REGION_RATING_CLIENT").alias("region_rating"),
        )
        .to_dicts()
    )


def _payloads(frames: Mapping[str, pl.DataFrame], features: Mapping[int, bytes]) -> Rows:
    histories = [_encoded(frames[name], tuple(table(name).columns)) for name in HISTORIES]
    application = frames[APPLICATION].sort(ID).select(OWNER, *table(APPLICATION).columns)
    return [
        {
            "applicant_id": applicant,
            "application": packed(row),
            "histories": compressed(
                b"[" + b",".join(history.get(applicant, NO_ROWS) for history in histories) + b"]"
            ),
            "history_features": features.get(applicant),
        }
        for applicant, *row in application.iter_rows()
    ]


def _encoded(history: pl.DataFrame, columns: tuple[str, ...]) -> dict[int, bytes]:
    """Return the JSON of each owner's rows: a list per column."""
    by_owner = history.sort(OWNER, maintain_order=True)
    values = [by_owner[column].to_list() for column in columns]
    found: dict[int, bytes] = {}
    end = 0
    for rows, owner in by_owner[OWNER].rle().struct.unnest().iter_rows():
        start, end = end, end + rows
        found[owner] = encoded([column[start:end] for column in values])
    return found


def _made(
    frames: Mapping[str, pl.DataFrame], features: HistoryFeatures | None, grading: Grading | None
) -> _Made:
    """Return what is made of the rows, in one pass over the applicants.

    A warning of an unknown value belongs to the decision: it is made from the rows then, not from kept features.
    """
    compute = figures.compute(_figures(features))
    applications = frames[APPLICATION].sort(ID).to_dicts()
    if features is None:
        figured = [compute(application, ()) for application in applications]
        return _Made({}, figured, [None] * len(applications))
    warned = _with_unknown_values(frames)
    made = features.compute({name: frame.drop(OWNER).lazy() for name, frame in frames.items()})
    # A missing number is NaN, as in the functions that compute a request.
    rows = made.with_columns(selectors.float().fill_null(math.nan)).collect().sort(ID).rows()
    histories = [values for _, *values in rows]
    return _Made(
        {applicant: packed(values) for applicant, *values in rows if applicant not in warned},
        [compute(*each) for each in zip(applications, histories, strict=True)],
        grading.compute(applications, histories) if grading else [None] * len(rows),
    )


def _with_unknown_values(frames: Mapping[str, pl.DataFrame]) -> set[int]:
    found: set[int] = set()
    for name in TABLES:
        unknown = [~is_known(column) for column in table(name).columns.values() if column.values]
        if unknown:
            found.update(frames[name].filter(pl.any_horizontal(unknown))[OWNER])
    return found
