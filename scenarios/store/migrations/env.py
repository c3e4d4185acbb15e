"""Run the migrations on the connection of the store being opened, inside its transaction: all or none."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
