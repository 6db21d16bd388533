"""Tables from a directory: the same in all formats, and every error names table, column and row."""

from __future__ import annotations

import gzip
import math
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from home_credit.errors import (
    DuplicateKeyError,
    EmptyTableError,
    MissingColumnError,
    MissingTableError,
    NotFiniteError,
    OutOfRangeError,
    TableError,
    WrongTypeError,
)
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, SMALLEST, TABLES, TARGET, table
from home_credit.tables.source import Split, open_tables
from support.tables import a_table, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILES = ("application_train", "application_test", *HISTORIES)
TEST_IDS = [200001, 200002, 200003]
each_ending = pytest.mark.parametrize("ending", [".parquet", ".csv", ".csv.gz"])


def fill(directory: Path, ending: str = ".parquet", /, **tables: pl.DataFrame) -> Path:
    """Write all tables; ``tables`` replace those of the same name."""
    directory.mkdir(exist_ok=True)
    made = {file: a_table(file) for file in FILES}
    made["application_test"] = a_table("application_test", **{ID: TEST_IDS})
    for file, frame in {**made, **tables}.items():
        write_table(frame, directory / f"{file}{ending}")
    return directory


def read(directory: Path, split: Split = "train") -> tuple[dict[str, pl.DataFrame], list[str], str]:
    with open_tables(directory, split) as source:
        return (
            {name: frame.collect() for name, frame in source.frames.items()},
            source.warnings,
            source.fingerprint,
        )


def fault(directory: Path, split: Split = "train") -> TableError:
    with pytest.raises(TableError) as caught:
        read(directory, split)
    assert "\n" not in str(caught.value)
    return caught.value


def replace(path: Path, old: str, new: str) -> None:
    """Edit the text of a CSV file, gzipped or not."""
    zipped = path.suffix == ".gz"
    text = (gzip.decompress(path.read_bytes()) if zipped else path.read_bytes()).decode()
    assert old in text
    changed = text.replace(old, new).encode()
    path.write_bytes(gzip.compress(changed) if zipped else changed)


@each_ending
def test_all_seven_tables_come_in_the_types_of_the_schema(tmp_path: Path, ending: str) -> None:
    frames, warnings, _ = read(fill(tmp_path, ending))
    assert list(frames) == list(TABLES)
    assert all(dict(frames[name].schema) == polars_schema(table(name)) for name in TABLES)
    assert_frame_equal(frames[APPLICATION], a_table("application_train").drop(TARGET))
    assert all(frames[name].equals(a_table(name)) for name in HISTORIES)
    assert warnings == []


@each_ending
def test_a_split_chooses_its_applicants(tmp_path: Path, ending: str) -> None:
    fill(tmp_path, ending)
    train_ids = a_table("application_train")[ID].to_list()
    expected: dict[Split, tuple[list[int], int]] = {
        "train": (train_ids, 3),
        "test": (TEST_IDS, 0),
        "all": (train_ids + TEST_IDS, 3),
    }
    for split, (ids, labelled) in expected.items():
        with open_tables(tmp_path, split) as source:
            assert source.applicants[ID].to_list() == ids
            assert source.frames[APPLICATION].collect()[ID].to_list() == ids
            assert source.target.columns == [ID, TARGET]
            assert source.target.height == labelled


def test_all_formats_and_row_orders_have_one_fingerprint_and_other_rows_another(tmp_path: Path) -> None:
    prints = {read(fill(tmp_path / ending, ending))[2] for ending in (".parquet", ".csv", ".csv.gz")}
    turned = {file: a_table(file).reverse() for file in ("application_train", "bureau", "POS_CASH_balance")}
    prints.add(read(fill(tmp_path / "turned", **turned))[2])
    assert len(prints) == 1
    changed = a_table("bureau", AMT_CREDIT_SUM=[0.1, 1.1, math.nextafter(2.1, 3)])
    assert read(fill(tmp_path / "changed", bureau=changed))[2] not in prints


def test_a_missing_or_empty_history_is_a_history_that_nobody_has(tmp_path: Path) -> None:
    fill(tmp_path, ".csv", bureau=a_table("bureau", 0))
    (tmp_path / "POS_CASH_balance.csv").unlink()
    frames, _, _ = read(tmp_path)
    for name in ("bureau", "POS_CASH_balance"):
        assert frames[name].is_empty()
        assert dict(frames[name].schema) == polars_schema(table(name))


