"""A bus that came out of a backup: whole, in a new epoch, with no number given twice."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import attrs
import pytest
from attrs import frozen
from making.values import personal, report
from making.wiring import Desk, make_bus
from making.world import IN_ZONE
from servers.postgres import DatabaseServer

from dispatch_bus.application import backup, evidence, restoring, sealing
from dispatch_bus.application.restoring import Gap, Restored
from dispatch_bus.domain.errors import NotAllowed, Stop
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import NoticeKind
from dispatch_bus.journal import checkpoint, proof
from dispatch_bus.store.archive import Reader
from dispatch_bus.store.journal import Numbered

Elsewhere = Callable[[], Desk]


def nobody(_table: str, _size: int) -> None:
    """Show no progress."""


@pytest.fixture
def elsewhere(postgres_server: DatabaseServer, desk: Desk, tmp_path: Path) -> Iterator[Elsewhere]:
    """Gives the same bus over an empty database, as after the loss of the first."""
    desks: list[Desk] = []
    with postgres_server.empty_database() as url:

        def over() -> Desk:
            made = Desk(make_bus(url, tmp_path / "keys"))
            made.gates, made._pages = desk.gates, desk._pages
            desks.append(made)
            return made

        yield over
        for made in desks:
            made.bus.store.close()


def tell(desk: Desk, number: str, nature: str = "") -> None:
    """Let an incident happen, or go on, and be told to the neighbour, sealed and confirmed."""
    hazards = (nature,) if nature else ()
    desk.file(report(number, at=IN_ZONE, hazards=hazards))
    desk.settle()
    desk.entries()
    desk.pull("NL")


def backed_up(desk: Desk, folder: Path) -> Path:
    """Take a backup."""
    target = folder / "bus.backup"
    backup.back_up(desk.bus, target, nobody)
    return target


def restored(desk: Desk, source: Path) -> Restored:
    """Restore a backup."""
    return backup.restore(desk.bus, Reader(source), nobody)


def numbered(desk: Desk) -> list[Numbered]:
    """Return every sealed entry."""
    desk.entries()
    with desk.bus.store.begin() as uow:
        return uow.journal.read(0, 100_000)


@frozen
class Lost:
    """A bus that lost what came after its backup, and what it had given out until then."""

    desk: Desk
    found: Restored
    before: list[Numbered]
    told: frozenset[str]


@pytest.fixture
def lost(desk: Desk, elsewhere: Elsewhere, tmp_path: Path) -> Lost:
    """Runs a bus, backs it up, lets it go on, and restores the backup elsewhere."""
    tell(desk, "C-1")
    source = backed_up(desk, tmp_path)
    tell(desk, "C-1", "smoke")
    tell(desk, "C-2")
    before = numbered(desk)
    again = elsewhere()
    found = restored(again, source)
    return Lost(again, found, before, _told(desk))


def _told(desk: Desk) -> frozenset[str]:
    return frozenset(message.id for gate in desk.gates.values() for message in gate.attempts)


def test_what_the_backup_holds_is_there_again(lost: Lost) -> None:
    """Incidents, notices and every entry are as they were at the backup, and verify."""
    filed = lost.desk.filed("C-1")
    assert filed.report is not None
    assert len(lost.desk.notices(filed.id, NoticeKind.MIRROR)) == 1
    kept = [one.entry for one in numbered(lost.desk)]
    assert kept[: lost.found.size] == [one.entry for one in lost.before[: lost.found.size]]
    assert sealing.verify_journal(lost.desk.bus).ok


def test_the_journal_goes_on_in_a_new_epoch(lost: Lost) -> None:
    """The journal says that it was restored, and with which pages the rooms are ahead."""
    (entry,) = lost.desk.entries(EntryKind.JOURNAL_RESTORED)
    assert entry.facts == {
        "epoch": 2,
        "size": lost.found.size,
        "signed": len(lost.before),
        "pages": [{"room": "NL", "first": 2, "last": 3, "records": 2}],
    }


def test_no_entry_takes_a_number_that_was_given(lost: Lost) -> None:
    """What is sealed after the restore has numbers that the lost entries never had."""
    tell(lost.desk, "C-3")
    given = {one.number for one in lost.before}
    new = [one for one in numbered(lost.desk) if one.epoch == 2]
    assert new
    assert not given & {one.number for one in new}
    assert sealing.verify_journal(lost.desk.bus).ok


def test_no_message_is_taken_for_one_told_since_the_backup(lost: Lost) -> None:
    """A neighbour that holds a later telling than the backup takes the next one as news."""
    tell(lost.desk, "C-1", "fire spreads")
    tell(lost.desk, "C-4")
    new = [m for gate in lost.desk.gates.values() for m in gate.attempts if m.id not in lost.told]
    (of_known,) = (one for one in new if one.case == "C-1")
    held = lost.desk.gates["BE"].held[of_known.notice, of_known.side]
    assert held == of_known
    assert lost.told.isdisjoint(one.id for one in new)


def test_no_revision_is_given_twice(lost: Lost) -> None:
    """A revision of the same incident is newer than any that a neighbour can have seen."""
    seen = max(m.revision for m in lost.desk.gates["BE"].attempts if m.case == "C-1")
    tell(lost.desk, "C-1", "fire spreads")
    assert lost.desk.filed("C-1").revision > seen


def test_the_pages_confirmed_since_are_named(lost: Lost) -> None:
    """The report says which pages a room was told are stored, by number and by cursor."""
    (gap,) = lost.found.gaps
    assert attrs.evolve(gap, at=gap.at) == Gap(
        room="NL", first=2, last=3, records=2, since="NL1", until="NL5", at=gap.at
    )
    assert lost.found.signed == len(lost.before)


def test_reading_goes_on_from_the_cursor_of_the_backup(lost: Lost) -> None:
    """A room that keeps its records sends again what is missing, under page numbers of its own."""
    tell(lost.desk, "C-2")
    with lost.desk.bus.store.begin() as uow:
        assert uow.rooms.get("NL").pages == 4
    assert lost.desk.filed("C-2").report is not None


def test_a_second_restore_of_the_same_backup_has_an_epoch_of_its_own(
    lost: Lost, postgres_server: DatabaseServer, tmp_path: Path
) -> None:
    """Numbers of the epoch between the two restores are not given again either."""
    tell(lost.desk, "C-3")
    with postgres_server.empty_database() as url:
        third = Desk(make_bus(url, tmp_path / "keys"))
        try:
            assert restored(third, tmp_path / "bus.backup").epoch == 3
        finally:
            third.bus.store.close()


def test_an_epoch_is_learnt_from_a_checkpoint_that_a_neighbour_keeps(
    lost: Lost, postgres_server: DatabaseServer, tmp_path: Path
) -> None:
    """Where the files outside the database are lost as well, a neighbour's checkpoint helps."""
    tell(lost.desk, "C-3")
    kept = evidence.newest_checkpoint(lost.desk.bus)
    (tmp_path / "outside" / "checkpoint").unlink()
    with postgres_server.empty_database() as url:
        third = Desk(make_bus(url, tmp_path / "keys"))
        try:
            source = Reader(tmp_path / "bus.backup")
            assert backup.restore(third.bus, source, nobody, kept).epoch == 3
        finally:
            third.bus.store.close()


