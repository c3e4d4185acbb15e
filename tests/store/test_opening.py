"""Opening a store: what cannot be one is refused in words and left as it was."""

from __future__ import annotations

import builtins
import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from data.errors import StoreError
from data.sign_in.people import this_computer
from scenarios.store import Store, address, connection
from scenarios.store.address import address_of, filesystem_of
from scenarios.store.schema import VERSION_TABLE
from scenarios.store.tables import TABLES
from tests.stores import Server, content, draft, tamper


def test_a_store_opened_again_holds_what_it_held(where: str) -> None:
    first = Store.open(where)
    first.save(draft(), expected_version=0, who=this_computer("Jo"))
    assert content(Store.open(where)) == content(first)


def test_the_tables_are_those_the_migrations_make(store: Store) -> None:
    with store.engine.connect() as link:
        context = MigrationContext.configure(link, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, TABLES) == []


def test_a_store_of_a_newer_release_is_refused_and_left_alone(store: Store, where: str) -> None:
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    tamper(store, f"UPDATE {VERSION_TABLE} SET version_num = '0999'")
    before = content(store)
    with pytest.raises(
        StoreError, match=r"newer release .*step 0999; .* Nothing was changed\. Update the program"
    ):
        Store.open(where)
    assert content(store) == before


def test_a_database_of_another_program_is_refused_and_left_alone(where: str) -> None:
    other = connection.engine_for(address_of(where))
    with other.begin() as link:
        link.execute(text("CREATE TABLE invoices (number integer)"))
    before = Path(where).read_bytes() if address_of(where).is_file else None
    with pytest.raises(StoreError, match=r"another program's tables \(invoices\)\. Nothing was changed"):
        Store.open(where)
    with other.connect() as link:
        assert link.execute(text("SELECT count(*) FROM invoices")).scalar_one() == 0
        assert not other.dialect.has_table(link, "scenario_version")
    if before is not None:
        assert Path(where).read_bytes() == before


def test_a_store_is_one_file_when_nobody_writes(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "deep" / "down" / "a store.sqlite")
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    assert [path.name for path in (tmp_path / "deep" / "down").iterdir()] == ["a store.sqlite"]


def test_a_file_is_kept_with_a_write_ahead_log_and_full_care(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "scenarios.sqlite")
    with store.engine.connect() as link:
        said = [
            link.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert said == ["wal", 2, 1, 30000]


@pytest.mark.parametrize(
    "held", [b"id: two-bases\n" * 50, b"PK\x03\x04 a workbook", b"\x00", os.urandom(5000)]
)
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "scenarios.sqlite"
    path.write_bytes(held)
    with pytest.raises(
        StoreError, match=r"is not a scenario store: .* It was not changed\. Give another file"
    ):
        Store.open(path)
    assert path.read_bytes() == held
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.sqlite"
    path.touch()
    assert Store.open(path).scenarios() == ()


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7])
def test_a_store_cut_short_is_said_to_be_damaged(tmp_path: Path, part: float) -> None:
    path = tmp_path / "scenarios.sqlite"
    store = Store.open(path)
    for version in range(20):
        store.save(draft(note="x" * 2000 + str(version)), expected_version=version, who=this_computer("Jo"))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(StoreError, match="damaged or is not a store"):
        content(Store.open(path))


def test_a_folder_is_not_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is a folder\. Give a file in it, such as .*scenarios\.sqlite"):
        Store.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        StoreError, match=r"cannot be opened or made .* Choose a file in a folder you may write to"
    ):
        Store.open(tmp_path / "file" / "scenarios.sqlite")
    with pytest.raises(StoreError, match="cannot be opened or made"):
        Store.open(f"{tmp_path}/nul\x00.sqlite")


NOBODY = 65534
"""The user who owns nothing, on Linux."""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for inner in folder.iterdir():
        inner.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_one_may_not_write_to_is_said(open_folder: Path, there: bool) -> None:
    # Not under pytest's own folder, which is closed to other users.
    folder = open_folder / "kept"
    folder.mkdir()
    path = folder / "scenarios.sqlite"
    if there:
        Store.open(path).save(draft(), expected_version=0, who=this_computer("Jo"))
        path.chmod(0o444)
    before = path.read_bytes() if there else None
    folder.chmod(0o555)
    # Root may write anywhere, so there it is tried as the user who may nowhere.
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(NOBODY)
        with pytest.raises(
            StoreError, match=r"cannot be opened or made .* ask for permission to write there"
        ):
            Store.open(path)
    finally:
        os.seteuid(user)
    assert (path.read_bytes() if path.exists() else None) == before


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("mysql://jo:secret@server/plans", "'mysql://' cannot hold a scenario store"),
        ("postgresql+asyncpg://jo:secret@server/plans", "cannot hold a scenario store"),
        ("sqlite://", "cannot hold a scenario store"),
        ("sqlite:///:memory:", "cannot hold a scenario store"),
        ("postgresql://jo:secret@server:port/plans", "cannot be read"),
        ("://secret", "cannot be read"),
    ],
)
def test_an_address_that_is_none_is_said_without_its_password(where: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as raised:
        Store.open(where)
    assert "secret" not in str(raised.value)


def test_a_server_that_does_not_answer_is_said_without_its_password() -> None:
    with socket.socket() as held:  # taken and not listened to, so nobody answers
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        for where in (
            f"postgresql://jo:secret@127.0.0.1:{port}/x",
            f"postgresql://127.0.0.1:{port}/x?password=secret",
        ):
            with pytest.raises(StoreError, match=r"cannot be used .* Check the server") as raised:
                Store.open(where)
            assert "secret" not in str(raised.value)


def test_a_database_that_is_not_on_the_server_is_said(server: Server) -> None:
    with pytest.raises(
        StoreError, match=r'database "nothing" does not exist.* Check the server, the database'
    ):
        Store.open(server.url("nothing", "public"))


@pytest.mark.parametrize("right", ["CONNECT ON DATABASE postgres", "USAGE ON SCHEMA {schema}"])
def test_a_user_without_rights_is_told_whom_to_ask(server: Server, right: str) -> None:
    url = server.make_place()
    name = f"reader_{uuid.uuid4().hex}"
    with connection.engine_for(address_of(url)).begin() as link:
        schema = link.execute(text("SELECT current_schema()")).scalar_one()
        link.execute(text(f"CREATE ROLE {name} LOGIN"))
        link.execute(text(f"GRANT {right.format(schema=schema)} TO {name}"))
    with pytest.raises(
        StoreError, match=r"does not let you do this .* the right to use and to create tables"
    ):
        Store.open(url.replace("postgres@", f"{name}@"))


def test_without_the_driver_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: object, **named: object) -> object:
        if name == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return real(name, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "psycopg", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StoreError, match=r"its driver is not installed\. Install it with: pip install"):
        Store.open("postgresql://jo@server/plans")


