"""The spine: incidents, notices, deliveries, quarantine and the journal.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE incident (
    id uuid PRIMARY KEY,
    room text NOT NULL,
    number text NOT NULL,
    generation integer NOT NULL,
    revision integer NOT NULL,
    decided_revision integer NOT NULL,
    source_revision bigint,
    content_hash bytea NOT NULL,
    mode text NOT NULL CHECK (mode IN ('actual', 'exercise', 'test')),
    priority smallint NOT NULL,
    is_open boolean NOT NULL,
    is_stub boolean NOT NULL,
    report jsonb,
    sealed bytea,
    key_day date NOT NULL,
    key_wrapped bytea NOT NULL,
    parts jsonb NOT NULL,
    coarse_lon double precision,
    coarse_lat double precision,
    correlation text NOT NULL,
    case_created timestamptz NOT NULL,
    available_at timestamptz NOT NULL,
    pulled_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    decided_at timestamptz,
    CONSTRAINT incident_source UNIQUE (room, number, generation),
    CONSTRAINT incident_whole CHECK (is_stub = (report IS NULL)),
    CONSTRAINT incident_never_ahead CHECK (decided_revision <= revision)
);
CREATE INDEX incident_undecided ON incident (priority, recorded_at)
    WHERE decided_revision < revision;

CREATE TABLE incident_record (
    incident uuid NOT NULL,
    record text NOT NULL,
    PRIMARY KEY (incident, record)
);

CREATE TABLE alias (
    room text NOT NULL,
    number text NOT NULL,
    incident uuid NOT NULL,
    PRIMARY KEY (room, number)
);

CREATE TABLE notice (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    incident uuid NOT NULL,
    discipline text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('actual', 'exercise', 'test')),
    owner text NOT NULL,
    receiver text NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL,
    rule text NOT NULL,
    agreement text NOT NULL,
    opened_at timestamptz NOT NULL,
    delivered_at timestamptz,
    shown_at timestamptz,
    answered_at timestamptz,
    closed_at timestamptz,
    deadline timestamptz,
    answered_by text,
    by_phone boolean NOT NULL,
    case_number text,
    cause text,
    leaving_since timestamptz
);
CREATE INDEX notice_of_incident ON notice (incident);
CREATE UNIQUE INDEX notice_open ON notice (incident, kind, discipline, receiver)
    WHERE closed_at IS NULL;
CREATE INDEX notice_deadline ON notice (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX notice_leaving ON notice (leaving_since)
    WHERE leaving_since IS NOT NULL AND closed_at IS NULL;

CREATE TABLE delivery (
    notice uuid NOT NULL,
    side text NOT NULL,
    incident uuid NOT NULL,
    centre text NOT NULL,
    room text,
    priority smallint NOT NULL,
    mode text NOT NULL CHECK (mode IN ('actual', 'exercise', 'test')),
    sequence integer NOT NULL,
    delivered integer NOT NULL,
    message jsonb NOT NULL,
    sealed bytea,
    told_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    claimed_until timestamptz,
    alarmed integer NOT NULL,
    stuck boolean NOT NULL,
    PRIMARY KEY (notice, side),
    CONSTRAINT delivery_never_ahead CHECK (delivered <= sequence)
);
CREATE INDEX delivery_due ON delivery (room, priority, due_at)
    WHERE delivered < sequence AND NOT stuck AND room IS NOT NULL;
CREATE INDEX delivery_overdue ON delivery (told_at)
    WHERE delivered < sequence AND alarmed < sequence;

CREATE TABLE answer (
    notice uuid NOT NULL,
    id text NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (notice, id)
);

CREATE TABLE room (
    id text PRIMARY KEY,
    cursor text,
    pages bigint NOT NULL,
    confirmed_pages bigint NOT NULL,
    pulled_at timestamptz,
    records bigint NOT NULL,
    failing_since timestamptz,
    clock_ahead_s double precision,
    clock_at timestamptz
);

CREATE TABLE quarantine (
    id uuid PRIMARY KEY,
    room text NOT NULL,
    record text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'replaying', 'replayed', 'dismissed')),
    field text NOT NULL,
    remedy text NOT NULL,
    bytes bigint NOT NULL,
    raw bytea NOT NULL,
    mended bytea,
    key_day date NOT NULL,
    key_wrapped bytea NOT NULL,
    correlation text NOT NULL,
    received_at timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX quarantine_state ON quarantine (state, received_at);
CREATE INDEX quarantine_record ON quarantine (room, record);

CREATE UNLOGGED TABLE wakeup (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    lane text NOT NULL,
    reference text NOT NULL,
    revision integer NOT NULL,
    correlation text NOT NULL
);

CREATE TABLE erasure (
    day date PRIMARY KEY,
    noted_at timestamptz NOT NULL
);

CREATE TABLE lease (
    name text PRIMARY KEY,
    holder text NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE journal_pending (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text NOT NULL,
    schema_version smallint NOT NULL,
    entry bytea NOT NULL,
    incident uuid,
    notice uuid
);

CREATE TABLE journal (
    number bigint NOT NULL PRIMARY KEY,
    epoch integer NOT NULL,
    kind text NOT NULL,
    schema_version smallint NOT NULL,
    entry bytea NOT NULL,
    leaf bytea NOT NULL,
    incident uuid,
    notice uuid
) PARTITION BY RANGE (number);
CREATE INDEX journal_incident ON journal (incident, number);
CREATE INDEX journal_notice ON journal (notice, number);
CREATE TABLE journal_from_1 PARTITION OF journal FOR VALUES FROM (1) TO (1000001);

CREATE TABLE journal_tree (
    single boolean PRIMARY KEY CHECK (single),
    epoch integer NOT NULL,
    size bigint NOT NULL,
    frontier jsonb NOT NULL
);
INSERT INTO journal_tree VALUES (true, 1, 0, '[]');

CREATE TABLE checkpoint (
    size bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    signed bytea NOT NULL
);

CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % is refused', TG_OP;
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON checkpoint
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
"""


def upgrade() -> None:
    """Make every table of the first version."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Refuse: dropping the journal is no migration."""
    raise NotImplementedError("The first migration cannot be undone; drop the database instead.")
