"""Definitions of the store's tables after the newest migration; a test compares the two.

Rows are added and never changed: triggers of the database refuse anything else, from whatever program it comes.
Times are text in UTC (``2026-11-22T09:30:00.000000+00:00``) and not the database's own type, because the log hashes
them and the same row must have the same hash in a file and on a server.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
)

TABLES = MetaData()
"""Every table of a store but the one in which Alembic writes the schema's version."""

SCENARIO_VERSION = Table(
    "scenario_version",
    TABLES,
    Column("scenario_id", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("key", String, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", String, nullable=False),
    Column("comment", Text, nullable=False),
    Column("release_january", Integer),
    Column("model_key", String),
    CheckConstraint("version >= 1", name="version_from_one"),
)
"""One row for each version of each scenario; versions count 1, 2, 3 without gaps."""

RUN = Table(
    "run",
    TABLES,
    Column("run_id", String, primary_key=True),
    Column("scenario_id", String),
    Column("version", Integer),
    Column("scenario_key", String, nullable=False),
    Column("data_hash", String, nullable=False),
    Column("model_hash", String, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("draws", Integer, nullable=False),
    Column("years", Integer, nullable=False),
    Column("la_code", Integer, nullable=False),
    Column("app_version", String, nullable=False),
    Column("summary", Text, nullable=False),
    Column("run_by", Text, nullable=False),
    Column("run_at", String, nullable=False),
    Column("release_january", Integer),
    ForeignKeyConstraint(
        ["scenario_id", "version"],
        ["scenario_version.scenario_id", "scenario_version.version"],
        name="run_of_kept_version",
    ),
)
"""One row for each run; without a version where what was run is not saved, as with one of the library."""

LOG = Table(
    "log",
    TABLES,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body_hash", String, nullable=False),
    Column("previous_hash", String, nullable=False),
    Column("hash", String, nullable=False),
    UniqueConstraint("subject", name="logged_once"),
)
"""One entry for each row of the other two tables, chained by hashes; see `scenarios.store.log`."""


def rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    """Return the rows of a query as dictionaries by column name."""
    return [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]