def test_the_environment_says_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SENDPLAN_STORE", raising=False)
    assert address_of(None).shown == str(tmp_path / "out" / "scenarios.sqlite")
    monkeypatch.setenv("SENDPLAN_STORE", "")
    assert address_of(None).shown == str(tmp_path / "out" / "scenarios.sqlite")
    monkeypatch.setenv("SENDPLAN_STORE", str(tmp_path / "team.sqlite"))
    assert address_of(None).shown == str(tmp_path / "team.sqlite")
    assert address_of("mine.sqlite").shown == str(tmp_path / "mine.sqlite")
    assert address_of(f"sqlite:///{tmp_path}/url.sqlite").shown == str(tmp_path / "url.sqlite")


def test_a_store_is_found_under_any_name(tmp_path: Path) -> None:
    for name in ("100% sure?.sqlite", "file:a#b.sqlite", "Ünï \N{SNOWMAN}.sqlite"):
        path = tmp_path / name
        Store.open(path).save(draft(), expected_version=0, who=this_computer("Jo"))
        assert path.is_file()
        assert Store.open(path).latest("two-bases").version == 1


MOUNTED = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sda2 /home/jo ext4 rw 0 0
//server/plans /mnt/the\\040plans cifs rw 0 0
/dev/sda3 /over nfs rw 0 0
/dev/sda4 /over ext4 rw 0 0
cut short
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/tmp/a", "ext4"),
        ("/home/sam/a", "nfs4"),
        ("/home/jo/a", "ext4"),
        ("/home/jonas/a", "nfs4"),
        ("/mnt/the plans/a", "cifs"),
        ("/mnt/other/a", "ext4"),
        ("/over/a", "ext4"),
    ],
)
def test_the_kind_of_file_system_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert filesystem_of(Path(path), MOUNTED) == kind


def test_nothing_is_known_of_file_systems_outside_linux() -> None:
    assert filesystem_of(Path("/tmp/a"), "") is None


def test_a_network_share_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/plans {tmp_path}/share nfs4 rw 0 0\n")
    monkeypatch.setattr(address, "MOUNTS", mounts)
    with pytest.raises(StoreError, match=r"network share \(nfs4\).* Keep it on this computer's own disk"):
        Store.open(tmp_path / "share" / "scenarios.sqlite")
    assert not (tmp_path / "share").exists()
    assert Store.open(tmp_path / "own" / "scenarios.sqlite").scenarios() == ()


def test_a_store_that_stays_busy_is_said(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(where)
    monkeypatch.setattr(connection, "WAIT", 1)
    waiting = Store.open(where)
    before = content(waiting)
    with (
        connection.writing(Store.open(where).engine, address_of(where)),
        pytest.raises(StoreError, match=r"is busy: .* more than 1 seconds\. Nothing was saved\. Try again"),
    ):
        waiting.save(draft(), expected_version=0, who=this_computer("Jo"))
    assert content(waiting) == before


def test_reading_does_not_wait_for_a_writer(where: str) -> None:
    store = Store.open(where)
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    with connection.writing(store.engine, store.address):
        assert Store.open(where).latest("two-bases").version == 1


def test_a_reader_sees_the_store_as_it_was_at_one_moment(where: str) -> None:
    store = Store.open(where)
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    count = text("SELECT count(*) FROM log")
    with connection.reading(store.engine, store.address) as link:
        assert link.execute(count).scalar_one() == 1
        store.save(draft(note="later"), expected_version=1, who=this_computer("Jo"))
        assert link.execute(count).scalar_one() == 1
    assert len(store.entries()) == 2


def test_a_full_disk_is_said_and_nothing_is_saved(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "scenarios.sqlite")
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    before = content(store)

    def small(link: sqlite3.Connection, _record: object) -> None:
        link.execute("PRAGMA max_page_count=1")  # SQLite rounds it up to the pages there are

    event.listen(store.engine, "connect", small)
    with pytest.raises(
        StoreError, match=r"cannot be written to \(database or disk is full\)\. Nothing was saved"
    ):
        store.save(draft(note="x" * 500_000), expected_version=1, who=this_computer("Jo"))
    assert content(store) == before


def test_a_server_that_stops_says_so_and_saves_again_when_it_is_back(server: Server) -> None:
    url = server.make_place()
    store = Store.open(url)
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    before = content(store)
    server.stop("immediate")
    try:
        with pytest.raises(StoreError, match="that the server is running"):
            store.save(draft(note="lost"), expected_version=1, who=this_computer("Jo"))
    finally:
        server.start()
    assert content(store) == before
    assert store.save(draft(note="kept"), expected_version=1, who=this_computer("Jo")).version == 2
