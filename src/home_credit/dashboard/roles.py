"""Who is signed in, and which pages a role may see.

An *officer* decides and writes letters; a *reviewer* also decides the cases that await a human; an *analyst* sees what
is counted over many applicants, and no applicant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from home_credit.config import Role, Settings

COUNTED: Final = ("drift", "model", "portfolio")
PAGES: Final[Mapping[Role, tuple[str, ...]]] = {
    "analyst": COUNTED,
    "officer": ("client", "compare", "simulate", *COUNTED),
    "reviewer": ("client", "compare", "simulate", "reviews", *COUNTED),
}
LONGEST_NAME = 100  # characters


@dataclass(frozen=True, slots=True)
class Person:
    """Who uses the dashboard: the role, the name that is shown, and the identity that reviews are recorded under.

    ``identity`` is ``None`` where nobody signs in.
    """

    role: Role
    name: str = ""
    identity: str | None = None

    def may_see(self, page: str) -> bool:
        """Return whether the role includes a page."""
        return page in PAGES[self.role]


class RefusedSignInError(Exception):
    """A sign-in that gives no access; ``reason`` is the last part of the key of the text that says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def person_of(claims: Mapping[str, object], settings: Settings, now: float) -> Person:
    """Return the person whom the claims of a checked ID token describe; ``now`` is in seconds since 1970.

    Raises :class:`RefusedSignInError` where the sign-in is too old, does not identify the person, or gives no role.
    """
    issued = claims.get("iat")
    if not (isinstance(issued, int | float) and now - issued <= settings.oidc_session_hours * 3600):
        raise RefusedSignInError("expired")
    claim = settings.oidc_identity_claim
    identity = _text(claims.get(claim))
    if not identity or (claim == "email" and claims.get("email_verified") is False):
        raise RefusedSignInError("unnamed")
    role = role_of(claims, settings)
    if role is None:
        raise RefusedSignInError("no_role")
    return Person(role, _text(claims.get("name")) or identity, identity)


def role_of(claims: Mapping[str, object], settings: Settings) -> Role | None:
    """Return the role with the most pages of those that the claim gives, else the default one."""
    given = set(_values(claims, settings.oidc_role_claim))
    roles = [role for value, role in settings.oidc_roles.items() if value in given]
    default = None if settings.oidc_default_role == "none" else settings.oidc_default_role
    return max(roles, key=lambda role: len(PAGES[role]), default=default)


def _values(claims: Mapping[str, object], path: str) -> Iterator[str]:
    """Yield the texts of a claim: one, or a list of them; a dot leads into a claim that is an object.

    A claim whose own name has dots, such as an address, is found by its whole name first.
    """
    found: object = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        yield found
    elif isinstance(found, list | tuple):
        yield from (value for value in found if isinstance(value, str))


def _text(claim: object) -> str:
    """Return a claim on one line, without what is not printed; empty where it is no text."""
    if not isinstance(claim, str):
        return ""
    kept = "".join(sign if sign.isprintable() else " " for sign in claim)
    return " ".join(kept.split())[:LONGEST_NAME]
