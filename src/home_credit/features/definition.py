"""The definition of a feature: its expression and its descriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from home_credit.features.expression import Expr


class Missing(Enum):
    """The meaning of a missing value of a feature, in English and French."""

    NOT_GIVEN = ("not given in the application", "non renseigné dans la demande")
    NO_HISTORY = ("the applicant has no record in this table", "le client n’a aucune ligne dans cette table")
    NONE_IN_SCOPE = (
        "no record of the applicant is in scope, or none holds the value",
        "aucune ligne du client n’est concernée, ou aucune ne porte la valeur",
    )
    UNKNOWN = (
        "the applicant has no record in this table, or none in scope has the value",
        "le client n’a aucune ligne dans cette table, ou la valeur n’est connue d’aucune ligne concernée",
    )
    UNDEFINED = (
        "a part of the ratio is missing, or its denominator is zero",
        "un terme du rapport manque, ou son dénominateur est nul",
    )

    @property
    def en(self) -> str:
        """The meaning in English."""
        return self.value[0]

    @property
    def fr(self) -> str:
        """The meaning in French."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: its definition as an expression, and its descriptions.

    ``kind`` is "category" where the value is text.
    """

    name: str
    expression: Expr = field(repr=False, compare=False)
    unit: str
    en: str
    fr: str
    missing: Missing = Missing.NO_HISTORY
    kind: Literal["number", "category"] = "number"
