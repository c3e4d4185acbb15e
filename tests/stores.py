"""Stores for tests: a real PostgreSQL server, drafts, and what processes do that write at once or are killed."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import text

from data.errors import ConflictError
from data.sign_in.people import this_computer
from scenarios.store import Draft, RunFacts, Store

FACTS = RunFacts(
    scenario_id=None,
    version=None,
    scenario_key="5" * 64,
    data_hash="d" * 64,
    model_hash="e" * 64,
    seed=1,
    draws=1000,
    years=10,
    la_code=317,
    app_version="0.1.0",
)


def draft(scenario_id: str = "two-bases", note: str = "", title: str = "Two new specialist bases") -> Draft:
    """Return a scenario whose key is the hash of its body."""
    body = json.dumps(
        {"id": scenario_id, "title": title, "note": note, "levers": [], "made_up": 1}, ensure_ascii=False
    )
    return Draft(scenario_id, title, body, hashlib.sha256(body.encode()).hexdigest())


def facts_of(scenario_id: str, version: int, key: str) -> RunFacts:
    return replace(FACTS, scenario_id=scenario_id, version=version, scenario_key=key)


def ticking(start: datetime = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)) -> Callable[[], datetime]:
    """Return a clock that moves by a minute each time it is read."""
    moments = (start + timedelta(minutes=minute) for minute in range(10**6))
    return lambda: next(moments)


def content(store: Store) -> tuple[object, object, object]:
    """Return everything a store keeps, to compare before and after."""
    names = [one.scenario_id for one in store.scenarios()]
    return [store.versions(name) for name in names], store.runs(), store.entries()


def tamper(store: Store, *statements: str) -> None:
    """Change rows from outside, past the triggers, as an administrator could."""
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        if store.address.is_file:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            drops = [f"DROP TRIGGER {name}" for (name,) in cursor.fetchall()]
            drops.append("PRAGMA foreign_keys=OFF")
        else:
            drops = ["SET session_replication_role = replica"]
        for statement in (*drops, *statements):
            cursor.execute(statement)
        connection.commit()
    finally:
        connection.close()


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of our own, reached by a socket in its own folder."""

    folder: Path
    programs: Path

    def url(self, database: str, schema: str) -> str:
        return (
            f"postgresql+psycopg://postgres@/{database}?host={self.folder}&options=-csearch_path%3D{schema}"
        )

    def make_place(self) -> str:
        """Make a schema of its own for one store: a database for each would take the server minutes to close."""
        schema = f"store_{uuid.uuid4().hex}"
        self.run(
            "psql", "-h", str(self.folder), "-U", "postgres", "-c", f"CREATE SCHEMA {schema}", "postgres"
        )
        return self.url("postgres", schema)

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c max_connections=50"
        self.run(
            "pg_ctl",
            "-D",
            str(self.folder / "data"),
            "-w",
            "-o",
            options,
            "-l",
            str(self.folder / "log"),
            "start",
        )

    def stop(self, mode: str) -> None:
        """Stop the server; in mode 'immediate' as a crash would, without closing anything."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", mode, "stop")

    def run(self, program: str, *arguments: str) -> None:
        # The server refuses to run as root, so there it runs as the user Debian's package makes for it.
        user = "postgres" if os.geteuid() == 0 else None
        done = subprocess.run(
            [self.programs / program, *arguments],
            user=user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def why_no_postgres() -> str | None:
    """Return why no PostgreSQL server can be started here, or None."""
    if _programs() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "PostgreSQL does not run as root, and there is no user 'postgres'"
    return None


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    named = shutil.which("pg_ctl")
    return found[-1].parent if found else Path(named).resolve().parent if named else None


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Start a server in a folder of its own, and stop it."""
    programs = _programs()
    assert programs is not None
    # A socket's path may have 107 characters at most, so not under pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="sendplan-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server = Server(folder, programs)
        server.run(
            "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"
        )
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")  # what it keeps is thrown away
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def save_for_ever(where: str, scenario_id: str, said: Connection) -> None:
    """Save version after version, and say each number once it is saved, until killed."""
    store = Store.open(where)
    version = (
        store.latest(scenario_id).version
        if scenario_id in {one.scenario_id for one in store.scenarios()}
        else 0
    )
    while True:
        kept = store.save(
            draft(scenario_id, f"change {version + 1}"),
            expected_version=version,
            who=this_computer("A writer"),
        )
        said.send((kept.version, kept.body))
        version = kept.version


def save_many(where: str, number: int, own: int, shared: int, ready: Barrier, said: Connection) -> None:
    """Open the store as all others do, save a scenario of one's own, and take turns at one that all change."""
    try:
        ready.wait(timeout=300)
        store = Store.open(where)
        for version in range(own):
            kept = store.save(
                draft(f"own-{number}", f"change {version}"),
                expected_version=version,
                who=this_computer(f"Writer {number}"),
            )
            store.record_run(
                facts_of(kept.scenario_id, kept.version, kept.key),
                {"short": version},
                who=this_computer("A writer"),
            )
        conflicts = 0
        for turn in range(shared):
            while True:
                last = {one.scenario_id: one.version for one in store.scenarios()}.get("shared", 0)
                try:
                    store.save(
                        draft("shared", f"{number}/{turn}"),
                        expected_version=last,
                        who=this_computer(f"Writer {number}"),
                    )
                    break
                except ConflictError:
                    conflicts += 1
        said.send(("done", conflicts))
    except Exception as error:  # whatever it is, the test must show it
        said.send(("error", repr(error)))


def integrity(store: Store) -> str:
    """Return what SQLite says of the file's own structure."""
    with store.engine.connect() as connection:
        return str(connection.execute(text("PRAGMA integrity_check")).scalar_one())
