"""From the checked rows of applicants to the values of their features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit.features.catalogue import CATALOGUE, CATEGORIES
from home_credit.features.online import OnlineFeatures
from home_credit.features.rows import FeatureRows
from home_credit.tables.schema import APPLICATION, ID, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from home_credit.features.rows import Numbers
    from home_credit.tables.bundle import ParsedBundle
    from home_credit.terms.model import TermModel


class ApplicantFeatures:
    """Computes every feature of the catalogue; independent of any model, and safe to use from several threads."""

    def __init__(self, terms: TermModel) -> None:
        self._online = OnlineFeatures(terms)

    def compute(self, bundles: Sequence[ParsedBundle]) -> FeatureRows:
        """Return the features of at least one applicant, one row per bundle, in order.

        Each row has the same bits as that of the bundle alone.
        """
        return FeatureRows.concatenated([self._together(batch) for batch in _disjoint_batches(bundles)])

    def variants(self, bundle: ParsedBundle, replaced: Mapping[str, Numbers]) -> FeatureRows:
        """Return the features of one applicant with other numbers in the application, one row per variant.

        ``replaced`` holds arrays of one length by column, NaN being missing; the columns are numbers that are
        features as they stand, and no two variants are alike. The histories, which are the same for all, are
        aggregated once.
        """
        names = list(replaced)
        columns = pl.DataFrame(dict(replaced)).fill_nan(None)
        application = bundle.frames[APPLICATION]
        varied = application.drop(names).join(columns, how="cross").select(application.columns)
        rows = self._online.compute({**bundle.frames, APPLICATION: varied})
        # All rows are of one applicant and come in any order: they are known by what was replaced.
        return _feature_rows(
            columns.join(rows, on=names, how="left", nulls_equal=True, maintain_order="left")
        )

    def _together(self, bundles: Sequence[ParsedBundle]) -> FeatureRows:
        frames = {name: pl.concat([bundle.frames[name] for bundle in bundles]) for name in TABLES}
        rows = self._online.compute(frames)
        place = {applicant: row for row, applicant in enumerate(rows[ID])}
        return _feature_rows(rows[[place[bundle.applicant_id] for bundle in bundles]])


def _feature_rows(rows: pl.DataFrame) -> FeatureRows:
    return FeatureRows(
        len(rows),
        {name: rows[name].to_numpy() for name in CATALOGUE if name not in CATEGORIES},
        {name: rows[name].to_list() for name in CATEGORIES},
    )


def _disjoint_batches(bundles: Sequence[ParsedBundle]) -> Iterator[list[ParsedBundle]]:
    """Split bundles into runs that share no applicant and no bureau credit, so that no rows mix."""
    batch: list[ParsedBundle] = []
    applicants: set[int] = set()
    bureau_credits: set[int] = set()
    for bundle in bundles:
        own = set(bundle.frames["bureau"]["SK_ID_BUREAU"])
        if bundle.applicant_id in applicants or not bureau_credits.isdisjoint(own):
            yield batch
            batch, applicants, bureau_credits = [], set(), set()
        batch.append(bundle)
        applicants.add(bundle.applicant_id)
        bureau_credits |= own
    if batch:
        yield batch