def test_staged_files_are_gone_after_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(staging))
    with open_tables(fill(tmp_path / "tables", ".csv")):
        assert len(list(staging.rglob("*.parquet"))) == 7
    assert list(staging.iterdir()) == []


@each_ending
def test_columns_come_in_any_order_and_further_ones_are_ignored(tmp_path: Path, ending: str) -> None:
    bureau = a_table("bureau").with_columns(NOTE=pl.lit("x"))
    frames, warnings, _ = read(fill(tmp_path, ending, bureau=bureau.select(reversed(bureau.columns))))
    assert_frame_equal(frames["bureau"], a_table("bureau"))
    assert warnings == ["table bureau: unknown columns are ignored: NOTE"]


def test_parquet_is_read_where_there_is_a_csv_too(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "bureau.csv").write_text("nothing of use\n")
    frames, warnings, _ = read(tmp_path)
    assert_frame_equal(frames["bureau"], a_table("bureau"))
    assert warnings == ["table bureau: bureau.parquet is read, bureau.csv is ignored"]


# Missing files, columns and rows.


@pytest.mark.parametrize(
    ("split", "file"),
    [("train", "application_train"), ("test", "application_test"), ("all", "application_test")],
)
def test_a_missing_application_table_is_named(tmp_path: Path, split: Split, file: str) -> None:
    (fill(tmp_path) / f"{file}.parquet").unlink()
    error = fault(tmp_path, split)
    assert isinstance(error, MissingTableError)
    assert error.table == file
    assert f"{file}.csv" in str(error)
    assert str(tmp_path) in str(error)
    assert f"split {split} needs it" in str(error)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    error = fault(tmp_path / "nowhere")
    assert isinstance(error, MissingTableError)
    assert "nowhere is not a directory" in str(error)


@each_ending
def test_missing_columns_are_named(tmp_path: Path, ending: str) -> None:
    error = fault(fill(tmp_path, ending, bureau=a_table("bureau").drop("DAYS_CREDIT", "CREDIT_TYPE")))
    assert isinstance(error, MissingColumnError)
    assert (error.table, error.column) == ("bureau", "DAYS_CREDIT")
    assert "CREDIT_TYPE" in str(error)


def test_the_training_table_needs_its_labels(tmp_path: Path) -> None:
    error = fault(fill(tmp_path, application_train=a_table("application_train").drop(TARGET)))
    assert isinstance(error, MissingColumnError)
    assert error.column == TARGET


@each_ending
def test_an_application_table_without_rows_is_refused(tmp_path: Path, ending: str) -> None:
    error = fault(fill(tmp_path, ending, application_train=a_table("application_train", 0)))
    assert isinstance(error, EmptyTableError)
    assert error.table == "application_train"


# Invalid values: the same in every format that can hold them.


