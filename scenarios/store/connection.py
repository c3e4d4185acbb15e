"""Database connections of a store: one transaction for each task, whole or not at all, with errors in plain words.

SQLite: a write-ahead log, so that reading never waits for writing; every commit is on the disk before it is acknowledged;
a transaction that will write takes the lock at its beginning (``BEGIN IMMEDIATE``), because one that reads first and asks
for the lock later is refused without waiting when another wrote in between (sqlite.org/lang_transaction.html).

PostgreSQL: a transaction that will write first takes one advisory lock, so each entry of the log sees the one before it.

Invariant: writers take turns, so what a writer has read is still true when it commits.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from data.errors import StoreError
from scenarios.store.address import VARIABLE, Address, make_folder, unusable

WAIT = 30
"""Seconds a writer waits for its turn."""

CONNECT_WAIT = 10
"""Seconds to wait for a server to answer."""

TURN = 7_361_146_530_912_043
"""Number of the advisory lock that writers of a store take; any number no other program of the database uses."""

_WRITES = "store_writes"


def engine_for(address: Address) -> Engine:
    """Return the SQLAlchemy engine of a store.

    Each job opens its own connection and closes it: a store is used a few times an hour, and a file that nobody has open
    is whole in itself, with no write-ahead log beside it, so that it can be copied.

    Raises
    ------
    StoreError
        The folder of the file cannot be made, or the PostgreSQL driver is not installed.
    """
    if address.is_file:
        make_folder(address)
        engine = create_engine(address.url, poolclass=NullPool, connect_args={"timeout": WAIT})
        event.listen(engine, "connect", _settle_file)
        event.listen(engine, "begin", _begin_file)
        return engine
    try:
        engine = create_engine(
            address.url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_WAIT}
        )
    except ImportError:
        raise StoreError(
            f"The scenario store {address.shown} is a PostgreSQL database, and its driver is not installed. "
            "Install it with: pip install 'send-place-planner[team]'."
        ) from None
    event.listen(engine, "begin", _begin_server)
    return engine


def _settle_file(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions late; ours begin in _begin_file
    connection.execute(f"PRAGMA busy_timeout={WAIT * 1000}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_file(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_server(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT}s'")
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})


def use_write_ahead_log(engine: Engine, address: Address) -> None:
    """Set a store in a file to write-ahead logging, a setting that the file keeps.

    Raises
    ------
    StoreError
        The file cannot be opened or written to, or its disk cannot keep such a log.
    """
    if not address.is_file:
        return
    until = time.monotonic() + WAIT
    while True:
        try:
            connection = engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("PRAGMA journal_mode=WAL")
                (mode,) = cursor.fetchone() or ("unknown",)
            finally:
                connection.close()
            break
        except (sqlite3.Error, SQLAlchemyError) as error:
            # SQLite does not wait for this lock as it does for others, so the waiting is done here.
            if _code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) and time.monotonic() < until:
                time.sleep(0.02)
                continue
            raise describe_error(error, address, writes=True) from None
    if mode != "wal":
        raise StoreError(
            f"The scenario store {address.shown} is on a disk that cannot keep a write-ahead log, so two people saving "
            f"at once could damage it. Nothing was changed. Choose a file on another disk, with --store or in {VARIABLE}."
        )


@contextmanager
def reading(engine: Engine, address: Address) -> Iterator[Connection]:
    """Open a read-only connection that sees the store at one moment."""
    options: dict[str, Any] = {} if address.is_file else {"isolation_level": "REPEATABLE READ"}
    try:
        with engine.execution_options(**options).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise describe_error(error, address, writes=False) from None


@contextmanager
def writing(engine: Engine, address: Address) -> Iterator[Connection]:
    """Open a connection with an exclusive right to write; an error inside undoes everything."""
    try:
        with engine.execution_options(**{_WRITES: True}).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise describe_error(error, address, writes=True) from None


def _code(error: Exception) -> str:
    """Return the driver's name of an error, SQLITE_... or a five-character SQLSTATE; blank if it has none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or "")


def describe_error(error: Exception, address: Address, *, writes: bool) -> StoreError:
    """Return a database error as a message that a planner can act on."""
    code = _code(error)
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = str(cause).strip().splitlines()
    why = lines[0].rstrip(".") if lines else type(cause).__name__
    store = f"The scenario store {address.shown}"
    kept = "Nothing was saved" if writes else "Nothing was changed"
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or code == "55P03":
        return StoreError(
            f"{store} is busy: someone else has been writing to it for more than {WAIT} seconds. {kept}. Try again; if "
            "it goes on, find out which program has it open."
        )
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return unusable(address.shown, cause if isinstance(cause, Exception) else error)
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return StoreError(
            f"{store} is damaged or is not a store ({why}). {kept}. Put back a copy of it, or give another file with "
            f"--store or in {VARIABLE} and import your last export into it with 'sendplan scenario import'."
        )
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return StoreError(
            f"{store} cannot be written to ({why}). {kept}. Make room on the disk and try again."
        )
    if address.is_file:
        return StoreError(f"{store} cannot do this ({why}). {kept}. Check the file and try again.")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return StoreError(
            f"{store} stopped answering ({why}). "
            + ("It is not known whether the last change was saved. " if writes else "Nothing was changed. ")
            + "When it answers again, look at 'sendplan scenario history'; saving the same scenario twice is harmless."
        )
    if code in {"42501", "3F000"}:  # no right to this; no schema one may use
        return StoreError(
            f"{store} does not let you do this ({why}). {kept}. Ask whoever looks after the database for the right to "
            "use and to create tables in it."
        )
    return StoreError(
        f"{store} cannot be used ({why}). {kept}. Check the server, the database, the user and the password in --store "
        f"or {VARIABLE}, and that the server is running."
    )
