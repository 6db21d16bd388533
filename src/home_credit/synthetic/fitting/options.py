"""Fit options of the variables that differ from the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.synthetic import building

if TYPE_CHECKING:
    from home_credit.synthetic.fitting.chain import FitOptions

_FINE_YEARS = ("BUILD_MODE", "BUILD_MEDI", "BEGINEXPLUATATION_MODE", "BEGINEXPLUATATION_MEDI")

APPLICATION_OPTIONS: dict[str, FitOptions] = {
    "EXT_SOURCE_3": {"atom": 0, "leaves": 40},
    "EXT_SOURCE_2": {"leaves": 40, "atom": 0.0008},
    "EXT_SOURCE_1": {"leaves": 40},
    "REGION": {"leaves": 32},
    "DOCUMENTS": {"leaves": 40, "unit": 6000},
    "RARE_DOCUMENTS": {"unit": 9999},
    "SOCIAL_CIRCLE": {"unit": 6000},
    "ADDRESS": {"leaves": 32, "unit": 3000},
    "ORGANIZATION_TYPE": {"leaves": 40},
    "AMT_INCOME_TOTAL": {"atom": 0.0005},
    "BASE": {"atom": 0.0003},
    "DAYS_LAST_PHONE_CHANGE": {"atom": 0.001},
    "TARIFFS": {"leaves": 64, "min_rows": 60},
    "TARIFF": {"leaves": 250, "min_rows": 40},
    "PREMIUM": {"leaves": 200, "min_rows": 40},
    **{name: {"leaves": 32} for name in building.BUILDING},
    **{
        f"{name}_AVG": {"leaves": 32, "corrections": 8, "atom": 0} if measure.counted
        else {"leaves": 32, "corrections": 8}
        for name, measure in building.BUILDING.items()
    },
    **{name: {"leaves": 12} for name in building.OTHERS},
    **{f"{name}_BY": {"leaves": 8, "knots": 21, "atom": 0.01, "corrections": 1} for name in building.OTHERS},
    **{f"YEARS_{name}_BY": {"leaves": 8, "knots": 9, "atom": 0.004, "corrections": 1} for name in _FINE_YEARS},
}  # fmt: skip
HISTORY_OPTIONS: dict[str, FitOptions] = {
    "STRUCTURE": {"leaves": 40, "unit": 6000},
    "TARIFF": {"leaves": 250, "min_rows": 40, "unit": 500},
    "PREMIUM": {"leaves": 100, "min_rows": 60},
}
