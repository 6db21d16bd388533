"""Known applicants on SQLite and on a real PostgreSQL server: nothing of theirs lost, changed or half there."""

from __future__ import annotations

import math
import re
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pydantic import ValidationError
from sqlalchemy import create_engine, text

from home_credit.applicants import ApplicantStore
from home_credit.applicants.loading import HistoryFeatures, load
from home_credit.applicants.schema import SCHEMA_VERSION, Content, applicants
from home_credit.applicants.search import LARGEST_ID, id_ranges
from home_credit.applicants.writing import replacing
from home_credit.errors import (
    ApplicantStoreError,
    MissingColumnError,
    MissingTableError,
    TableError,
    UnknownApplicantError,
    UsageError,
)
from home_credit.schemas import AgeBand, ApplicantQuery, Contract
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.frames import age_band
from home_credit.tables.schema import AGE_BANDS, APPLICATION, HISTORIES, ID, TARGET, table
from home_credit.tables.source import open_tables
from support.applicant_stores import IDS, TEST_IDS, portfolios, write_marked, write_portfolio
from support.parquet_rows import ParquetRows
from support.tables import a_table, frame_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HALF_WAY = """
import sys
from pathlib import Path
from support.applicant_stores import load_and_hang
load_and_hang(Path(sys.argv[1]), sys.argv[2])
"""


@pytest.fixture
def url(url: str, tmp_path: Path) -> str:
    """The address of an empty database; a file has a name that needs quoting."""
    return f"sqlite:///{tmp_path}/a folder/applicants 100%#.db" if url.startswith("sqlite") else url


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return write_portfolio(tmp_path / "tables")


@pytest.fixture
def store(url: str, tables: Path) -> Iterator[ApplicantStore]:
    load(tables, url)
    with closing(ApplicantStore.open(url)) as opened:
        yield opened


def _execute(url: str, statement: str) -> None:
    engine = create_engine(re.sub("^postgres(ql)?:", "postgresql+psycopg:", url))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@contextmanager
def _loaded(directory: Path, **tables: pl.DataFrame) -> Iterator[ApplicantStore]:
    """Open a store in SQLite of the portfolio with other tables."""
    url = f"sqlite:///{directory}/applicants.db"
    load(write_portfolio(directory / "tables", **tables), url)
    with closing(ApplicantStore.open(url)) as store:
        yield store


def test_applicants_of_both_tables_are_known_in_order(store: ApplicantStore, tables: Path) -> None:
    assert store.total == 6
    assert store.applicants() == [1, 3, 4, 5, 8, 9]
    assert store.applicants(after=4, limit=2) == [5, 8]
    assert store.applicants(after=9) == []
    assert store.content().source == str(tables)


def test_an_applicant_s_rows_are_the_rows_of_the_tables(store: ApplicantStore) -> None:
    bundle = store.bundle(5)
    assert bundle[APPLICATION] == a_table("application_train", **{ID: IDS}).drop(TARGET).row(0, named=True)
    assert [row["SK_ID_PREV"] for row in bundle["previous_application"]] == [1000001, 1000003]
    assert [row["SK_ID_BUREAU"] for row in bundle["bureau_balance"]] == [5000001, 5000003]
    assert store.bundle(8)[APPLICATION][ID] == 8
    assert all(store.bundle(8)[name] == [] for name in HISTORIES)


@pytest.mark.parametrize("unknown", [2, 77, -1, 0, 2**63 - 1, 2**63, -(2**63) - 1, 10**30])
def test_nobody_else_is_known(store: ApplicantStore, unknown: int) -> None:
    with pytest.raises(UnknownApplicantError, match=str(unknown)):
        store.bundle(unknown)


def test_what_is_absent_is_null_in_the_application_and_left_out_of_histories(tmp_path: Path) -> None:
    applications = a_table("application_train", **{ID: IDS, "EXT_SOURCE_1": [math.nan, None, 0.5]})
    held = a_table("bureau", **{ID: IDS, "AMT_ANNUITY": [math.nan, None, 0.5]})
    with _loaded(tmp_path, application_train=applications, bureau=held) as store:
        for applicant in (5, 3):
            bundle = store.bundle(applicant)
            assert bundle[APPLICATION]["EXT_SOURCE_1"] is None
            assert "AMT_ANNUITY" not in bundle["bureau"][0]


