"""Which applicants a query asks for, as statements whose cost is bounded by the page and not by the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from home_credit.applicants.schema import applicants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.schemas import ApplicantQuery

LARGEST_ID = 2**63 - 1
NOBODY = (1, 0)  # from one to zero
# More matches than this are not counted.
MOST_COUNTED = 10_000


def page(query: ApplicantQuery) -> Select[int]:
    """Return the statement that gives up to ``query.limit`` matching ids above ``query.after``, ascending."""
    found = [
        statement.where(applicants.c.applicant_id > query.after)
        for statement in _matching(query, applicants.c.applicant_id)
    ]
    ids = _first(found, query.limit, ordered=True).subquery()
    (applicant_id,) = ids.c
    return select(applicant_id).order_by(applicant_id).limit(query.limit)


def count(query: ApplicantQuery) -> Select[int]:
    """Return the statement that counts the matches, up to :data:`MOST_COUNTED`."""
    found = _first(_matching(query, literal(1)), MOST_COUNTED, ordered=False)
    matches = found.limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(matches)


def id_ranges(prefix: str) -> Iterator[tuple[int, int]]:
    """Yield the first and last id of each range whose decimal digits begin with ``prefix``, ascending.

    A comparison with whole numbers is answered by the primary key, as one of texts with a pattern is not.
    """
    if prefix.startswith("0"):
        if prefix == "0":
            yield 0, 0
        return
    first, width = int(prefix), 1
    while first <= LARGEST_ID:
        yield first, min(first + width - 1, LARGEST_ID)
        first, width = 10 * first, 10 * width


def _matching(query: ApplicantQuery, result: ColumnElement[Any]) -> list[Select[Any]]:
    """Return the statements whose results together are those of the query."""
    wanted = {
        applicants.c.age_band: query.age_band,
        applicants.c.contract: query.contract,
        applicants.c.region_rating: query.region,
    }
    filtered = select(result).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    if not query.id_prefix:
        return [filtered]
    ranges = list(id_ranges(query.id_prefix)) or [NOBODY]
    return [filtered.where(applicants.c.applicant_id.between(first, last)) for first, last in ranges]


def _first(statements: list[Select[Any]], limit: int, *, ordered: bool) -> Any:
    """Return the results of several statements, at most ``limit`` of each."""
    order = (applicants.c.applicant_id,) if ordered else ()
    limited = [select(each.order_by(*order).limit(limit).subquery()) for each in statements]
    return union_all(*limited) if len(limited) > 1 else limited[0]