@each_ending
@pytest.mark.parametrize(
    ("place", "values", "expected"),
    [
        (("bureau", "AMT_CREDIT_SUM"), [1.0, math.inf, -math.inf], (NotFiniteError, 2, "infinite")),
        (("bureau", "DAYS_CREDIT"), [-1.0, -math.inf, -2.0], (NotFiniteError, 2, "infinite")),
        (("bureau", "DAYS_CREDIT"), [-1.0, -2.0, -2.5], (WrongTypeError, 3, "-2.5 is not an integer")),
        (("bureau", "DAYS_CREDIT"), [-1, None, -2], (WrongTypeError, 2, "required")),
        (("bureau", "AMT_CREDIT_SUM"), [1.0, 2.0, 1e11], (OutOfRangeError, 3, "0 to 1000000000")),
        (("bureau", "AMT_CREDIT_SUM"), [1.0, 1e-310, 0.0], (OutOfRangeError, 2, "too close to zero")),
        (("bureau", "DAYS_CREDIT"), [-1.0, 10.0**300, -1.0], (WrongTypeError, 2, "not an integer")),
        (
            ("application_train", "EXT_SOURCE_1"),
            [0.0, 1.0, 57.0],
            (OutOfRangeError, 3, "57.0 is out of range: 0 to 1"),
        ),
        (
            ("application_train", "EXT_SOURCE_2"),
            [-3.0, 0.5, 0.5],
            (OutOfRangeError, 1, "-3.0 is out of range"),
        ),
        (
            ("application_train", "AMT_INCOME_TOTAL"),
            [1e5, -1e5, 1e5],
            (OutOfRangeError, 2, "1 to 1000000000"),
        ),
        (("application_train", "AMT_CREDIT"), [1e5, 1e5, 0.0], (OutOfRangeError, 3, "0.0 is out of range")),
        (
            ("application_train", "DAYS_BIRTH"),
            [300, -12000, -12000],
            (OutOfRangeError, 1, "300 is out of range"),
        ),
        (
            ("application_train", "DAYS_EMPLOYED"),
            [365243, -5844, -30000],
            (OutOfRangeError, 3, "-30000 is before DAYS_BIRTH"),
        ),
        (
            ("application_train", "DAYS_EMPLOYED"),
            [365243, 5, -1],
            (OutOfRangeError, 2, "-36525 to 0 or 365243"),
        ),
        (("application_train", "FLAG_EMAIL"), [0, 7, 1], (OutOfRangeError, 2, "7 is out of range: 0 or 1")),
        (
            ("installments_payments", "DAYS_INSTALMENT"),
            [-1.0, 0.0, 20.0],
            (OutOfRangeError, 3, "20.0 is out of range"),
        ),
        (("POS_CASH_balance", "MONTHS_BALANCE"), [-1, 0, 5], (OutOfRangeError, 3, "-1200 to 0")),
        (
            ("previous_application", "NFLAG_INSURED_ON_APPROVAL"),
            [0.0, 1.0, 0.5],
            (OutOfRangeError, 3, "0 or 1"),
        ),
        (("application_train", "AMT_CREDIT"), [math.nan, 1.0, 2.0], (WrongTypeError, 1, "required")),
        (
            ("application_train", "NAME_CONTRACT_TYPE"),
            ["Cash loans", None, ""],
            (WrongTypeError, 2, "required"),
        ),
        (("application_train", TARGET), [0, 1, 2], (WrongTypeError, 3, "2 is neither 0 nor 1")),
        (("application_train", TARGET), [0, None, 1], (WrongTypeError, 2, "required")),
        (("application_train", ID), [7, 8, 7], (DuplicateKeyError, 3, "7 is already in row 1")),
        (("bureau", "SK_ID_BUREAU"), [8, 8, 9], (DuplicateKeyError, 2, "8 is already in row 1")),
        (("previous_application", "SK_ID_PREV"), [8, 9, 9], (DuplicateKeyError, 3, "9 is already in row 2")),
    ],
)
def test_faults_are_named_by_table_column_and_row(
    tmp_path: Path,
    ending: str,
    place: tuple[str, str],
    values: Sequence[Any],
    expected: tuple[type[TableError], int, str],
) -> None:
    file, column = place
    kind, row, words = expected
    error = fault(fill(tmp_path, ending, **{file: a_table(file, **{column: values})}))
    assert type(error) is kind
    assert (error.table, error.column, error.row) == (file, column, row)
    assert words in str(error)


def test_an_applicant_is_in_train_or_in_test(tmp_path: Path) -> None:
    train = a_table("application_train", **{ID: [1, 2, TEST_IDS[1]]})
    error = fault(fill(tmp_path, application_train=train), "all")
    assert isinstance(error, DuplicateKeyError)
    assert (error.table, error.row) == ("application_test", 2)
    assert "row 3 of application_train" in str(error)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
@pytest.mark.parametrize("value", ["many", "1,5", "0x5", "--5"])
def test_text_among_the_numbers_of_a_csv_is_shown(tmp_path: Path, ending: str, value: str) -> None:
    credits_held = a_table("bureau").with_columns(pl.Series("DAYS_CREDIT", ["-1", "", value]))
    credits_held[1, "DAYS_CREDIT"] = "-2"
    error = fault(fill(tmp_path, ending, bureau=credits_held))
    assert isinstance(error, WrongTypeError)
    assert (error.table, error.column, error.row) == ("bureau", "DAYS_CREDIT", 3)
    assert f"'{value}' is not a number" in str(error)