def test_a_decimal_comes_as_a_number(tmp_path: Path) -> None:
    applications = a_table("application_train", **{ID: IDS}).with_columns(
        pl.Series("AMT_CREDIT", [Decimal("1.50")] * 3)
    )
    with _loaded(tmp_path, application_train=applications) as store:
        assert store.bundle(5)[APPLICATION]["AMT_CREDIT"] == 1.5


def test_indexes_are_made_in_one_order_so_that_the_same_rows_are_the_same_file(tmp_path: Path) -> None:
    """SQLAlchemy's set of them has the order of their addresses."""
    with _loaded(tmp_path), closing(sqlite3.connect(tmp_path / "applicants.db")) as file:
        found = file.execute("SELECT name FROM sqlite_master WHERE name LIKE 'ix_%' ORDER BY rootpage")
        names = [name for (name,) in found]
    assert len(names) == 3
    assert names == sorted(names)


def test_a_category_that_the_schema_does_not_know_stays_and_is_no_filter(tmp_path: Path) -> None:
    contracts = {ID: IDS, "NAME_CONTRACT_TYPE": ["Barter", "Cash loans", "Cash loans"]}
    tables = {
        "application_train": a_table("application_train", **contracts),
        "bureau": a_table("bureau", **{ID: IDS, "CREDIT_ACTIVE": ["Dormant", "Active", "Closed"]}),
    }
    with _loaded(tmp_path, **tables) as store:
        bundle = store.bundle(5)
        listed = {
            contract: store.search(ApplicantQuery(contract=contract)) for contract in get_args(Contract)
        }
    assert bundle[APPLICATION]["NAME_CONTRACT_TYPE"] == "Barter"
    assert bundle["bureau"][0]["CREDIT_ACTIVE"] == "Dormant"
    assert [warning.split(":")[0] for warning in parse_bundle(bundle).warnings] == [
        "application.NAME_CONTRACT_TYPE",
        "bureau[0].CREDIT_ACTIVE",
    ]
    assert 5 not in {applicant for found in listed.values() for applicant in found.applicants}


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_the_format_of_the_tables_makes_no_difference(tmp_path: Path, ending: str) -> None:
    bundles = []
    for kind in (".parquet", ending):
        address = f"sqlite:///{tmp_path}/{kind}.db"
        load(write_portfolio(tmp_path / kind, kind), address)
        with closing(ApplicantStore.open(address)) as store:
            bundles.append([store.bundle(applicant) for applicant in store.applicants()])
    assert bundles[0] == bundles[1]


@pytest.mark.parametrize("left_out", ["application_train", "application_test"])
def test_one_application_table_is_enough(tables: Path, url: str, left_out: str) -> None:
    (tables / f"{left_out}.parquet").unlink()
    load(tables, url)
    expected = TEST_IDS if left_out == "application_train" else IDS
    with closing(ApplicantStore.open(url)) as store:
        assert store.applicants() == sorted(expected)


