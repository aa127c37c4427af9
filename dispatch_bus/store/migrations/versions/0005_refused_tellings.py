"""Tellings that a room has refused for good are found by index, however many have arrived.

Revision ID: 0005
Revises: 0004

The index is built while its table cannot be written: about a second for a million rows.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.execute("CREATE INDEX delivery_stuck ON delivery (told_at) WHERE stuck")


def downgrade() -> None:
    """Refuse: there is no way back to an older schema but the backup."""
    raise NotImplementedError("Migrations are not undone; restore a backup instead.")
