"""The key ring: personal data's keys, outside the database."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from dispatch_bus.domain.errors import Refused, Stop
from dispatch_bus.store.keys import DataKey, Erased, KeyRing, WrappedKey

DAY = date(2026, 3, 1)
NOBODY = 65534

# Waits for its starting shot, makes keys for many days, and prints them.
RACER = """
import sys
from datetime import date, timedelta
from pathlib import Path
from dispatch_bus.store.keys import KeyRing

print("ready", flush=True)
sys.stdin.readline()
ring = KeyRing.create(Path(sys.argv[1]))
print(ring.content_hash(b"same").hex())
for number in range(150):
    key = ring.new_incident_key(date(2026, 1, 1) + timedelta(days=number))
    print(key.day.isoformat(), key.wrapped.hex(), flush=True)
"""

# Makes keys, day after day, until it is killed.
MAKER = """
import sys
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from dispatch_bus.store.keys import KeyRing

ring = KeyRing.create(Path(sys.argv[1]))
for number in count():
    key = ring.new_incident_key(date(2026, 1, 1) + timedelta(days=number))
    print(key.day.isoformat(), key.wrapped.hex(), flush=True)
"""

# Two green threads of a patched process make and open keys of the same days.
GREEN = """
import eventlet
eventlet.monkey_patch()
import sys
from datetime import date, timedelta
from pathlib import Path
from dispatch_bus.store.keys import KeyRing

ring = KeyRing.create(Path(sys.argv[1]))
days = [date(2026, 1, 1) + timedelta(days=number) for number in range(20)]
pool = eventlet.GreenPool()
for key in [*pool.imap(ring.new_incident_key, days), *pool.imap(ring.new_incident_key, days)]:
    data = ring.open(key)
    assert data.unseal(data.seal(b"x", about=b"y"), about=b"y") == b"x"
print("done")
"""

# Stands for a full disk: no file may grow.
FULL = """
import resource, sys
from datetime import date
from pathlib import Path
from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.keys import KeyRing

