"""Converts the measures of an applicant's building to chain variables, and back.

Each measure comes as average, mode and median, each normalised by its own maximum in the real tables: 80 flats are 80
/ 970 as an average and 80 / 952 as a mode. An average is missing, zero, a small distance from the value that another
measure implies (as many flats lived in as there are flats), or drawn freely; modes and medians are distances from the
values that the average implies.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

# Kinds of an average; DERIVED and up are the distances in ``Measure.derived_from``, by position.
MISSING, ZERO, FREE, DERIVED = -1, 0, 1, 2
# Kinds of a mode or median: the distance itself where it is at most one ten-thousandth, zero though the average is
# not, or another distance.
UNLIKE_ZERO, DISTANT = 2, 3
_HALF_DIGIT = 6e-5


class Measure(NamedTuple):
    """The maxima by which average, mode and median of a measure are normalised.

    ``counted`` is whether values are whole numbers (medians also halves) of them, ``from_one`` whether they are
    subtracted from one; ``derived_from`` is another measure with the frequent distances from it.
    """

    average: float
    mode: float
    median: float
    counted: bool = True
    from_one: bool = False
    derived_from: tuple[str, tuple[int, ...]] | None = None

    def maximum(self, suffix: str) -> float:
        """Return the maximum of modes or medians."""
        return self.mode if suffix == "_MODE" else self.median


BUILDING: dict[str, Measure] = {
    "FLOORSMAX": Measure(24, 24, 24),
    "ENTRANCES": Measure(29, 29, 29),
    "APARTMENTS": Measure(970, 952, 960.7),
    "LIVINGAREA": Measure(1, 1 / 1.041885, 1 / 1.017975, counted=False),
    "ELEVATORS": Measure(25, 25 / 1.007, 25),
    "FLOORSMIN": Measure(24, 24, 24, derived_from=("FLOORSMAX", (1, -3, 0, -7))),
    "LIVINGAPARTMENTS": Measure(1190, 1089, 1169.5, derived_from=("APARTMENTS", (0, -1, -2, -3, -4))),
    "BASEMENTAREA": Measure(1, 1 / 1.03774, 1, counted=False),
    "LANDAREA": Measure(1, 1 / 1.022805, 1 / 1.017385, counted=False),
    "COMMONAREA": Measure(1, 1 / 1.00911, 1 / 1.006355, counted=False),
    "YEARS_BEGINEXPLUATATION": Measure(2013, 2014, 2013, from_one=True),
    "YEARS_BUILD": Measure(
        147.0588, 153.052, 149.0511, from_one=True, derived_from=("YEARS_BEGINEXPLUATATION", (0, 1, -1))
    ),
    "NONLIVINGAPARTMENTS": Measure(518, 514, 515.2),
    "NONLIVINGAREA": Measure(1, 1 / 1.05866, 1 / 1.02097, counted=False),
}
OTHERS = tuple(f"{measure}{suffix}" for measure in BUILDING for suffix in ("_MODE", "_MEDI"))
ORDER = (
    "EMERGENCYSTATE_MODE", "HOUSETYPE_MODE", "WALLSMATERIAL_MODE", "FONDKAPREMONT_MODE", "TOTALAREA_MODE",
    *(variable for measure in BUILDING for variable in (measure, f"{measure}_AVG")),
    *(variable for name in OTHERS for variable in (name, f"{name}_BY")),
)  # fmt: skip
STEPS: dict[str, float] = {
    "TOTALAREA_MODE": 0.0001,
    **{f"{measure}_AVG": 0.0001 for measure in BUILDING},
    **{f"{name}_BY": 0.0001 for name in OTHERS},
}
PRESENCE: dict[str, tuple[str, int]] = {
    **{f"{measure}_AVG": (measure, FREE) for measure in BUILDING},
    **{f"{name}_BY": (name, DISTANT) for name in OTHERS},
}


def _count(name: str) -> pl.Expr:
    """Return the count behind the average of a measure, an integer where the average's digits allow it."""
    measure, average = BUILDING[name], pl.col(f"{name}_AVG")
    count = (1 - average if measure.from_one else average) * measure.average
    if not measure.counted:
        return count
    whole = count.round()
    return pl.when((count - whole).abs() < measure.average * _HALF_DIGIT).then(whole).otherwise(count)


