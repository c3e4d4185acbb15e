"""Bring the tables of a store up to date when it is opened: all migrations in one transaction, or none.

Invariant: a store this release does not fully know (made by a newer one, or by another program) is not touched.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from data.errors import StoreError
from scenarios.store.address import VARIABLE, Address
from scenarios.store.connection import reading, use_write_ahead_log, writing

MIGRATIONS = Path(__file__).parent / "migrations"
"""Where the steps are."""

VERSION_TABLE = "store_schema"
"""Table that says which step a store has reached; a name of our own, not to be taken for that of another program."""

_ONE_AT_A_TIME = Lock()
"""Alembic keeps what it is doing in module variables, so threads take turns; processes do by the store's own lock."""


def bring_up_to_date(engine: Engine, address: Address) -> None:
    """Run the migrations that a store lacks; take no lock if it lacks none.

    Raises
    ------
    StoreError
        The store was made by a newer release or is another program's database, or it cannot be read or written.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with reading(engine, address) as connection:
        reached = _reached(connection)
        _refuse_strange(connection, address, config, reached)
    use_write_ahead_log(engine, address)
    if reached == newest:
        return
    with _ONE_AT_A_TIME, writing(engine, address) as connection:
        # Another process may have done it while this one waited; then the upgrade finds nothing to do.
        _refuse_strange(connection, address, config, _reached(connection))
        config.attributes["connection"] = connection
        config.attributes["version_table"] = VERSION_TABLE
        command.upgrade(config, "head")


def _refuse_strange(connection: Connection, address: Address, config: Config, reached: str | None) -> None:
    """Refuse a database that is not a store, or is of a later version."""
    known = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    if reached is not None and reached not in known:
        raise StoreError(
            f"The scenario store {address.shown} was made by a newer release of this program (step {reached}; this "
            f"one knows up to {known[0]}). Nothing was changed. Update the program, or give another store with --store "
            f"or in {VARIABLE}."
        )
    if reached is None and (others := inspect(connection).get_table_names()):
        raise StoreError(
            f"{address.shown} is not a scenario store: it holds another program's tables ({', '.join(others[:3])}). "
            f"Nothing was changed. Give an empty database or a new file with --store or in {VARIABLE}."
        )


def _reached(connection: Connection) -> str | None:
    """Return the migration that a store has reached; None for an empty database."""
    heads = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_heads()
    return heads[0] if heads else None
