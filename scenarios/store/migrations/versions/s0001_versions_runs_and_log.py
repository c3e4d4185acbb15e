"""Create the tables of scenario versions, runs and the log, and the triggers that keep their rows unchanged.

Steps are written by hand: ``revision`` names this one and ``down_revision`` the one before. There is no way down, because
going down would lose what was kept.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEYS = {"scenario_version": ("scenario_id", "version"), "run": ("run_id",), "log": ("seq",)}
"""Tables whose rows are added and never changed, with their keys."""

REFUSAL = "rows of a scenario store are never changed or deleted"


def upgrade() -> None:
    """Create the tables, then the triggers."""
    op.create_table(
        "scenario_version",
        sa.Column("scenario_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("saved_by", sa.Text, nullable=False),
        sa.Column("saved_at", sa.String, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.CheckConstraint("version >= 1", name="version_from_one"),
    )
    op.create_table(
        "run",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("scenario_id", sa.String),
        sa.Column("version", sa.Integer),
        sa.Column("scenario_key", sa.String, nullable=False),
        sa.Column("data_hash", sa.String, nullable=False),
        sa.Column("model_hash", sa.String, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("draws", sa.Integer, nullable=False),
        sa.Column("years", sa.Integer, nullable=False),
        sa.Column("la_code", sa.Integer, nullable=False),
        sa.Column("app_version", sa.String, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("run_by", sa.Text, nullable=False),
        sa.Column("run_at", sa.String, nullable=False),
        sa.ForeignKeyConstraint(
            ["scenario_id", "version"],
            ["scenario_version.scenario_id", "scenario_version.version"],
            name="run_of_kept_version",
        ),
    )
    op.create_table(
        "log",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("body_hash", sa.String, nullable=False),
        sa.Column("previous_hash", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.UniqueConstraint("subject", name="logged_once"),
    )
    statements = _sqlite_triggers() if op.get_bind().dialect.name == "sqlite" else _postgres_triggers()
    for statement in statements:
        op.execute(sa.text(statement))


def _sqlite_triggers() -> list[str]:
    statements = []
    for table, key in KEYS.items():
        for deed in ("UPDATE", "DELETE"):
            statements.append(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        # INSERT OR REPLACE deletes the old row without asking the trigger on DELETE.
        same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        statements.append(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    return statements


def _postgres_triggers() -> list[str]:
    statements = [
        "CREATE FUNCTION refuse_store_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    ]
    for table in KEYS:
        statements.append(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_store_change()"
        )
    return statements
