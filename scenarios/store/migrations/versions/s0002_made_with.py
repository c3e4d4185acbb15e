"""Add what a version or a run was made with: the January of the release, and for versions the models; empty in what is there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; rows stay as they are, and so do the triggers that keep them."""
    op.add_column("scenario_version", sa.Column("release_january", sa.Integer))
    op.add_column("scenario_version", sa.Column("model_key", sa.String))
    op.add_column("run", sa.Column("release_january", sa.Integer))