@pytest.mark.parametrize("damage", [b"", b"half a check"])
def test_a_damaged_checkpoint_is_not_taken_for_none(
    lost: Lost, postgres_server: DatabaseServer, tmp_path: Path, damage: bytes
) -> None:
    """An epoch that is taken would be begun again; a neighbour's checkpoint does instead."""
    tell(lost.desk, "C-3")
    kept = evidence.newest_checkpoint(lost.desk.bus)
    (tmp_path / "outside" / "checkpoint").write_bytes(damage)
    with postgres_server.empty_database() as url:
        third = Desk(make_bus(url, tmp_path / "keys"))
        try:
            source = Reader(tmp_path / "bus.backup")
            with pytest.raises(Stop, match="--checkpoint FILE"):
                backup.restore(third.bus, source, nobody, None)
            assert backup.restore(third.bus, source, nobody, kept).epoch == 3
        finally:
            third.bus.store.close()


def test_an_entry_of_the_new_epoch_is_proven(lost: Lost) -> None:
    """A proof of an entry after the restore leads to the tree over all entries."""
    tell(lost.desk, "C-3")
    last = numbered(lost.desk)[-1].number
    key = lost.desk.bus.store.keys.public_key()
    assert checkpoint.verify(evidence.newest_checkpoint(lost.desk.bus), key).epoch == 2
    assert proof.verify(evidence.prove_entry(lost.desk.bus, last), key).epoch == 2


