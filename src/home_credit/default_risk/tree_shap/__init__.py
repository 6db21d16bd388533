"""Exact TreeSHAP values of a LightGBM model from tables: the same numbers as ``pred_contrib``, many times faster."""

from home_credit.default_risk.tree_shap.explain import Explanation, TreeShap
from home_credit.default_risk.tree_shap.trees import END_OF_TREES, UnsupportedTreesError, feature_names

__all__ = ["END_OF_TREES", "Explanation", "TreeShap", "UnsupportedTreesError", "feature_names"]
