"""Which processes are at work, and which older ones may go on beside a newer schema.

Revision ID: 0002
Revises: 0001

A later migration that only adds what older processes can do without leaves ``compatibility`` alone.
One that takes something away, or changes what it means, sets ``oldest`` to the first revision whose
processes do not need it any more.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = """
CREATE UNLOGGED TABLE process (
    holder text PRIMARY KEY,
    service text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    zones text NOT NULL,
    clock_ahead_s double precision NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);

CREATE TABLE compatibility (
    single boolean PRIMARY KEY CHECK (single),
    oldest text NOT NULL
);
INSERT INTO compatibility VALUES (true, '0002');
"""


def upgrade() -> None:
    """Make both tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Refuse: there is no way back to an older schema but the backup."""
    raise NotImplementedError("Migrations are not undone; restore a backup instead.")
