"""All features by name, in the order of the feature matrix."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from home_credit.features import (
    application,
    bureau,
    bureau_balance,
    combined,
    credit_card,
    installments,
    pos_cash,
    pos_loans,
    previous_application,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.features.definition import Feature

HISTORY_MODULES = (
    bureau,
    bureau_balance,
    previous_application,
    pos_cash,
    pos_loans,
    installments,
    credit_card,
)
MODULES = (application, *HISTORY_MODULES, combined)

CATALOGUE: Mapping[str, Feature] = MappingProxyType(
    {feature.name: feature for module in MODULES for feature in module.FEATURES}
)
TABLE_OF: Mapping[str, str] = MappingProxyType(
    {feature.name: module.TABLE for module in MODULES for feature in module.FEATURES}
)
CATEGORIES: tuple[str, ...] = tuple(name for name, feature in CATALOGUE.items() if feature.kind == "category")