def test_what_is_loaded_was_checked_and_a_failed_load_leaves_the_content(
    store: ApplicantStore, tables: Path, url: str
) -> None:
    before = store.bundle(5)
    a_table("POS_CASH_balance").drop("SK_DPD").write_parquet(tables / "POS_CASH_balance.parquet")
    with pytest.raises(MissingColumnError, match="SK_DPD"):
        load(tables, url)
    (tables / "POS_CASH_balance.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TableError, match=r"POS_CASH_balance\.parquet cannot be read"):
        load(tables, url)
    for name in ("application_train", "application_test"):
        (tables / f"{name}.parquet").unlink()
    with pytest.raises(MissingTableError, match=r"no application_train\.parquet"):
        load(tables, url)
    assert store.bundle(5) == before
    assert store.total == 6


def frames_alone(directory: Path, applicant: int) -> dict[str, pl.DataFrame]:
    """Return what the whole tables hold of one applicant, in the order of their rows."""
    with open_tables(directory, "all") as source:
        whole = {name: frame.collect() for name, frame in source.frames.items()}
    mine = whole["bureau"].filter(pl.col(ID) == applicant)["SK_ID_BUREAU"]
    return {
        name: frame.filter(
            pl.col(ID) == applicant if ID in frame.columns else pl.col("SK_ID_BUREAU").is_in(mine.implode())
        )
        for name, frame in whole.items()
    }


@pytest.mark.parametrize("applicant", [5, 3, 9, 8])
def test_one_applicant_is_the_same_alone_and_in_the_whole_tables(
    store: ApplicantStore, tables: Path, applicant: int
) -> None:
    parsed = parse_bundle(store.bundle(applicant))
    assert parsed.warnings == []
    for name, frame in frames_alone(tables, applicant).items():
        assert_frame_equal(frame_of(parsed, name), frame, check_exact=True)


@pytest.mark.real_rows
@pytest.mark.slow
def test_real_applicants_come_back_as_they_were_written(real_tables: Path, tmp_path: Path) -> None:
    url, written = f"sqlite:///{tmp_path}/applicants.db", ParquetRows(real_tables)
    load(real_tables, url)
    with closing(ApplicantStore.open(url)) as store:
        chosen = [
            *written.applicants(0, 40),
            *written.applicants(250_000, 40),
            *written.applicants(450_000, 20),
        ]
        for applicant in chosen:
            assert exact(store.bundle(applicant)) == exact(written.bundle(applicant))


# Whatever the tables hold comes back.


def exact(value: Any) -> Any:
    """A value such that two are equal only where types and bits are: floats as hexadecimal digits."""
    if isinstance(value, dict):
        return {key: exact(each) for key, each in value.items()}
    if isinstance(value, list):
        return [exact(each) for each in value]
    return value.hex() if isinstance(value, float) else (type(value), value)


@settings(deadline=None, max_examples=15)
@given(portfolio=portfolios(), batch=st.integers(1, 7))
def test_any_tables_come_back_row_for_row(portfolio: dict[str, pl.DataFrame], batch: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, frame in portfolio.items():
            frame.write_parquet(folder / f"{file}.parquet")
        load(folder, f"sqlite:///{folder}/applicants.db", batch=batch)
        written = ParquetRows(folder)
        with closing(ApplicantStore.open(f"sqlite:///{folder}/applicants.db")) as store:
            for applicant in portfolio["application_train"][ID]:
                assert exact(store.bundle(applicant)) == exact(written.bundle(applicant))


# The features of the histories.


def _counted(version: str) -> HistoryFeatures:
    """Features that only these tests know: rows of bureau, the type of the first, and a number that is missing."""

    def compute(frames: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        of_bureau = (
            frames["bureau"]
            .group_by(ID)
            .agg(pl.len().cast(pl.Float64).alias("rows"), pl.col("CREDIT_ACTIVE").first())
        )
        return frames[APPLICATION].select(ID).join(of_bureau, on=ID, how="left").with_columns(
            pl.lit(None, pl.Float64).alias("missing"), pl.lit(-0.0).alias("zero")
        )  # fmt: skip

    return HistoryFeatures(version, compute)


def test_features_of_the_histories_are_ready_under_their_version(url: str, tables: Path) -> None:
    load(tables, url, _counted("one"))
    with closing(ApplicantStore.open(url)) as store:
        assert store.content().definitions_version == "one"
        assert exact(store.read(5).history_features("one")) == exact([2.0, "Active", math.nan, -0.0])
        assert exact(store.read(8).history_features("one")) == exact([math.nan, None, math.nan, -0.0])


def test_features_of_other_definitions_are_never_served(url: str, tables: Path) -> None:
    load(tables, url, _counted("one"))
    with closing(ApplicantStore.open(url)) as store:
        assert store.read(5).history_features("two") is None
        load(tables, url, _counted("two"))
        assert store.read(5).history_features("one") is None
        assert store.read(5).history_features("two") is not None
        load(tables, url)
        assert store.read(5).history_features("two") is None


def test_no_features_are_kept_where_a_request_would_warn(tmp_path: Path) -> None:
    tables = write_portfolio(
        tmp_path / "tables",
        bureau=a_table("bureau", **{ID: IDS, "CREDIT_ACTIVE": ["Dormant", "Active", "Closed"]}),
        previous_application=a_table(
            "previous_application", **{ID: IDS, "NAME_PORTFOLIO": ["POS", "Gold", None]}
        ),
    )
    url = f"sqlite:///{tmp_path}/applicants.db"
    load(tables, url, _counted("one"))
    with closing(ApplicantStore.open(url)) as store:
        kept = {applicant: store.read(applicant).history_features("one") for applicant in IDS}
        assert [applicant for applicant in IDS if kept[applicant]] == [9]
        for applicant in IDS:
            assert bool(parse_bundle(store.bundle(applicant)).warnings) == (kept[applicant] is None)


# Listing and searching.

PEOPLE = st.lists(
    st.tuples(
        st.integers(0, 2000) | st.integers(0, LARGEST_ID),
        st.sampled_from([*AGE_BANDS, None]),
        st.sampled_from([*get_args(Contract), None]),
        st.sampled_from([1, 2, 3, None]),
    ),
    max_size=30,
    unique_by=lambda person: person[0],
)
QUERIES = st.builds(
    ApplicantQuery,
    after=st.just(0) | st.integers(0, 2000),
    limit=st.integers(1, 8),
    id_prefix=st.sampled_from(["", "0", "1", "12", "9", "19", "007", "9223372036854775807", "9" * 19]),
    age_band=st.sampled_from([*AGE_BANDS, None]),
    contract=st.sampled_from([*get_args(Contract), None]),
    region=st.sampled_from([1, 2, 3, None]),
)


def _list(url: str, people: list[tuple[Any, ...]]) -> ApplicantStore:
    """Fill a store with nothing but what is listed."""
    names = ("applicant_id", "age_band", "contract", "region_rating")
    path = Path(url.removeprefix("sqlite:///"))
    with replacing(path) as writer:
        rows = [dict(zip(names, person, strict=True)) | {"split": "test"} for person in people]
        writer.write(applicants, rows)
        writer.describe(Content("0" * 64, len(people), "", None, None, {}))
    return ApplicantStore.open(url)


@settings(deadline=None, max_examples=25)
@given(people=PEOPLE, queries=st.lists(QUERIES, min_size=1, max_size=5))
def test_a_search_finds_whom_it_should_page_by_page(
    people: list[tuple[Any, ...]], queries: list[ApplicantQuery]
) -> None:
    with TemporaryDirectory() as folder, closing(_list(f"sqlite:///{folder}/a.db", people)) as store:
        for query in queries:
            matching = sorted(
                applicant
                for applicant, age, contract, region in people
                if str(applicant).startswith(query.id_prefix)
                and query.age_band in {None, age}
                and query.contract in {None, contract}
                and query.region in {None, region}
            )
            found = store.search(query)
            assert found.total == len(matching)
            assert found.applicants == [each for each in matching if each > query.after][: query.limit]


@given(prefix=st.integers(0, 10**19).map(str), rest=st.text("0123456789", max_size=18))
def test_the_ranges_of_a_prefix_are_the_numbers_that_begin_with_it(prefix: str, rest: str) -> None:
    ranges = list(id_ranges(prefix))
    assert ranges == sorted(ranges)
    assert all(str(number).startswith(prefix) for ends in ranges for number in ends)
    longer = int(prefix + rest)
    if longer <= LARGEST_ID and (prefix != "0" or not rest):
        assert any(first <= longer <= last for first, last in ranges)


def test_a_search_on_either_database(store: ApplicantStore) -> None:
    everybody = store.search(ApplicantQuery())
    assert (everybody.applicants, everybody.total) == ([1, 3, 4, 5, 8, 9], 6)
    cash = store.search(ApplicantQuery(contract="Cash loans", limit=3))
    assert (cash.applicants, cash.total) == ([1, 4, 5], 4)
    assert store.search(ApplicantQuery(contract="Cash loans", after=cash.applicants[-1])).applicants == [9]
    assert store.search(ApplicantQuery(id_prefix="3")).applicants == [3]
    assert store.search(ApplicantQuery(id_prefix="3", contract="Cash loans")).total == 0
    assert store.search(ApplicantQuery(region=1)).applicants == [4, 5]
    assert store.search(ApplicantQuery(age_band="60 and over")).applicants == []
    assert store.search(ApplicantQuery(age_band="under 30")).total == 6


def test_counting_stops_at_ten_thousand(tmp_path: Path) -> None:
    people = [(number, "30-39", "Cash loans", 1 + number % 3) for number in range(10_500)]
    with closing(_list(f"sqlite:///{tmp_path}/a.db", people)) as store:
        assert store.total == store.search(ApplicantQuery()).total == 10_500
        assert store.search(ApplicantQuery(age_band="30-39")).total == 10_000
        assert store.search(ApplicantQuery(region=2)).total == 3_500
        assert store.search(ApplicantQuery(id_prefix="1")).total == 1_611


@pytest.mark.parametrize(
    "wrong",
    [
        {"id_prefix": "1%"},
        {"id_prefix": "_"},
        {"id_prefix": "-1"},
        {"id_prefix": "١"},
        {"id_prefix": "1" * 20},
        {"limit": 1001},
        {"limit": 0},
        {"after": -1},
        {"after": 2**63},
        {"age_band": "30"},
        {"contract": "Barter"},
        {"region": 4},
    ],
)
def test_a_query_beyond_its_limits_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ApplicantQuery(**wrong)


def test_the_age_bands_of_the_api_are_those_of_the_tables() -> None:
    assert get_args(AgeBand) == AGE_BANDS
    assert get_args(Contract) == table(APPLICATION).columns["NAME_CONTRACT_TYPE"].values
    days = pl.DataFrame({"days": [None, -10_957, -10_958, -14_609, -21_915, -40_000]})
    banded = days.select(age_band(pl.col("days"))).to_series()
    assert banded.to_list() == [None, "under 30", "30-39", "30-39", "60 and over", "60 and over"]


# Loading while others read, load or die.


def _amounts(bundle: dict[str, Any]) -> set[float]:
    return {bundle[APPLICATION]["AMT_CREDIT"], *(row["AMT_CREDIT_SUM"] for row in bundle["bureau"])}


def test_readers_see_the_old_content_or_the_new_and_never_both(url: str, tmp_path: Path) -> None:
    ids = range(1, 41)
    folders = [write_marked(tmp_path / str(mark), ids, float(mark)) for mark in (1, 2)]
    load(folders[0], url)
    done = threading.Event()
    with closing(ApplicantStore.open(url)) as store, ThreadPoolExecutor(6) as pool:

        def read(start: int) -> set[float]:
            seen = set()
            while not done.is_set():
                for applicant in ids[start::6]:
                    amounts = _amounts(store.bundle(applicant))
                    assert len(amounts) == 1
                    seen |= amounts
                found = store.search(ApplicantQuery())
                assert (len(found.applicants), found.total) == (40, 40)
            return seen

        readers = [pool.submit(read, start) for start in range(6)]
        try:
            for number in range(1, 7):
                load(folders[number % 2], url, batch=10)
        finally:
            done.set()
        assert set().union(*(reader.result() for reader in readers)) == {1.0, 2.0}
        assert _amounts(store.bundle(1)) == {1.0}


def test_a_load_killed_half_way_leaves_the_old_content(url: str, tmp_path: Path) -> None:
    old, new = (write_marked(tmp_path / str(mark), range(1, 6), float(mark)) for mark in (1, 2))
    load(old, url)
    with closing(ApplicantStore.open(url)) as store:
        process = subprocess.Popen(
            [sys.executable, "-c", HALF_WAY, str(new), url],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )
        assert process.stdout
        assert process.stdout.readline() == b"half way\n"
        with pytest.raises(ApplicantStoreError, match="another load .* is under way"):
            load(new, url)
        process.kill()
        process.wait(30)
        process.stdout.close()
        assert _amounts(store.bundle(1)) == {1.0}
        assert store.total == 5
        _when_unlocked(new, url)
        assert _amounts(store.bundle(1)) == {2.0}
    if url.startswith("sqlite"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        assert [path.name for path in folder.iterdir()] == ["applicants 100%#.db"]


def _when_unlocked(tables: Path, url: str) -> None:
    """Load as soon as the server has noticed that the killed process is gone."""
    for _ in range(100):
        try:
            load(tables, url)
        except ApplicantStoreError:
            threading.Event().wait(0.1)
        else:
            return
    load(tables, url)


def test_the_same_tables_give_the_same_file(tables: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        load(tables, f"sqlite:///{tmp_path}/{name}.db", _counted("one"), batch=4)
    assert (tmp_path / "one.db").read_bytes() == (tmp_path / "other.db").read_bytes()


def test_reading_a_file_leaves_no_trace(tables: Path, tmp_path: Path) -> None:
    path = tmp_path / "store" / "applicants.db"
    load(tables, f"sqlite:///{path}")
    before = path.stat(), path.parent.stat().st_mtime_ns
    with closing(ApplicantStore.open(f"sqlite:///{path}")) as store:
        store.bundle(5)
        store.search(ApplicantQuery(id_prefix="5"))
        assert [each.name for each in path.parent.iterdir()] == ["applicants.db"]
    after = path.stat(), path.parent.stat().st_mtime_ns
    assert (before[0].st_mtime_ns, before[0].st_size, before[1]) == (
        after[0].st_mtime_ns,
        after[0].st_size,
        after[1],
    )


# What is no store.


def test_a_store_that_is_not_there_says_how_to_fill_it(url: str) -> None:
    with pytest.raises(ApplicantStoreError, match="home-credit load"):
        ApplicantStore.open(url)


def test_a_file_that_vanishes_says_so(tables: Path, tmp_path: Path) -> None:
    path = tmp_path / "applicants.db"
    load(tables, f"sqlite:///{path}")
    with closing(ApplicantStore.open(f"sqlite:///{path}")) as store:
        path.unlink()
        with pytest.raises(ApplicantStoreError, match="no applicant store at"):
            store.bundle(5)
        load(tables, f"sqlite:///{path}")
        assert store.bundle(5)[APPLICATION][ID] == 5


def test_a_store_of_another_release_is_refused_and_can_be_filled_anew(
    store: ApplicantStore, tables: Path, url: str
) -> None:
    _execute(url, "UPDATE applicant_store SET schema_version = 99")
    with pytest.raises(
        ApplicantStoreError, match=f"schema 99, this release reads {SCHEMA_VERSION}; home-credit load"
    ):
        ApplicantStore.open(url)
    load(tables, url)
    with closing(ApplicantStore.open(url)) as anew:
        assert (anew.total, store.total) == (6, 6)


def test_damaged_rows_are_no_rows(store: ApplicantStore, url: str) -> None:
    damaged = "x'789c00'" if url.startswith("sqlite") else r"'\x789c00'"
    for column, applicant in (("histories", 3), ("application", 5)):
        _execute(url, f"UPDATE applicant_rows SET {column} = {damaged} WHERE applicant_id = {applicant}")  # noqa: S608  (constants)
        with pytest.raises(ApplicantStoreError, match=f"applicant {applicant} are damaged"):
            store.bundle(applicant)


def test_nothing_else_is_overwritten(url: str, tables: Path) -> None:
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True)
    _execute(url, "CREATE TABLE applicants (name VARCHAR(9))")
    with pytest.raises(UsageError, match=r"is no applicant store|of something else"):
        load(tables, url)
    with pytest.raises(ApplicantStoreError, match="no applicant store"):
        ApplicantStore.open(url)
    _execute(url, "INSERT INTO applicants VALUES ('still me')")


def test_a_file_of_another_kind_is_left_as_it_is(tables: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database")
    with pytest.raises(UsageError, match="is no applicant store"):
        load(tables, f"sqlite:///{path}")
    with pytest.raises(ApplicantStoreError, match="not available"):
        ApplicantStore.open(f"sqlite:///{path}")
    assert path.read_text() == "no database"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "applicants.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=rw",
        "mysql://u:s3cret@h/d",
    ],
)
def test_an_address_that_cannot_be_a_store_is_refused(tables: Path, address: str) -> None:
    for use in (ApplicantStore.open, lambda to: load(tables, to)):
        with pytest.raises(UsageError) as caught:
            use(address)
        assert "s3cret" not in str(caught.value)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    address = "postgresql://clerk:s3cret@127.0.0.1:1/applicants?connect_timeout=1"
    with pytest.raises(
        ApplicantStoreError, match=r"clerk:\*\*\*@127.0.0.1:1/applicants is not available"
    ) as caught:
        ApplicantStore.open(address)
    assert "s3cret" not in str(caught.value)
