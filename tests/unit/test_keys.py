"""API keys: stored, found, revoked; and what each route demands of one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute
from typer.testing import CliRunner

from home_credit.api.app import create_app
from home_credit.api.authentication import ANYBODY, Access, mode_of
from home_credit.api.keys import SCOPES, KeyFile
from home_credit.api.rules import RULES, UNLISTED, rule_of
from home_credit.cli import keys
from home_credit.config import Settings
from home_credit.errors import KeyFileError, MissingKeyError, UnknownKeyError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def request(key: str | None = None, *, server: str = "10.0.0.2", client: str = "10.0.0.3") -> dict[str, Any]:
    headers = [(b"x-api-key", key.encode())] if key else []
    return {
        "type": "http",
        "method": "GET",
        "path": "/model",
        "headers": headers,
        "server": (server, 80),
        "client": (client, 1),
    }


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "folder" / "keys.json")


def access(tmp_path: Path, seconds: list[float] | None = None, **settings: Any) -> Access:
    settings.setdefault("api_keys_file", tmp_path / "folder" / "keys.json")
    now = seconds or [0.0]
    return Access(Settings(**settings), clock=lambda: now[0])


def test_a_key_is_shown_once_and_stored_as_a_hash(file: KeyFile, tmp_path: Path) -> None:
    key = file.add("Zoé Martin", ["review", "read"])
    assert key not in (tmp_path / "folder" / "keys.json").read_text()
    assert key.startswith("hc_") and len(key) >= 46
    (stored,) = file.read()
    assert (stored.name, stored.scopes, stored.revoked_at) == ("Zoé Martin", ("read", "review"), None)
    caller = access(tmp_path).caller(request(key))
    assert caller is not None
    assert caller.name == "Zoé Martin"
    assert caller.scopes == {"read", "review"}
    assert caller.may(frozenset({"read"})) and not caller.may(frozenset({"score"}))


@pytest.mark.parametrize("name", ["", " ", "a\nb", "API_KEY", "x" * 65, "-x", "a/b"])
def test_names_that_are_none(file: KeyFile, name: str) -> None:
    with pytest.raises(UsageError):
        file.add(name, ["read"])


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", "all"]])
def test_scopes_that_are_none(file: KeyFile, scopes: list[str]) -> None:
    with pytest.raises(UsageError, match="score, read, review, act-for, admin"):
        file.add("somebody", scopes)


def test_a_name_is_never_used_twice(file: KeyFile) -> None:
    file.add("loans", ["score"])
    with pytest.raises(UsageError, match="loans"):
        file.add("loans", ["score"])
    file.revoke("loans")
    with pytest.raises(UsageError, match="loans"):
        file.add("loans", ["score"])
    with pytest.raises(UnknownKeyError):
        file.revoke("loans")
    with pytest.raises(UnknownKeyError):
        file.revoke("nobody")


def test_changes_at_once_are_all_kept(file: KeyFile) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda n: file.add(f"key {n}", ["read"]), range(24)))
    assert len(set(keys)) == 24
    assert {stored.name for stored in file.read()} == {f"key {n}" for n in range(24)}


def test_a_running_server_sees_keys_come_and_go(file: KeyFile, tmp_path: Path) -> None:
    seconds = [0.0]
    running = access(tmp_path, seconds)
    key = file.add("loans", ["score"])
    assert running.caller(request(key))
    file.revoke("loans")
    seconds[0] = 0.9
    assert running.caller(request(key))
    seconds[0] = 1.1
    assert running.caller(request(key)) is None
    other = file.add("other", ["score"])
    seconds[0] = 2.2
    caller = running.caller(request(other))
    assert caller and caller.name == "other"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 2}', "[" * 10_000, '{"version": 1, "keys": [{"name": "x"}]}']
)
def test_a_broken_file_opens_nothing(
    file: KeyFile, tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = file.add("loans", ["score"])
    (tmp_path / "folder" / "keys.json").write_text(text)
    with pytest.raises(KeyFileError):
        file.read()
    running = access(tmp_path, api_key="of the setting")
    assert running.caller(request(key)) is None
    assert running.caller(request("of the setting")) == ("API_KEY", ANYBODY.scopes)
    assert "no key of the file is accepted" in caplog.text


def test_a_file_that_is_not_there_opens_nothing(tmp_path: Path) -> None:
    running = access(tmp_path)
    assert running.mode == "keys"
    assert running.caller(request("anything")) is None
    assert running.caller(request(server="127.0.0.1", client="127.0.0.1")) is None


@pytest.mark.parametrize(
    ("server", "client", "open_"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", True),
        ("/run/api.sock", "", True),
        ("127.0.0.1", "203.0.113.9", False),  # passed on by a proxy of this machine
        ("127.0.0.1", "unknown", False),
        ("10.0.0.2", "127.0.0.1", False),
        ("10.0.0.2", "10.0.0.3", False),
    ],
)
def test_without_a_key_only_this_machine_is_answered(server: str, client: str, open_: bool) -> None:
    running = Access(Settings())
    assert running.mode == "loopback"
    assert (running.caller(request(server=server, client=client)) is not None) == open_


def test_a_demo_is_open_until_a_key_is_given(tmp_path: Path) -> None:
    assert Access(Settings(HOME_CREDIT_DEMO=True)).caller(request()) == ANYBODY
    settings: list[dict[str, Any]] = [{"api_key": "k3y"}, {"api_keys_file": tmp_path / "keys.json"}]
    for closed in settings:
        running = Access(Settings(HOME_CREDIT_DEMO=True, **closed))
        assert running.mode == "keys"
        assert running.caller(request()) is None


@pytest.mark.parametrize("name", ["database_url", "applicants_url"])
@pytest.mark.parametrize("address", ["postgresql://clerk:s3cret@db/ledger", "sqlite:////mnt/real.db"])
def test_a_database_is_only_taken_with_a_key(name: str, address: str) -> None:
    given: dict[str, Any] = {name: address}
    with pytest.raises(MissingKeyError, match=f"{name.upper()} is only taken together with a key") as refused:
        mode_of(Settings(HOME_CREDIT_DEMO=True, **given))
    assert "s3cret" not in str(refused.value)
    assert mode_of(Settings(HOME_CREDIT_DEMO=True, api_key="k3y", **given)) == "keys"
    assert mode_of(Settings(**given)) == "loopback"


def test_every_route_has_a_rule_and_every_rule_a_route() -> None:
    included: list[Any] = create_app(Settings()).routes
    routes = {
        (method, route.path)
        for router in included
        for route in router.original_router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert len(routes) > 20
    assert routes == {(method, rule.path) for method, rules in RULES.items() for rule in rules}
    for method, path in routes:
        assert rule_of(method, path).path == path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/predict"),
        ("POST", "/predict/"),
        ("POST", "/applicants/1/2/predict"),
        ("GET", "/applicants/1/"),
        ("DELETE", "/decisions/1"),
        ("GET", "//health"),
        ("GET", "/health\n"),
        ("BREW", "/health"),
    ],
)
def test_what_no_rule_names_needs_every_scope(method: str, path: str) -> None:
    assert rule_of(method, path) is UNLISTED
    assert UNLISTED.scopes == {"admin"}


def test_admin_includes_every_scope() -> None:
    admin = ANYBODY._replace(scopes=frozenset({"admin"}))
    assert all(admin.may(frozenset({scope})) for scope in SCOPES)


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner, path = CliRunner(), tmp_path / "keys.json"
    added = runner.invoke(
        keys.app, ["add", "loans", "--scope", "score", "--scope", "read", "--file", str(path)]
    )
    assert added.exit_code == 0
    caller = access(tmp_path, api_keys_file=path).caller(request(added.output.strip()))
    assert caller is not None
    assert caller.scopes == {"score", "read"}
    monkeypatch.setenv("API_KEYS_FILE", str(path))
    assert "loans\tscore,read\t" in runner.invoke(keys.app, ["list"]).output
    assert runner.invoke(keys.app, ["revoke", "loans"]).exit_code == 0
    assert "revoked" in runner.invoke(keys.app, ["list"]).output
    assert isinstance(runner.invoke(keys.app, ["revoke", "loans"]).exception, UnknownKeyError)
    monkeypatch.delenv("API_KEYS_FILE")
    assert isinstance(runner.invoke(keys.app, ["list"]).exception, UsageError)


def test_the_file_is_plain_json_with_a_version(file: KeyFile, tmp_path: Path) -> None:
    file.add("loans", ["score"])
    document = json.loads((tmp_path / "folder" / "keys.json").read_text())
    assert document["version"] == 1
    assert set(document["keys"][0]) == {"name", "sha256", "scopes", "created_at", "revoked_at"}
