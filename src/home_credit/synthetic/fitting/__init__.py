"""Fit the statistics that the synthetic tables are drawn from (``home-credit demo-statistics``).

Only statistics are stored: quantiles, shares, coefficients and small trees that define where they apply. No number
can reveal one person: each depends on at least :data:`MIN_ROWS` rows. docs/demo.md states the rule, and
``tests/unit/test_synthetic_statistics.py`` tests it.
"""

from home_credit.synthetic.fitting.fit import fit_statistics
from home_credit.synthetic.fitting.marginals import MIN_ROWS

__all__ = ["MIN_ROWS", "fit_statistics"]
