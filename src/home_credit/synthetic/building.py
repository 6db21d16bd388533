"""The building that an applicant lives in, as chain variables, and back.

Each measure comes as average, mode and median, each divided by its own largest value in the real tables: a
house of 80 flats is 80 / 970 as an average and 80 / 952 as a mode. So a measure is first missing, nothing,
what another measure makes expected (as many flats lived in as there are), or something of its own; its mode
and median are kept as departures from the same count.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

# Whether a measure is missing, zero, drawn freely, or (FOLLOWING and up) departs from another one by the number of
# parts at this position of ``Measure.follows``.
MISSING, NOTHING, SOMETHING, FOLLOWING = -1, 0, 1, 2
# How a mode or median departs from what its average makes expected: by so many ten-thousandths, by being
# nothing where the average is something, or otherwise.
NONE_LEFT, OTHERWISE = 2, 3
_HALF_DIGIT = 6e-5


class Measure(NamedTuple):
    """What one is divided into by the average, the mode and the median of a measure.

    ``counts`` says whether values are whole parts (medians also halves), ``from_one`` that they are counted
    downwards from one, ``follows`` another measure, and by how many parts this one often departs from it.
    """

    average: float
    mode: float
    median: float
    counts: bool = True
    from_one: bool = False
    follows: tuple[str, tuple[int, ...]] | None = None

    def parts(self, suffix: str) -> float:
        """Return the parts of a mode or median."""
        return self.mode if suffix == "_MODE" else self.median


BUILDING: dict[str, Measure] = {
    "FLOORSMAX": Measure(24, 24, 24),
    "ENTRANCES": Measure(29, 29, 29),
    "APARTMENTS": Measure(970, 952, 960.7),
    "LIVINGAREA": Measure(1, 1 / 1.041885, 1 / 1.017975, counts=False),
    "ELEVATORS": Measure(25, 25 / 1.007, 25),
    "FLOORSMIN": Measure(24, 24, 24, follows=("FLOORSMAX", (1, -3, 0, -7))),
    "LIVINGAPARTMENTS": Measure(1190, 1089, 1169.5, follows=("APARTMENTS", (0, -1, -2, -3, -4))),
    "BASEMENTAREA": Measure(1, 1 / 1.03774, 1, counts=False),
    "LANDAREA": Measure(1, 1 / 1.022805, 1 / 1.017385, counts=False),
    "COMMONAREA": Measure(1, 1 / 1.00911, 1 / 1.006355, counts=False),
    "YEARS_BEGINEXPLUATATION": Measure(2013, 2014, 2013, from_one=True),
    "YEARS_BUILD": Measure(
        147.0588, 153.052, 149.0511, from_one=True, follows=("YEARS_BEGINEXPLUATATION", (0, 1, -1))
    ),
    "NONLIVINGAPARTMENTS": Measure(518, 514, 515.2),
    "NONLIVINGAREA": Measure(1, 1 / 1.05866, 1 / 1.02097, counts=False),
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
    **{f"{measure}_AVG": (measure, SOMETHING) for measure in BUILDING},
    **{f"{name}_BY": (name, OTHERWISE) for name in OTHERS},
}


def _count(name: str) -> pl.Expr:
    """Return the parts that the average of a measure is, whole where the average's digits allow it."""
    measure, average = BUILDING[name], pl.col(f"{name}_AVG")
    count = (1 - average if measure.from_one else average) * measure.average
    if not measure.counts:
        return count
    whole = count.round()
    return pl.when((count - whole).abs() < measure.average * _HALF_DIGIT).then(whole).otherwise(count)


def _value(measure: Measure, count: pl.Expr, parts: float) -> pl.Expr:
    share = count / parts
    return (1 - share if measure.from_one else share).clip(0, 1).round(4)


def _expected_averages() -> list[tuple[str, int, pl.Expr]]:
    """Return, for each measure that follows another, the codes of its departures and what they make of it."""
    return [
        (name, code, _value(measure, _count(measure.follows[0]).round() + by, measure.average))
        for name, measure in BUILDING.items()
        if measure.follows
        for code, by in enumerate(measure.follows[1], start=FOLLOWING)
    ]


def _expectations() -> list[tuple[str, Measure, float, pl.Expr]]:
    """Return each mode and median with its parts and what the average makes expected."""
    return [
        (f"{name}{suffix}", measure, measure.parts(suffix),
         _value(measure, _count(name), measure.parts(suffix)))
        for name, measure in BUILDING.items()
        for suffix in ("_MODE", "_MEDI")
    ]  # fmt: skip


def encode(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with the chain's variables in place of the measures of its buildings."""
    kinds = {}
    for name in BUILDING:
        average = pl.col(f"{name}_AVG")
        kind = pl.when(average.is_null()).then(MISSING).when(average == 0).then(NOTHING)
        for follower, code, expected in _expected_averages():
            if follower == name:
                kind = kind.when((average - expected).abs() < _HALF_DIGIT).then(code)
        kinds[name] = kind.otherwise(SOMETHING)
    departures = {
        f"{name}_BY": ((pl.col(name) - expected) * 10_000).round() for name, _, _, expected in _expectations()
    }
    ways = {
        name: pl.when(pl.col(f"{name}_BY").abs() <= 1).then(f"{name}_BY")
        .when((pl.col(name) == 0) & (expected > 0)).then(NONE_LEFT)
        .when(pl.col(name).is_not_null()).then(OTHERWISE).cast(pl.Int64)
        for name, _, _, expected in _expectations()
    }  # fmt: skip
    return (
        frame.with_columns(**kinds, **departures)
        .with_columns(**ways)
        .with_columns(pl.when(pl.col(way) == OTHERWISE).then(pl.col(f"{way}_BY") / 10_000).alias(f"{way}_BY")
                      for way in OTHERS)
        .with_columns(pl.when(pl.col(name) == SOMETHING).then(f"{name}_AVG").alias(f"{name}_AVG")
                      for name in BUILDING)
    )  # fmt: skip


def decode(drawn: pl.DataFrame) -> pl.DataFrame:
    """Return ``drawn`` with averages, modes and medians in place of the chain's variables."""
    frame = drawn.with_columns(
        pl.when(pl.col(name) == NOTHING).then(0.0).otherwise(f"{name}_AVG").alias(f"{name}_AVG")
        for name in BUILDING
    )
    for name, code, expected in _expected_averages():
        average = f"{name}_AVG"
        frame = frame.with_columns(
            pl.when(pl.col(name) == code).then(expected).otherwise(average).alias(average)
        )
    others = {}
    for name, measure, parts, expected in _expectations():
        by = pl.when(pl.col(name) == OTHERWISE).then(f"{name}_BY").otherwise(pl.col(name) / 10_000)
        value = (expected + by).clip(0, 1)
        if measure.counts:
            fine = parts if name.endswith("_MODE") else 2 * parts
            count = ((1 - value if measure.from_one else value) * fine).round()
            value = _value(measure, count, fine)
        others[name] = pl.when(pl.col(name) == NONE_LEFT).then(0.0).otherwise(value.round(4))
    return frame.with_columns(**others)