ring = KeyRing(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    ring.new_incident_key(date(2026, 3, 1))
except Stop as stop:
    print(stop)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def ring(folder: Path) -> KeyRing:
    return KeyRing.create(folder)


def start(program: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def sealed_under(ring: KeyRing, day: date = DAY) -> tuple[WrappedKey, bytes]:
    key = ring.new_incident_key(day)
    return key, ring.open(key).seal(b"caller", about=b"incident")


def unsealed(ring: KeyRing, key: WrappedKey, sealed: bytes) -> bytes:
    return ring.open(key).unseal(sealed, about=b"incident")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def unprivileged(path: Path) -> Iterator[None]:
    """Go on as a user to whom file modes apply, owning ``path``."""
    if os.geteuid() != 0:
        yield
        return
    for owned in (path, *path.iterdir()):
        os.chown(owned, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that any user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="keys-", dir="/tmp"))
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_what_was_sealed_is_unsealed(ring: KeyRing, folder: Path) -> None:
    """Another process's ring over the same folder opens what this one sealed."""
    key, sealed = sealed_under(ring)
    assert unsealed(KeyRing(folder), key, sealed) == b"caller"


@given(plaintext=st.binary(), about=st.binary())
def test_any_bytes_can_be_sealed(plaintext: bytes, about: bytes) -> None:
    """Sealing and unsealing gives back any plaintext about anything."""
    data = DataKey(bytes(32))
    assert data.unseal(data.seal(plaintext, about=about), about=about) == plaintext


def test_ciphertext_shows_nothing(ring: KeyRing) -> None:
    """The plaintext is not in the ciphertext, and the same plaintext is sealed differently."""
    data = ring.open(ring.new_incident_key(DAY))
    first, second = (data.seal(b"Jansen", about=b"") for _ in range(2))
    assert b"Jansen" not in first
    assert first != second


def test_data_is_bound_to_what_it_is_about(ring: KeyRing) -> None:
    """Ciphertext copied to another incident does not unseal there."""
    data = ring.open(ring.new_incident_key(DAY))
    with pytest.raises(Refused, match="sealed"):
        data.unseal(data.seal(b"caller", about=b"incident 1"), about=b"incident 2")


def test_each_incident_has_a_key_of_its_own(ring: KeyRing) -> None:
    """One incident's key does not unseal another's data of the same day."""
    _, sealed = sealed_under(ring)
    other = ring.open(ring.new_incident_key(DAY))
    with pytest.raises(Refused):
        other.unseal(sealed, about=b"incident")


@pytest.mark.parametrize("length", [0, 5, 12, 27])
def test_short_ciphertext_is_refused(length: int) -> None:
    """Ciphertext too short to be one is refused like any that was altered."""
    with pytest.raises(Refused):
        DataKey(bytes(32)).unseal(bytes(length), about=b"")


def test_altered_ciphertext_is_refused(ring: KeyRing) -> None:
    """Ciphertext with any byte changed is refused."""
    data = ring.open(ring.new_incident_key(DAY))
    sealed = data.seal(b"caller", about=b"")
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(Refused):
            data.unseal(bytes(altered), about=b"")


@pytest.mark.parametrize("wrapped", [b"", b"short", bytes(40), bytes(41)])
def test_an_altered_wrapped_key_is_refused(ring: KeyRing, wrapped: bytes) -> None:
    """Bytes that this ring did not wrap do not open."""
    key = ring.new_incident_key(DAY)
    with pytest.raises(Refused, match="another ring"):
        ring.open(evolve(key, wrapped=wrapped))


def test_a_wrapped_key_belongs_to_its_day(ring: KeyRing) -> None:
    """A wrapped key moved to another day does not open."""
    key = ring.new_incident_key(DAY)
    ring.new_incident_key(DAY + timedelta(days=1))
    with pytest.raises(Refused, match="another ring"):
        ring.open(evolve(key, day=DAY + timedelta(days=1)))


def test_a_moment_counts_as_its_day(ring: KeyRing) -> None:
    """A date with a time of day names the same key as the date."""
    key = ring.new_incident_key(datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert ring.open(evolve(key, day=DAY))


def test_an_erased_day_stays_erased(ring: KeyRing, folder: Path) -> None:
    """After erasure nothing of the day opens, here or in a new process, and no key is made."""
    key, _ = sealed_under(ring)
    ring.erase(DAY)
    for each in (ring, KeyRing(folder)):
        with pytest.raises(Erased, match="erased on purpose"):
            each.open(key)
        with pytest.raises(Erased):
            each.new_incident_key(DAY)


def test_erasure_by_another_process_is_noticed(ring: KeyRing, folder: Path) -> None:
    """A ring that holds the day's key in memory stops using it when another one erases it."""
    key, sealed = sealed_under(ring)
    assert unsealed(ring, key, sealed) == b"caller"
    KeyRing(folder).erase(DAY)
    with pytest.raises(Erased):
        ring.open(key)


def test_an_erased_key_does_not_stay_in_memory(ring: KeyRing, folder: Path) -> None:
    """Whoever learns of an erasure, here or elsewhere, keeps no day's key that it had read."""
    for eraser in (ring, KeyRing(folder)):
        ring.open(ring.new_incident_key(DAY + timedelta(days=1)))
        eraser.erase(DAY)
        with pytest.raises(Erased):
            ring.new_incident_key(DAY)
        assert ring._day_key.cache_info().currsize == 0


def test_erasure_spares_other_days(ring: KeyRing) -> None:
    """Erasing one day leaves the day before and after."""
    kept = [sealed_under(ring, DAY + timedelta(days=step)) for step in (-1, 1)]
    ring.erase(DAY)
    assert [unsealed(ring, *one) for one in kept] == [b"caller", b"caller"]


def test_erasure_leaves_no_copy_of_the_key(ring: KeyRing, folder: Path) -> None:
    """A second name that a killed process left of the key goes with it."""
    ring.new_incident_key(DAY)
    path = folder / "day-2026-03-01.key"
    secret = path.read_bytes()
    (folder / ".day-2026-03-01.key.0123456789abcdef").hardlink_to(path)
    ring.erase(DAY)
    assert secret not in contents(folder).values()


def test_erasure_can_be_repeated(ring: KeyRing) -> None:
    """Erasing a day twice, or one that never had a key, changes nothing more."""
    ring.erase(DAY)
    ring.erase(DAY)
    with pytest.raises(Erased):
        ring.new_incident_key(DAY)


def test_a_lost_key_is_not_called_erased(ring: KeyRing, folder: Path) -> None:
    """A key that is gone without a tombstone is refused with the way to get it back."""
    key = ring.new_incident_key(DAY)
    (folder / "day-2026-03-01.key").unlink()
    with pytest.raises(Refused, match="lost, not erased") as refused:
        ring.open(key)
    assert not isinstance(refused.value, Erased)


def test_two_processes_make_the_same_keys(folder: Path) -> None:
    """Processes racing for a new folder and its days' keys open each other's wrapped keys."""
    racers = [start(RACER, folder) for _ in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    outputs = [racer.communicate(timeout=120)[0].splitlines() for racer in racers]
    shared = KeyRing(folder)
    assert [lines[0] for lines in outputs] == [shared.content_hash(b"same").hex()] * 2
    for line in outputs[0][1:] + outputs[1][1:]:
        day, wrapped = line.split()
        shared.open(WrappedKey(date.fromisoformat(day), bytes.fromhex(wrapped)))
    assert len(outputs[0]) == len(outputs[1]) == 151


@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_killed_process_leaves_no_half_key(folder: Path, after: int) -> None:
    """SIGKILL while keys are made: every key is whole, and all that was handed out opens."""
    maker = start(MAKER, folder)
    assert maker.stdout is not None
    lines = [maker.stdout.readline() for _ in range(after)]
    maker.kill()
    lines += maker.communicate(timeout=60)[0].splitlines(keepends=True)
    days = list(folder.glob("day-*"))
    assert {path.stat().st_size for path in days} == {32}
    ring = KeyRing(folder)
    for line in lines:
        if line.endswith("\n"):
            day, wrapped = line.split()
            ring.open(WrappedKey(date.fromisoformat(day), bytes.fromhex(wrapped)))


def test_it_works_under_monkey_patching(folder: Path) -> None:
    """Green threads of a patched process make and use keys of the same days."""
    assert start(GREEN, folder).communicate(timeout=60)[0] == "done\n"


def test_a_full_disk_is_a_clear_stop(ring: KeyRing, folder: Path) -> None:
    """A key that cannot be written whole is not there at all, and can be made later."""
    before = contents(folder)
    said = start(FULL, folder).communicate(timeout=60)[0]
    assert "day-2026-03-01.key cannot be made" in said
    assert contents(folder) == before
    assert ring.open(ring.new_incident_key(DAY))


def test_the_same_content_has_the_same_hash(ring: KeyRing, folder: Path) -> None:
    """Any process of the bus hashes the same content alike, and other content otherwise."""
    assert KeyRing(folder).content_hash(b"record") == ring.content_hash(b"record")
    assert ring.content_hash(b"record") != ring.content_hash(b"Record")
    assert len(ring.content_hash(b"record")) == 32


def test_another_bus_hashes_otherwise(ring: KeyRing, tmp_path: Path) -> None:
    """Without the ring's key the hash of a person's data cannot be guessed."""
    other = KeyRing.create(tmp_path / "other")
    assert other.content_hash(b"record") != ring.content_hash(b"record")


def test_any_process_signs_with_the_same_key(ring: KeyRing, folder: Path) -> None:
    """What one process signs verifies under the public key of another."""
    KeyRing(folder).public_key().verify(ring.signing_key().sign(b"root"), b"root")


def test_files_are_the_owners_alone(ring: KeyRing, folder: Path) -> None:
    """The folder has mode 0700 and each file 0600, whatever the umask, and no file is left over."""
    before = os.umask(0)
    try:
        ring.new_incident_key(DAY)
        ring.erase(DAY + timedelta(days=1))
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == dict.fromkeys(
        ("content.key", "signing.key", "day-2026-03-01.key", "day-2026-03-02.key"), 0o600
    )


def test_creating_twice_keeps_the_keys(ring: KeyRing, folder: Path) -> None:
    """Creating a ring that is there gives the one that is there."""
    assert KeyRing.create(folder).content_hash(b"x") == ring.content_hash(b"x")


def test_secrets_do_not_show(ring: KeyRing) -> None:
    """No secret shows in what a log or a traceback prints of the values."""
    key = ring.new_incident_key(DAY)
    assert key.wrapped.hex() not in repr(key)
    assert str(key.wrapped) not in repr(key)
    assert repr(ring.open(key)).startswith("<")


def test_a_missing_folder_is_a_clear_stop(folder: Path) -> None:
    """A ring is not made by the way: a missing folder may be a volume that is not mounted."""
    with pytest.raises(Stop, match="Mount the key folder"):
        KeyRing(folder)
    assert not folder.exists()


def test_a_missing_parent_is_a_clear_stop(tmp_path: Path) -> None:
    """Creating a ring does not make the folders above it."""
    with pytest.raises(Stop, match="cannot be made"):
        KeyRing.create(tmp_path / "volume" / "keys")


def test_a_file_in_place_of_the_folder_is_a_clear_stop(folder: Path) -> None:
    """A path that is a file is said to be one."""
    folder.touch(0o600)
    with pytest.raises(Stop, match="is a file"):
        KeyRing(folder)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o720])
def test_an_open_folder_is_a_clear_stop(ring: KeyRing, folder: Path, mode: int) -> None:
    """A folder that others may enter or list is not used, and the remedy is said."""
    folder.chmod(mode)
    for make in (KeyRing, KeyRing.create):
        with pytest.raises(Stop, match="chmod 700"):
            make(folder)


def test_no_secret_is_put_into_an_open_folder(folder: Path) -> None:
    """Creating a ring in a folder that is open to others writes nothing there."""
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(Stop):
        KeyRing.create(folder)
    assert contents(folder) == {}


def test_an_open_key_is_a_clear_stop(ring: KeyRing, folder: Path) -> None:
    """A key file that others may read is not used."""
    key = ring.new_incident_key(DAY)
    (folder / "day-2026-03-01.key").chmod(0o640)
    with pytest.raises(Stop, match="chmod 600"):
        KeyRing(folder).open(key)


@pytest.mark.parametrize("name", ["content.key", "signing.key"])
def test_a_lost_standing_key_is_never_made_up_for(ring: KeyRing, folder: Path, name: str) -> None:
    """A ring in use that lacks a standing key stops, also where a new one would be created."""
    ring.new_incident_key(DAY)
    (folder / name).unlink()
    for make in (KeyRing, KeyRing.create):
        with pytest.raises(Stop, match=name):
            make(folder)


def test_a_damaged_key_is_a_clear_stop(ring: KeyRing, folder: Path) -> None:
    """A key file of another length says where to get a whole one."""
    key = ring.new_incident_key(DAY)
    (folder / "day-2026-03-01.key").write_bytes(b"")
    with pytest.raises(Stop, match="backup"):
        ring.open(key)


def test_a_folder_that_cannot_be_written_is_a_clear_stop(reachable: Path) -> None:
    """A folder that this user may only read is refused at the start, not at the first key."""
    KeyRing.create(reachable)
    reachable.chmod(0o500)
    with unprivileged(reachable), pytest.raises(Stop, match="cannot be written"):
        KeyRing(reachable)


def test_a_folder_that_becomes_read_only_is_a_clear_stop(reachable: Path) -> None:
    """A folder that can no longer be written stops whoever needs a new key or an erasure."""
    ring = KeyRing.create(reachable)
    with unprivileged(reachable):
        reachable.chmod(0o500)
        with pytest.raises(Stop, match="cannot be made"):
            ring.new_incident_key(DAY)
        with pytest.raises(Stop, match="cannot be replaced"):
            ring.erase(DAY)


def test_a_key_that_cannot_be_reached_is_a_clear_stop(reachable: Path) -> None:
    """A folder that this user may no longer enter stops the reader with the way out."""
    ring = KeyRing.create(reachable)
    key = ring.new_incident_key(DAY)
    with unprivileged(reachable):
        reachable.chmod(0o600)
        with pytest.raises(Stop, match="cannot be read"):
            ring.open(key)
