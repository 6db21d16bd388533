"""What each route demands: a scope of the key, a limit of the body, and a place among the requests worked on.

The one table that the middleware reads before a body is. A route that it lacks needs the scope ``admin``.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from home_credit.api.keys import KeyScope
    from home_credit.config import Settings

SMALL_BODY = 64_000  # bytes: overrides, a review, no body at all


class Body(Enum):
    """The limit of a body."""

    SMALL = "small"
    BUNDLE = "bundle"
    BATCH = "batch"


class Work(Enum):
    """The requests that are limited together; probes are never refused."""

    PROBE = "probe"
    READ = "read"
    DECISION = "decision"
    BATCH = "batch"


class Rule(NamedTuple):
    """``scopes`` are those of which a key needs one; without any, the route is open to everybody."""

    path: str
    scopes: frozenset[KeyScope]
    work: Work
    body: Body


def _rule(path: str, *scopes: KeyScope, work: Work = Work.READ, body: Body = Body.SMALL) -> Rule:
    return Rule(path, frozenset(scopes), work, body)


UNLISTED = _rule("unmatched", "admin")
INFER = "/v2/models/home-credit"
# The first that fits holds. {…} stands for one segment, {…:path} for the rest.
RULES: dict[str, tuple[Rule, ...]] = {
    "GET": (
        _rule("/health", work=Work.PROBE),
        _rule("/livez", work=Work.PROBE),
        _rule("/readyz", work=Work.PROBE),
        _rule("/v2/health/live", work=Work.PROBE),
        _rule("/v2/health/ready", work=Work.PROBE),
        _rule("/status", work=Work.PROBE),
        _rule("/metrics", "read", work=Work.PROBE),
        _rule("/"),
        _rule("/docs", "read"),
        _rule("/docs/{file}", "read"),
        _rule("/openapi.json", "read"),
        _rule("/model", "read"),
        _rule("/model/report", "read"),
        _rule("/portfolio", "read"),
        _rule("/monitoring/verdict", "read"),
        _rule("/monitoring/outcomes", "read"),
        _rule("/shadow", "read"),
        _rule("/applicants", "read"),
        _rule("/applicants/{SK_ID_CURR}", "read"),
        _rule("/applicants/{SK_ID_CURR}/comparison", "read"),
        _rule("/applicants/{SK_ID_CURR}/comparison/points", "read"),
        _rule("/decisions", "read"),
        _rule("/reviews/statistics", "read"),
        _rule("/decisions/{decision_id}", "read"),
        _rule("/decisions/{decision_id}/replay", "read", work=Work.DECISION),
        _rule("/decisions/{decision_id}/recourse", "read", work=Work.DECISION),
        _rule("/v2", "read", "score"),
        _rule(INFER, "read", "score"),
        _rule(f"{INFER}/ready", "read", "score"),
        _rule(f"{INFER}/versions/{{version}}", "read", "score"),
        _rule(f"{INFER}/versions/{{version}}/ready", "read", "score"),
    ),
    "POST": (
        _rule("/predict", "score", work=Work.DECISION, body=Body.BUNDLE),
        _rule("/applicants/{SK_ID_CURR}/predict", "score", work=Work.DECISION),
        _rule("/predict/batch", "score", work=Work.BATCH, body=Body.BATCH),
        _rule("/recourse", "score", work=Work.DECISION, body=Body.BUNDLE),
        _rule("/applicants/{SK_ID_CURR}/recourse", "score", work=Work.DECISION),
        _rule(f"{INFER}/infer", "score", work=Work.DECISION, body=Body.BUNDLE),
        _rule(f"{INFER}/versions/{{version}}/infer", "score", work=Work.DECISION, body=Body.BUNDLE),
        _rule("/decisions/{decision_id}/review", "review"),
    ),
}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))


_EXACT = {
    (method, rule.path): rule for method, rules in RULES.items() for rule in rules if "{" not in rule.path
}
_PATTERNS = {
    method: tuple((_pattern(rule.path), rule) for rule in rules if "{" in rule.path)
    for method, rules in RULES.items()
}


def rule_of(method: str, path: str) -> Rule:
    """Return the rule of a request; a HEAD request has that of GET."""
    method = "GET" if method == "HEAD" else method
    if exact := _EXACT.get((method, path)):
        return exact
    for pattern, rule in _PATTERNS.get(method, ()):
        if pattern.fullmatch(path):
            return rule
    return UNLISTED


def body_limits(settings: Settings) -> dict[Body, int]:
    """Return the largest bodies, in bytes."""
    return {
        Body.SMALL: min(SMALL_BODY, settings.max_body_bytes),
        Body.BUNDLE: settings.max_body_bytes,
        Body.BATCH: settings.max_batch_bytes,
    }
