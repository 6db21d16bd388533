"""Correlated columns drawn one after the other, as in a regressor chain, from statistics of real tables.

The joint distribution is a product of conditional ones. Each variable is drawn given those before it: a small tree
over the earlier variables picks a leaf, and the leaf holds the variable's distribution. A categorical variable has
level shares in its leaves. A numeric variable is, on the scale of normal scores, the sum of a linear function of the
earlier variables, of corrections by small trees, and of a residual whose quantiles are in the leaves; its marginal
quantile function maps the sum back to units.
"""

from home_credit.synthetic.chain.chain import Chain, frame_of
from home_credit.synthetic.chain.columns import Codes, Column, Context, Floats, Scores
from home_credit.synthetic.chain.marginals import Levels, QuantileFunction, normal_score, normal_share
from home_credit.synthetic.chain.schema import ChainSchema
from home_credit.synthetic.chain.variables import CategoricalVariable, NumericVariable

__all__ = [
    "CategoricalVariable",
    "Chain",
    "ChainSchema",
    "Codes",
    "Column",
    "Context",
    "Floats",
    "Levels",
    "NumericVariable",
    "QuantileFunction",
    "Scores",
    "frame_of",
    "normal_score",
    "normal_share",
]
