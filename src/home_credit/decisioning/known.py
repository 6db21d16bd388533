"""The rows of a known applicant, parsed: their histories only where no features of them are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from home_credit.applicants.definitions import definitions_version
from home_credit.tables.bundle import ParsedBundle, parse_application, parse_bundle
from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.applicants import KnownApplicant


def known_bundle(held: KnownApplicant, application: Mapping[str, Any] | None = None) -> ParsedBundle:
    """Return the parsed rows of a known applicant, with another ``application`` where one is given.

    The features of the histories are those of the store where they were made by the definitions of this release,
    which has checked all rows of the applicant then; otherwise the rows are parsed, for their features to be
    computed. Raises :class:`BundleError` for an
    application that breaks the schema, and :class:`ApplicantStoreError` where what is stored is damaged.
    """
    ready = held.history_features(definitions_version())
    if ready is None:
        return parse_bundle({**held.histories, APPLICATION: application or held.application})
    if application is None:
        return ParsedBundle(held.applicant_id, held.application, {}, [], ready)
    return parse_application(application, ready)
