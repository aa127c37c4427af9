"""The unit of work: one transaction, in which state and journal change together or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine

from dispatch_bus.store import backup
from dispatch_bus.store.archive import Manifest, Progress, Reader
from dispatch_bus.store.claims import Claims
from dispatch_bus.store.copies import Copies
from dispatch_bus.store.deliveries import Deliveries
from dispatch_bus.store.engine import take_time
from dispatch_bus.store.erasures import Erasures
from dispatch_bus.store.failures import translated
from dispatch_bus.store.inboxes import Inboxes
from dispatch_bus.store.incidents import Incidents
from dispatch_bus.store.inspection import Inspection
from dispatch_bus.store.journal import Journal, stream
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.notices import Notices
from dispatch_bus.store.processes import Processes
from dispatch_bus.store.quarantine import Quarantine
from dispatch_bus.store.restoring import Restoring
from dispatch_bus.store.rooms import Rooms
from dispatch_bus.store.session import Session
from dispatch_bus.store.signals import Signals, Wakeup
from dispatch_bus.store.stages import Stages

_log = structlog.get_logger(__name__)


class UnitOfWork:
    """Everything that one transaction can read and change."""

    def __init__(self, connection: Connection, keys: KeyRing, actor: str) -> None:
        self._connection = connection
        self._wakeups: list[Wakeup] = []
        self._session = session = Session(connection)
        self.journal = Journal(session, actor)
        self.incidents = Incidents(session, keys)
        self.copies = Copies(session)
        self.notices = Notices(session)
        self.deliveries = Deliveries(session, keys, self.notices)
        self.claims = Claims(session, keys)
        self.rooms = Rooms(session)
        self.inboxes = Inboxes(session)
        self.quarantine = Quarantine(session, keys)
        self.signals = Signals(session)
        self.stages = Stages(session)
        self.erasures = Erasures(session)
        self.processes = Processes(session)
        self.restoring = Restoring(session)
        self.inspection = Inspection(session)

    @property
    def now(self) -> datetime:
        """The instant at which this transaction began, by the database's clock, in UTC."""
        return self._session.now

    @property
    def changes(self) -> int:
        """How many changes were made so far, journal entries included."""
        return self._session.changes + self.journal.mark()

    def foresee(self, incidents: Iterable[UUID]) -> None:
        """Read at once what the transitions of incidents that are locked here will ask for."""
        notices = self.notices.foresee(incidents)
        self.deliveries.foresee(notices)
        self.signals.foresee_answers(notices)

    def wake(self, wakeup: Wakeup) -> None:
        """Wake whoever works on this, once the transaction has committed."""
        self._wakeups.append(wakeup)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happens inside, journal and wake-ups included, if it fails.

        Raises:
            Retry, Unstorable, Stop: as `Store.begin` does.
        """
        mark, woken = self.journal.mark(), len(self._wakeups)
        try:
            with translated(), self._session.savepoint():
                yield
        except BaseException:
            self.journal.take_back(mark)
            del self._wakeups[woken:]
            raise

    def flush(self) -> None:
        """Write all that was noted so far, without a commit."""
        self._hand_over()
        self._session.write_out()

    def commit(self) -> None:
        """Write all that was noted, and commit."""
        self._hand_over()
        self._session.commit()

    def _hand_over(self) -> None:
        self.signals.wake(self._wakeups)
        self._wakeups.clear()
        self.journal.flush()


class Store:
    """Hands out units of work. ``actor`` names the process in the journal entries it writes."""

    def __init__(self, engine: Engine, keys: KeyRing, actor: str) -> None:
        self._engine = engine
        self.keys = keys
        self._actor = actor

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """Run one transaction; it commits when the block ends and rolls back when it raises.

        Raises:
            Retry: the database cannot be reached or broke off. Whether a commit took effect is
                then unknown: look, do not assume.
            Unstorable: it refused a value; nothing of the transaction took effect.
            Stop: its disk is full.
        """
        with translated(), self._engine.begin() as connection:
            unit = UnitOfWork(connection, self.keys, self._actor)
            yield unit
            unit.commit()
        for line in unit.journal.written:
            _log.info(line.pop("kind"), **line)

    @contextmanager
    def whole_journal(self) -> Iterator[Iterator[tuple[int, int, bytes, bytes]]]:
        """Stream (number, epoch, entry, leaf) of the whole journal, however long that takes.

        Read the checkpoints before, not after: a newer one may cover more than this snapshot.

        Raises:
            Retry: the database cannot be reached or broke off.
        """
        with translated(), self._engine.connect() as connection:
            take_time(connection)
            yield stream(connection)

    def size(self) -> int:
        """Return about how many bytes a backup will copy.

        Raises:
            Retry: the database cannot be reached.
        """
        return backup.estimate(self._engine)

    def back_up(self, target: Path, key: str, progress: Progress) -> Manifest:
        """Write what the tables hold at one instant to ``target``; see `backup.back_up`."""
        return backup.back_up(self._engine, target, key, progress)

    @contextmanager
    def filled(self, source: Reader, progress: Progress) -> Iterator[UnitOfWork]:
        """Fill an empty database from a backup in one transaction, which the block completes.

        Raises:
            Retry, Stop: as `begin` and `backup.load` do; nothing was restored then.
        """
        with translated(), self._engine.begin() as connection:
            backup.load(connection, source, progress)
            unit = UnitOfWork(connection, self.keys, self._actor)
            yield unit
            unit.commit()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
