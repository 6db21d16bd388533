"""The rows of a known applicant, parsed: their histories only where no features of them are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from home_credit.applicants.definitions import definitions_version
from home_credit.tables.bundle import parse_application, parse_bundle
from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.applicants import KnownApplicant
    from home_credit.tables.bundle import ParsedBundle


def known_bundle(held: KnownApplicant, application: Mapping[str, Any] | None = None) -> ParsedBundle:
    """Return the parsed rows of a known applicant, with another ``application`` where one is given.

    The features of the histories are those of the store where they were made by the definitions of this release;
    otherwise the histories are parsed, for their features to be computed. Raises :class:`BundleError` for an
    application that breaks the schema, and :class:`ApplicantStoreError` where what is stored is damaged.
    """
    row = dict(held.application if application is None else application)
    ready = held.history_features(definitions_version())
    return (
        parse_bundle({**held.histories, APPLICATION: row}) if ready is None else parse_application(row, ready)
    )
