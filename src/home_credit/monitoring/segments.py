"""The mix of segments, read from the cells of the columns that define them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.monitoring.detectors import Test
from home_credit.monitoring.stability import Z, stability

if TYPE_CHECKING:
    from home_credit.monitoring.reference import Reference
    from home_credit.monitoring.tally import Counted

# The column of each segment; ages fall into tenths of the reference.
SEGMENTS = {"contract": "NAME_CONTRACT_TYPE", "age": "DAYS_BIRTH", "region": "REGION_RATING_CLIENT"}


def segment_tests(reference: Reference, total: Counted) -> list[Test]:
    """Return a test of each segment; its size is the share of applicants that moved between the groups."""
    places = reference.layout.slices()
    tests = []
    for name, column in SEGMENTS.items():
        if column not in places:
            continue
        before, now = reference.cells[places[column]], total.cells[places[column]]
        found = stability(before, now)
        p, q = before / before.sum(), now / now.sum()
        moved = float(abs(q - p).sum() / 2)
        # Chance alone moves some; the size is what is beyond it.
        chance = (0.64 * found.bins / found.effective_rows) ** 0.5 / 2
        # The share that moved is the difference of the share in the groups that grew.
        grown = q > p
        spread = (
            p[grown].sum() * p[~grown].sum() / before.sum() + q[grown].sum() * q[~grown].sum() / now.sum()
        )
        size = max(moved - chance, 0.0)
        tests.append(
            Test("segments", name, "others", found.p_value, 0.0, moved, size, margin=Z * float(spread**0.5))
        )
    return tests
