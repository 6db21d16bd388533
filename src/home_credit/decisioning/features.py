"""From the checked rows of applicants to the values of their features."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from home_credit.features.request import HISTORY_NAMES, RequestFeatures
from home_credit.features.rows import PLACES, FeatureRows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.features.rows import Numbers, Value
    from home_credit.tables.bundle import ParsedBundle
    from home_credit.terms.model import TermModel

# The features of the histories among all features.
_HISTORY: Callable[[Sequence[Value]], Sequence[Value]] = itemgetter(*(PLACES[name] for name in HISTORY_NAMES))


class ApplicantFeatures:
    """Computes every feature of the catalogue; ``terms`` is the model of the term of a loan.

    It is independent of the model that scores the features. Safe to use from several threads.
    """

    def __init__(self, terms: TermModel) -> None:
        self._features = RequestFeatures(terms)

    def compute(self, bundles: Sequence[ParsedBundle]) -> FeatureRows:
        """Return the features of applicants, one row per bundle, in order."""
        return FeatureRows(
            [self._features.features(bundle.application, self.history(bundle)) for bundle in bundles]
        )

    def with_these_terms(self, applications: Sequence[Mapping[str, Value]], rows: FeatureRows) -> FeatureRows:
        """Return the features of applications whose features with other terms are ``rows``.

        Those of the histories do not depend on the terms and are not computed again.
        """
        return FeatureRows(
            [
                self._features.features(application, _HISTORY(row))
                for application, row in zip(applications, rows.rows, strict=True)
            ]
        )

    def variants(self, bundle: ParsedBundle, replaced: Mapping[str, Numbers]) -> FeatureRows:
        """Return the features of one applicant with other numbers in the application, one row per variant.

        ``replaced`` holds arrays of one length by column, NaN being missing. Histories are aggregated once, and only
        the features that depend on the replaced columns are computed for each variant.
        """
        columns = [column.tolist() for column in replaced.values()]
        changes = (
            {
                name: None if value != value else value  # noqa: PLR0124  # NaN is missing
                for name, value in zip(replaced, values, strict=True)
            }
            for values in zip(*columns, strict=True)
        )
        return FeatureRows(self._features.variants(bundle.application, self.history(bundle), changes))

    def history(self, bundle: ParsedBundle) -> Sequence[Value]:
        """Return the features of one applicant's histories, the ready ones where there are some."""
        ready = bundle.history_features
        return self._features.history(bundle.histories) if ready is None else ready