def test_the_first_row_at_fault_is_named_whatever_its_column(tmp_path: Path) -> None:
    held = a_table("bureau", AMT_ANNUITY=["x", "1", "1"], DAYS_CREDIT=["-1", "y", "-1"])
    error = fault(fill(tmp_path, ".csv", bureau=held))
    assert (error.column, error.row) == ("AMT_ANNUITY", 1)


@pytest.mark.parametrize(
    ("column", "values", "row"),
    [
        ("AMT_CREDIT_SUM", [None, "1.5", "2.5"], 2),
        ("AMT_CREDIT_SUM", [True, False, True], 1),
        ("CREDIT_TYPE", [None, None, 3], 3),
        ("CREDIT_TYPE", [[1], [2], [3]], 1),
    ],
)
def test_a_parquet_column_of_another_kind_is_refused(
    tmp_path: Path, column: str, values: Sequence[Any], row: int
) -> None:
    error = fault(fill(tmp_path, bureau=a_table("bureau", **{column: values})))
    assert isinstance(error, WrongTypeError)
    assert (error.table, error.column, error.row) == ("bureau", column, row)


@pytest.mark.parametrize(
    "dtype", [pl.Int8, pl.Int32, pl.UInt16, pl.UInt64, pl.Int128, pl.Float32, pl.Float64, pl.Decimal(20, 2)]
)
def test_numbers_of_any_width_are_numbers(tmp_path: Path, dtype: Any) -> None:
    held = a_table("bureau", CREDIT_DAY_OVERDUE=[1, 2, 3], AMT_CREDIT_SUM=[1, 2, 3])
    held = held.cast({"CREDIT_DAY_OVERDUE": dtype, "AMT_CREDIT_SUM": dtype})
    frames, _, _ = read(fill(tmp_path, bureau=held))
    assert frames["bureau"]["CREDIT_DAY_OVERDUE"].to_list() == [1, 2, 3]
    assert frames["bureau"]["AMT_CREDIT_SUM"].to_list() == [1.0, 2.0, 3.0]


def test_an_integer_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    held = a_table("bureau").with_columns(pl.Series("SK_ID_BUREAU", [1, 2, 2**63], dtype=pl.UInt64))
    error = fault(fill(tmp_path, bureau=held))
    assert (error.column, error.row) == ("SK_ID_BUREAU", 3)


def test_a_column_without_values_fits_every_type(tmp_path: Path) -> None:
    nothing = [None, None, None]
    held = a_table("bureau", AMT_CREDIT_SUM=nothing, CREDIT_TYPE=nothing)
    assert held.schema["CREDIT_TYPE"] == pl.Null
    frames, warnings, _ = read(fill(tmp_path, bureau=held))
    assert frames["bureau"]["AMT_CREDIT_SUM"].null_count() == 3
    assert warnings == []


def test_categoricals_and_not_a_number_are_understood(tmp_path: Path) -> None:
    held = a_table("bureau", AMT_CREDIT_SUM=[1.5, math.nan, None]).cast({"CREDIT_TYPE": pl.Categorical})
    frames, _, _ = read(fill(tmp_path, bureau=held))
    assert frames["bureau"]["AMT_CREDIT_SUM"].to_list() == [1.5, None, None]
    assert frames["bureau"]["CREDIT_TYPE"].equals(a_table("bureau")["CREDIT_TYPE"])


# Variants of CSV.


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_a_csv_may_be_quoted_padded_and_have_blank_lines(tmp_path: Path, ending: str) -> None:
    held = a_table("bureau").cast(
        {"DAYS_CREDIT": pl.Float64}
    )  # as pandas writes a column with a missing value
    path = fill(tmp_path, ending, bureau=held) / f"bureau{ending}"
    replace(path, "-2.0", '" -2"')
    replace(path, "Closed", '""')
    replace(path, "\n", "\r\n\r\n")
    frames, warnings, _ = read(tmp_path)
    assert frames["bureau"]["DAYS_CREDIT"].to_list() == [-1, -2, -3]
    assert frames["bureau"]["CREDIT_ACTIVE"].null_count() == 1
    assert warnings == []


# Categories that the schema does not know.


