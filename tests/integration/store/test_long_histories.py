"""Years of incidents: what is asked all the time reads what is under way, and not the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from servers.postgres import DatabaseServer
from sqlalchemy import text

from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.notice import NoticeKind, NoticeState
from dispatch_bus.store.engine import connect
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.notices import NoticeFilter
from dispatch_bus.store.unit import Store, UnitOfWork

_NOW = datetime.now(UTC)
_MARK = (_NOW, UUID(int=0))
_HISTORY = """
    CREATE TEMP TABLE past AS
    SELECT n, now() - n * interval '1 minute' AS t FROM generate_series(1, 30000) AS n;
    INSERT INTO incident (id, room, number, generation, revision, decided_revision, content_hash,
        mode, priority, is_open, is_stub, report, key_day, key_wrapped, parts, correlation,
        case_created, available_at, pulled_at, recorded_at)
    SELECT md5(n::text)::uuid, 'NL', 'C-' || n, 1, 1, 1 - (n > 29990)::int, '', 'actual', 1 + n % 4,
        n > 29950, n % 3 = 0, CASE WHEN n % 3 = 0 THEN NULL ELSE '{}'::jsonb END, '2026-01-01', '',
        '[]', 'c', t, t, t, t
    FROM past;
    INSERT INTO notice (id, kind, incident, discipline, mode, owner, receiver, state, revision,
        rule, agreement, opened_at, closed_at, by_phone)
    SELECT md5('n' || n)::uuid, CASE WHEN n % 2 = 0 THEN 'mirror' ELSE 'handoff' END,
        md5(n::text)::uuid, 'fire', 'actual', 'NL-1', 'BE-1', 'closed', 1, 'border_zone', 'a', t,
        CASE WHEN n < 29950 THEN t END, false
    FROM past;
    INSERT INTO delivery (notice, side, incident, centre, room, priority, mode, sequence,
        delivered, message, told_at, due_at, attempts, alarmed, stuck)
    SELECT md5('n' || n)::uuid, 'receiver', md5(n::text)::uuid, 'BE-1', 'BE', 1, 'actual', 2,
        2 - (n > 29990)::int, '{}', t, t, 0, 0, false
    FROM past;
    INSERT INTO quarantine (id, room, record, state, field, remedy, bytes, raw, key_day,
        key_wrapped, correlation, received_at)
    SELECT md5('q' || n)::uuid, 'NL', 'r' || n, 'dismissed', 'f', 'r', 1, '', '2026-01-01', '',
        'c', t
    FROM past;
    ANALYZE
"""
_READ_WHOLE = text(
    "SELECT relname, seq_scan FROM pg_stat_xact_user_tables"
    " WHERE relname IN ('incident', 'notice', 'delivery', 'quarantine')"
)
Question = Callable[[UnitOfWork], object]
QUESTIONS: dict[str, Question] = {
    "whether the backlog is full": lambda uow: uow.incidents.undecided(5_000),
    "the next to decide": lambda uow: uow.incidents.claim_undecided(100),
    "the newest under a number": lambda uow: uow.incidents.foresee_locks(
        (), [("NL", "C-1"), ("NL", "new")]
    ),
    "an incident": lambda uow: uow.incidents.lock(UUID("c4ca4238-a0b9-2382-0dcc-509a6f75849b")),
    "what rooms call copies": lambda uow: uow.copies.foresee("BE", ["1"], [str(uuid4())]),
    "all of an incident's notices": lambda uow: uow.foresee([uuid4(), uuid4()]),
    "the next to deliver": lambda uow: uow.claims.claim("LU", timedelta(seconds=1), 16),
    "the next that was tried least": lambda uow: uow.claims.claim(
        "LU", timedelta(seconds=1), 16, most_tried=0
    ),
    "what is overdue": lambda uow: uow.deliveries.overdue(uow.now, 100),
    "which offers have expired": lambda uow: uow.notices.past_deadline(uow.now, 100),
    "what left its ground": lambda uow: uow.notices.left_since(_NOW, [NoticeState.OFFERED], 100),
    "the list of incidents": lambda uow: uow.incidents.page(_MARK, 50, open_only=False),
    "the list of open incidents": lambda uow: uow.incidents.page(None, 50, open_only=True),
    "the list of notices": lambda uow: uow.notices.page(NoticeFilter(), _MARK, 50),
    "the list of mirrors": lambda uow: uow.notices.page(
        NoticeFilter(kind=NoticeKind.MIRROR, mode=Mode.ACTUAL), None, 50
    ),
    "the queue": lambda uow: uow.notices.pending_handoffs(50),
    "what nobody has answered": lambda uow: uow.notices.unanswered_handoffs(50),
    "how many wait for a decision": lambda uow: uow.incidents.backlog(10_000),
    "what rooms lack": lambda uow: uow.deliveries.waiting(["BE", "LU"], 10_000),
    "what rooms have refused": lambda uow: uow.inspection.server(),
    "what is to be tried again": lambda uow: uow.deliveries.release(uow.now),
    "what is to be read again": lambda uow: uow.quarantine.rooms_replaying(),
    "how many notices are open": lambda uow: uow.notices.counts(
        NoticeFilter(mode=Mode.ACTUAL, open_only=True)
    ),
    "how many records are in quarantine": lambda uow: uow.quarantine.counts(),
    "the list of quarantined records": lambda uow: uow.quarantine.page(None, _MARK, 50),
}


@pytest.fixture(scope="module")
def store(
    postgres_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store with a long history, nearly all of which is over."""
    folder: Path = tmp_path_factory.mktemp("history")
    with postgres_server.migrated_database() as url:
        made = Store(connect(url), KeyRing.create(folder / "keys"), "test")
        with made.begin() as uow:
            uow._connection.execute(text(_HISTORY))
        yield made
        made.close()


def read_whole(uow: UnitOfWork) -> dict[str, int]:
    """Return how often each table has been read from end to end on this connection."""
    return {row.relname: row.seq_scan for row in uow._session.execute(_READ_WHOLE)}


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
def test_what_is_asked_all_the_time_reads_by_index(store: Store, asked: Question) -> None:
    """No table that grows with the years is read from end to end."""
    with store.begin() as uow:
        before = read_whole(uow)
        asked(uow)
        assert read_whole(uow) == before