def _value(measure: Measure, count: pl.Expr, maximum: float) -> pl.Expr:
    share = count / maximum
    return (1 - share if measure.from_one else share).clip(0, 1).round(4)


def _expected_averages() -> list[tuple[str, int, pl.Expr]]:
    """Return each derived measure with the kinds of its average, and the average that each kind implies."""
    return [
        (name, code, _value(measure, _count(measure.derived_from[0]).round() + by, measure.average))
        for name, measure in BUILDING.items()
        if measure.derived_from
        for code, by in enumerate(measure.derived_from[1], start=DERIVED)
    ]


def _expectations() -> list[tuple[str, Measure, float, pl.Expr]]:
    """Return each mode and median with its maximum and the value that the average implies."""
    return [
        (f"{name}{suffix}", measure, measure.maximum(suffix),
         _value(measure, _count(name), measure.maximum(suffix)))
        for name, measure in BUILDING.items()
        for suffix in ("_MODE", "_MEDI")
    ]  # fmt: skip


def encode(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with the chain's variables in place of the measures of its buildings."""
    kinds = {}
    for name in BUILDING:
        average = pl.col(f"{name}_AVG")
        kind = pl.when(average.is_null()).then(MISSING).when(average == 0).then(ZERO)
        for derived, code, expected in _expected_averages():
            if derived == name:
                kind = kind.when((average - expected).abs() < _HALF_DIGIT).then(code)
        kinds[name] = kind.otherwise(FREE)
    distances = {
        f"{name}_BY": ((pl.col(name) - expected) * 10_000).round() for name, _, _, expected in _expectations()
    }
    kinds_of_others = {
        name: pl.when(pl.col(f"{name}_BY").abs() <= 1).then(f"{name}_BY")
        .when((pl.col(name) == 0) & (expected > 0)).then(UNLIKE_ZERO)
        .when(pl.col(name).is_not_null()).then(DISTANT).cast(pl.Int64)
        for name, _, _, expected in _expectations()
    }  # fmt: skip
    return (
        frame.with_columns(**kinds, **distances)
        .with_columns(**kinds_of_others)
        .with_columns(pl.when(pl.col(kind) == DISTANT).then(pl.col(f"{kind}_BY") / 10_000).alias(f"{kind}_BY")
                      for kind in OTHERS)
        .with_columns(pl.when(pl.col(name) == FREE).then(f"{name}_AVG").alias(f"{name}_AVG")
                      for name in BUILDING)
    )  # fmt: skip


def decode(drawn: pl.DataFrame) -> pl.DataFrame:
    """Return ``drawn`` with averages, modes and medians in place of the chain's variables."""
    frame = drawn.with_columns(
        pl.when(pl.col(name) == ZERO).then(0.0).otherwise(f"{name}_AVG").alias(f"{name}_AVG")
        for name in BUILDING
    )
    for name, code, expected in _expected_averages():
        average = f"{name}_AVG"
        frame = frame.with_columns(
            pl.when(pl.col(name) == code).then(expected).otherwise(average).alias(average)
        )
    others = {}
    for name, measure, maximum, expected in _expectations():
        by = pl.when(pl.col(name) == DISTANT).then(f"{name}_BY").otherwise(pl.col(name) / 10_000)
        value = (expected + by).clip(0, 1)
        if measure.counted:
            finest = maximum if name.endswith("_MODE") else 2 * maximum
            count = ((1 - value if measure.from_one else value) * finest).round()
            value = _value(measure, count, finest)
        others[name] = pl.when(pl.col(name) == UNLIKE_ZERO).then(0.0).otherwise(value.round(4))
    return frame.with_columns(**others)