@each_ending
def test_a_category_never_seen_is_a_warning_and_missing_as_in_a_request(tmp_path: Path, ending: str) -> None:
    applications = a_table("application_train", NAME_INCOME_TYPE=["Working", "Astronaut", "Astronaut"])
    frames, warnings, _ = read(fill(tmp_path, ending, application_train=applications))
    assert frames[APPLICATION]["NAME_INCOME_TYPE"].to_list() == ["Working", None, None]
    (warning,) = warnings
    assert warning.startswith(
        "table application_train, column NAME_INCOME_TYPE, row 2: 'Astronaut' is not a known"
    )
    assert warning.endswith("counts as missing (2 rows)")


def test_many_categories_never_seen_are_counted(tmp_path: Path) -> None:
    kinds = a_table("bureau", 9, CREDIT_TYPE=[f"kind {number}" for number in range(9)])
    _, warnings, _ = read(fill(tmp_path, bureau=kinds))
    assert len(warnings) == 5 + 1
    assert warnings[-1] == "table bureau, column CREDIT_TYPE: 4 more values are not known"


# Files that cannot be read.


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bureau.parquet", b""),
        ("bureau.parquet", b"SK_ID_CURR,SK_ID_BUREAU\n1,2\n"),
        ("bureau.csv", b""),
        ("bureau.csv", "SK_ID_CURR,é\n".encode("utf-16")),
        ("bureau.csv.gz", b"\x1f\x8bnot really"),
        ("bureau.csv.gz", gzip.compress(a_table("bureau", 500).write_csv().encode())[:-200]),
        ("bureau.csv", a_table("bureau").write_csv().encode() + b"1,2" + b",3" * 40),
        ("bureau.csv", a_table("bureau").write_csv().replace("Active", "Activ\xe9").encode("latin-1")),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (fill(tmp_path) / "bureau.parquet").unlink()
    (tmp_path / name).write_bytes(content)
    error = fault(tmp_path)
    assert error.table == "bureau"
    assert str(tmp_path / name) in str(error)


def test_a_damaged_parquet_page_is_found_before_anything_is_computed(tmp_path: Path) -> None:
    path = fill(tmp_path, bureau=a_table("bureau", 5000)) / "bureau.parquet"
    content = bytearray(path.read_bytes())
    content[4:20000] = b"\xff" * 19996
    path.write_bytes(content)
    error = fault(tmp_path)
    assert error.table == "bureau"
    assert str(path) in str(error)


NUMBERS = (
    st.none()
    | st.just(-0.0)
    | st.floats(SMALLEST, 1e9)
    | st.integers(0, 10**10).map(lambda cents: cents / 100)
)
TEXTS = st.none() | st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=8)
ROWS = st.lists(
    st.tuples(st.integers(-36525, 0), NUMBERS, st.sampled_from(table("bureau").columns["CREDIT_TYPE"].values), TEXTS),
    max_size=8,
)  # fmt: skip


@settings(deadline=None, max_examples=15)
@given(rows=ROWS)
def test_csv_and_parquet_are_read_bit_for_bit_alike(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    columns = ("DAYS_CREDIT", "AMT_CREDIT_SUM", "CREDIT_TYPE", "CREDIT_ACTIVE")
    values: dict[str, Any] = {
        name: pl.Series(name, [row[place] for row in rows]) for place, name in enumerate(columns)
    }
    held = a_table("bureau", len(rows), **values).cast(pl.Schema(polars_schema(table("bureau"))))
    active = pl.col("CREDIT_ACTIVE")
    expected = held.with_columns(
        pl.when(active.is_in(table("bureau").columns["CREDIT_ACTIVE"].values)).then(active)
    )
    seen = []
    for ending in (".parquet", ".csv", ".csv.gz"):
        directory = tmp_path_factory.mktemp("tables")
        write_table(held, directory / f"bureau{ending}")
        write_table(a_table("application_train"), directory / f"application_train{ending}")
        seen.append(read(directory))
        assert_frame_equal(seen[-1][0]["bureau"], expected, check_exact=True)
    assert seen[0][1:] == seen[1][1:] == seen[2][1:]


@pytest.mark.real_rows
@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_real_tables_open_without_a_warning(split: Split, real_tables: Path) -> None:
    with open_tables(real_tables, split) as source:
        assert source.warnings == []
        assert source.applicants.height > 40_000
