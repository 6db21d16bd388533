"""Earlier loans of a lender with a price list, to fit the model of the term on."""

from __future__ import annotations

import numpy as np

from home_credit.terms.annuity import credit_over_annuity
from home_credit.terms.learning import Loans

TERMS = (6, 12, 24, 36, 48, 60)
RATES = (0.198, 0.2485, 0.3985, 0.7085)
PREMIUMS = (0.0, 0.00242, 0.0055)


def price_list(loans: int, seed: int) -> Loans:
    """Return loans of a lender who charges few rates and premiums, with annuities rounded as lenders do."""
    chance = np.random.default_rng(seed)
    months, rate, premium = (chance.choice(choices, loans) for choices in (TERMS, RATES, PREMIUMS))
    goods = (4500.0 * chance.integers(10, 300, loans)).astype(np.float64)
    credit = goods * (1.0 + premium * months)
    factors = [credit_over_annuity(*each) for each in zip(rate, months.tolist(), strict=True)]
    annuity = credit * (1.0 / np.array(factors)).round(5)
    return Loans(
        np.asarray(credit), annuity, goods, months.astype(np.float64), chance.uniform(1, 1500, loans)
    )