def test_what_waited_for_its_number_is_sealed_in_the_new_cluster(
    desk: Desk, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    """An entry that was committed but not sealed at the backup does not wait for old numbers."""
    desk.file(report("C-1", at=IN_ZONE))
    with desk.bus.store.begin() as uow:
        waiting = uow.journal.waiting()
        uow._connection.exec_driver_sql("UPDATE journal_pending SET xid = '9000000000'")
    again = elsewhere()
    restored(again, backed_up(desk, tmp_path))
    assert waiting > 0
    assert len(again.entries()) == waiting + 1


def test_an_erasure_since_the_backup_is_journalled_again(lost: Lost) -> None:
    """A key that was destroyed after the backup is no loss: the journal tells of the erasure."""
    day = date(2020, 1, 1)
    lost.desk.bus.store.keys.erase(day)
    with lost.desk.bus.store.begin() as uow:
        restoring.go_on(lost.desk.bus, uow, None)
    (entry,) = lost.desk.entries(EntryKind.DAY_ERASED)
    assert entry.facts == {"day": day.isoformat()}


def test_nothing_is_restored_over_a_database_that_holds_something(
    desk: Desk, tmp_path: Path
) -> None:
    """A backup never replaces what is there."""
    tell(desk, "C-1")
    with pytest.raises(Stop, match="not empty"):
        restored(desk, backed_up(desk, tmp_path))


def test_a_damaged_backup_restores_nothing(
    desk: Desk, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    """A table that is not what was backed up is found, and the database stays empty."""
    tell(desk, "C-1")
    source, damaged = backed_up(desk, tmp_path), tmp_path / "damaged.backup"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(damaged, "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            copy.writestr(name, content * 2 if name == "incident_record.copy" else content)
            assert content or name != "incident_record.copy"
    again = elsewhere()
    with pytest.raises(Stop, match=r"damaged at table incident_record"):
        restored(again, damaged)
    assert restored(again, source).epoch == 2


def test_a_backup_that_was_cut_off_is_none(desk: Desk, tmp_path: Path) -> None:
    """Half a file is refused before anything is touched."""
    source = backed_up(desk, tmp_path)
    source.write_bytes(source.read_bytes()[:-100])
    with pytest.raises(Stop, match="cut off"):
        Reader(source)


def test_a_backup_is_restored_with_its_own_keys_alone(
    desk: Desk, postgres_server: DatabaseServer, tmp_path: Path
) -> None:
    """Under other keys nothing could be read, and every signature would be a stranger's."""
    tell(desk, "C-1")
    source = backed_up(desk, tmp_path)
    with postgres_server.empty_database() as url:
        stranger = Desk(make_bus(url, tmp_path / "other"))
        try:
            with pytest.raises(Stop, match="keys"):
                restored(stranger, source)
        finally:
            stranger.bus.store.close()


def test_a_backup_overwrites_no_file(desk: Desk, tmp_path: Path) -> None:
    """The last good backup is not lost to the next one."""
    backed_up(desk, tmp_path)
    with pytest.raises(Stop, match="there already"):
        backed_up(desk, tmp_path)


def test_no_personal_field_is_in_a_backup(desk: Desk, tmp_path: Path) -> None:
    """Whoever has the file without the keys reads no person's name in it."""
    desk.file(report("C-1", at=IN_ZONE, personal=personal("MARKER")))
    source = backed_up(desk, tmp_path)
    with zipfile.ZipFile(source) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"C-1" in everything
    assert b"MARKER" not in everything


def test_no_epoch_is_raised_under_a_sealer(desk: Desk) -> None:
    """A bus at work was not restored just now."""
    tell(desk, "C-1")
    with pytest.raises(NotAllowed, match="Stop the bus"):
        restoring.mark_restored(attrs.evolve(desk.bus, holder="cli"))
