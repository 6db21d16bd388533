"""The catalogue: every feature has descriptions and a reason code, and none uses a protected trait."""

from __future__ import annotations

from home_credit.features.application import PROTECTED
from home_credit.features.catalogue import CATALOGUE, MODULES, TABLE_OF
from home_credit.tables.schema import TABLES


def test_at_least_300_features_from_all_seven_tables() -> None:
    assert len(CATALOGUE) >= 300
    assert set(TABLE_OF.values()) == {*TABLES, "combined"}


def test_no_name_is_used_twice() -> None:
    assert sum(len(module.FEATURES) for module in MODULES) == len(CATALOGUE)


def test_every_feature_is_documented_in_both_languages() -> None:
    for feature in CATALOGUE.values():
        assert feature.en and feature.fr and feature.unit and feature.missing.en and feature.missing.fr, (
            feature.name
        )
    described = [(feature.en, TABLE_OF[name]) for name, feature in CATALOGUE.items()]
    assert len(set(described)) == len(described)


def test_sex_and_marital_status_are_no_features() -> None:
    assert not set(PROTECTED) & set(CATALOGUE)
