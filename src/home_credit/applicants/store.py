"""Known applicants, read one at a time by id, or found by what describes them."""

from __future__ import annotations

import zlib
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select

from home_credit.applicants import search
from home_credit.applicants.address import parsed, shown
from home_credit.applicants.collecting import of_payloads
from home_credit.applicants.reading import Reader, absent, reader
from home_credit.applicants.schema import (
    SCHEMA_VERSION,
    Content,
    applicant_peers,
    applicant_store,
    unpacked,
)
from home_credit.errors import ApplicantStoreError, UnknownApplicantError
from home_credit.schemas import ApplicantList, ApplicantQuery
from home_credit.tables.schema import APPLICATION, HISTORIES

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from home_credit.applicants.peers import Peers

Row = dict[str, Any]
Bundle = dict[str, Any]
# A missing number is NaN, a missing text None.
Value = float | str | None
ATTEMPTS = 3


class KnownApplicant:
    """What the store holds of one applicant, decoded when asked for.

    Raises :class:`ApplicantStoreError` where it is damaged.
    """

    def __init__(
        self,
        applicant_id: int,
        application: bytes,
        histories: bytes,
        history_features: bytes | None,
        content: Content,
    ) -> None:
        self.applicant_id = applicant_id
        self._application, self._histories, self._features = application, histories, history_features
        self._content = content

    @cached_property
    def application(self) -> Row:
        """The row of the application, with every column of the schema; what is missing is ``None``."""
        return dict(zip(self._content.columns[APPLICATION], self._unpacked(self._application), strict=True))

    @cached_property
    def histories(self) -> dict[str, list[Row]]:
        """The rows of each history, in the order of the tables; what is missing is left out."""
        tables: dict[str, list[Row]] = {}
        for name, columns in zip(HISTORIES, self._unpacked(self._histories), strict=True):
            names = self._content.columns[name]
            tables[name] = [
                {column: value for column, value in zip(names, row, strict=True) if value is not None}
                for row in zip(*columns, strict=True)
            ]
        return tables

    @property
    def bundle(self) -> Bundle:
        """All raw rows, as a request brings them."""
        return {APPLICATION: self.application, **self.histories}

    @property
    def payloads(self) -> tuple[bytes, bytes, bytes]:
        """The names of the columns by table, the application and the histories, as compressed JSON."""
        return self._content.column_names, self._application, self._histories

    def history_features(self, definitions_version: str) -> list[Value] | None:
        """Return the features of the histories in the order of their definitions.

        ``None`` where the store holds those of other definitions, or none: they are computed from the rows then.
        Where there are some, every row of the applicant was checked by this release and gives no warning.
        """
        if self._features is None or self._content.definitions_version != definitions_version:
            return None
        features: list[Value] = self._unpacked(self._features)
        return features

    def _unpacked(self, payload: bytes) -> Any:
        try:
            return unpacked(payload)
        except (zlib.error, ValueError) as error:
            raise ApplicantStoreError(
                f"the rows that are stored of applicant {self.applicant_id} are damaged: {error}"
            ) from error


class ApplicantStore:
    """The store at one address; safe to use from several threads, also while it is loaded anew.

    Every method raises :class:`~home_credit.errors.ApplicantStoreError` where the store cannot be read.
    """

    def __init__(self, address: str) -> None:
        self._where = parsed(address)
        self._reader: Reader = reader(address)
        self._peers: tuple[str, Peers] | None = None
        self._reading_peers = Lock()
        try:
            with self._reader.connection() as connection:
                if not inspect(connection).has_table(applicant_store.name):
                    raise absent(self._where)
                self._content = self._read_content(connection)
        except BaseException:
            self._reader.close()
            raise

    @classmethod
    def open(cls, address: str) -> ApplicantStore:
        """Open the store at an SQLAlchemy address: ``sqlite:///FILE`` or ``postgresql://…``.

        Raises :class:`UsageError` for another address, and :class:`ApplicantStoreError` where there is no store,
        or one that was filled for another release.
        """
        return cls(address)

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    def content(self) -> Content:
        """Return what was loaded last."""
        with self._reader.connection() as connection:
            return self._read_content(connection)

    @property
    def total(self) -> int:
        """The number of known applicants."""
        return self.content().total

    def applicants(self, after: int = 0, limit: int = 50) -> list[int]:
        """Return up to ``limit`` ids above ``after``, ascending; at most a thousand at once."""
        return self.search(ApplicantQuery(after=after, limit=limit)).applicants

    def search(self, query: ApplicantQuery) -> ApplicantList:
        """Return a page of the applicants that match, and how many do, up to 10,000; without a filter, all do."""
        with self._reader.connection() as connection:
            ids = list(connection.scalars(search.page(query)))
            if query.filtered:
                total = connection.scalar(search.count(query)) or 0
            else:
                total = self._read_content(connection).total
        return ApplicantList(applicants=ids, total=total)

    def read(self, applicant_id: int) -> KnownApplicant:
        """Return what is held of one applicant, all of it from the same load.

        Raises :class:`UnknownApplicantError`.
        """
        if abs(applicant_id) > search.LARGEST_ID:
            raise UnknownApplicantError(applicant_id)
        for _ in range(ATTEMPTS):
            row = self._reader.applicant(applicant_id)
            if row is None:
                raise UnknownApplicantError(applicant_id)
            application, histories, features, generation = row
            # Columns are named once per load; another one may have brought others.
            content = self._content
            if content.generation != generation:
                content = self._content = self.content()
            if content.generation == generation:
                return KnownApplicant(applicant_id, application, histories, features, content)
        raise ApplicantStoreError(f"the applicant store at {shown(self._where)} is being replaced")

    def peers(self) -> tuple[Content, Peers]:
        """Return what was loaded, and the applicants of it that others are compared with, read once for each load."""
        with self._reading_peers, self._reader.connection() as connection:
            content = self._read_content(connection)
            if self._peers is None or self._peers[0] != content.generation:
                self._peers = content.generation, self._read_peers(connection)
            return content, self._peers[1]

    def bundle(self, applicant_id: int) -> Bundle:
        """Return the raw rows of one applicant, ready for JSON: nulls stay in the application only.

        Raises :class:`UnknownApplicantError`.
        """
        return self.read(applicant_id).bundle

    @staticmethod
    def _read_peers(connection: Connection) -> Peers:
        stored = connection.execute(select(applicant_peers.c.name, applicant_peers.c.payload))
        try:
            return of_payloads({each.name: each.payload for each in stored})
        except (zlib.error, ValueError, KeyError) as error:
            raise ApplicantStoreError(
                f"the figures of applicants that are stored are damaged: {error}"
            ) from error

    def _read_content(self, connection: Connection) -> Content:
        version = connection.scalar(select(applicant_store.c.schema_version))
        if version is None:
            raise absent(self._where)
        if version != SCHEMA_VERSION:
            raise ApplicantStoreError(
                f"the applicant store at {shown(self._where)} has schema {version}, this release reads"
                f" {SCHEMA_VERSION}; home-credit load --tables DIR fills it anew"
            )
        return Content.of_row(connection.execute(select(applicant_store)).mappings().one())
