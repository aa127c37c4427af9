"""Lists and queues that read by index, however long the history is.

Revision ID: 0004
Revises: 0003

Each index is built while its table cannot be written: seconds for a million rows.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INDEXES = """
CREATE INDEX incident_listed ON incident (recorded_at, id) WHERE NOT is_stub;
CREATE INDEX incident_open ON incident (recorded_at, id) WHERE is_open AND NOT is_stub;
CREATE INDEX notice_listed ON notice (opened_at, id);
CREATE INDEX notice_of_kind ON notice (kind, opened_at, id);
CREATE INDEX notice_pending ON notice (opened_at, id)
    WHERE kind = 'handoff' AND closed_at IS NULL;
CREATE INDEX notice_unanswered ON notice (opened_at, id) WHERE state = 'expired';
CREATE INDEX quarantine_listed ON quarantine (received_at, id);
"""


def upgrade() -> None:
    """Make the indexes."""
    op.execute(_INDEXES)


def downgrade() -> None:
    """Refuse: there is no way back to an older schema but the backup."""
    raise NotImplementedError("Migrations are not undone; restore a backup instead.")
