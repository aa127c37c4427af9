"""The inboxes: how full each room's is, and whether anybody reads it.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLE = """
CREATE TABLE inbox (
    room text PRIMARY KEY,
    waiting bigint,
    unattended_since timestamptz,
    full_since timestamptz
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(_TABLE)


def downgrade() -> None:
    """Refuse: there is no way back to an older schema but the backup."""
    raise NotImplementedError("Migrations are not undone; restore a backup instead.")
