"""The keys of personal data, in a folder outside PostgreSQL and outside its backups.

Each incident has a data key of its own. It lies in the database, wrapped (AES key wrap, RFC 3394,
256 bits) by the key of its retention day, and that key lies in this folder alone. Destroying the
one file erases the personal fields of that day everywhere: in tables, journal, WAL and backups.

A day's file is absent, then the key, then for good a tombstone. Overwriting the bytes of an erased
key is not attempted: journalling file systems and flash storage keep old blocks regardless. Put
the folder on an encrypted volume.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from dispatch_bus.domain.errors import Refused, Stop
from dispatch_bus.store import key_files

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_CACHED_DAYS: Final = 64
_TOMBSTONE: Final = b"erased\n"
_CONTENT: Final = "content.key"
_SIGNING: Final = "signing.key"


class Erased(Refused):
    """The key of this retention day was destroyed, and with it all that it wrapped."""

    def __init__(self, day: date) -> None:
        super().__init__("retention day", day.isoformat(), "Nothing to do: erased on purpose.")


class Lost(Refused):
    """The key of this retention day is gone, or another: nobody destroyed it."""


@frozen
class WrappedKey:
    """An incident's data key as the database keeps it: useless without the key of its ``day``."""

    day: date
    wrapped: bytes = field(repr=False)


class DataKey:
    """An incident's data key, opened: AES-256-GCM (NIST SP 800-38D), a random nonce each time.

    Randomness is the operating system's and cannot be passed in: a nonce that comes twice under
    one key gives the plaintext away.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, plaintext: bytes, *, about: bytes) -> bytes:
        """Return nonce (12 bytes), ciphertext and tag (16 bytes), bound to ``about``.

        ``about`` says whose data this is (the incident's id, say); it is not part of the result.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plaintext, about)

    def unseal(self, sealed: bytes, *, about: bytes) -> bytes:
        """Return the plaintext that `seal` was given.

        Raises:
            Refused: it was sealed with another key, about something else, or was altered.
        """
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, ciphertext, about)
        except (InvalidTag, ValueError):
            remedy = "Take the key and the id that it was sealed with; else it was altered."
            raise Refused("sealed", f"{len(sealed)} bytes", remedy) from None


class KeyRing:
    """The keys in ``folder`` (mode 0700; each file 0600), shared by every process of the bus.

    Raises:
        Stop: the folder is missing, open to others or not writable, or lacks a key that
            `create` makes. A ring never makes up for a lost key: under a new one every record
            would look changed, and neighbours would hold checkpoints of a stranger.
    """

    def __init__(self, folder: Path) -> None:
        key_files.check_folder(folder)
        self._folder = folder
        self._content = _standing(folder / _CONTENT)
        self._signing = _standing(folder / _SIGNING)
        self._day_key = lru_cache(_CACHED_DAYS)(key_files.read)
        self._made = lru_cache(_CACHED_DAYS)(_make)
        self._path = lru_cache(_CACHED_DAYS)(self._path_of)

    @classmethod
    def create(cls, folder: Path) -> KeyRing:
        """Return the ring of a new bus, making its folder and standing keys where missing.

        Several processes may do so at once and share one ring. The folder above must be there.

        Raises:
            Stop: as the class does, or the folder holds keys of days without a standing key.
        """
        key_files.make_folder(folder)
        if not any(folder.glob("day-*")):
            _make(folder / _CONTENT)
            _make(folder / _SIGNING)
        return cls(folder)

    def new_incident_key(self, day: date) -> WrappedKey:
        """Return a new random data key, wrapped by the key of retention day ``day``.

        Raises:
            Erased: the day was erased already.
            Lost: this ring has made or found the day's key, and it is gone.
            Stop: the day's key cannot be read or written.
        """
        self._made(self._path(day))
        wrapping = self._wrapping_key(day)
        return WrappedKey(day, aes_key_wrap(wrapping, secrets.token_bytes(_KEY_BYTES)))

    def open(self, key: WrappedKey) -> DataKey:
        """Return the data key in ``key``.

        Raises:
            Erased: the day's key was destroyed.
            Lost: the day's key is not in this folder, or is not the one that wrapped it.
            Stop: the day's key cannot be read.
        """
        try:
            return DataKey(aes_key_unwrap(self._wrapping_key(key.day), key.wrapped))
        except InvalidUnwrap:
            remedy = f"It was altered, or wrapped by another ring than {self._folder}."
            raise Lost("wrapped key", key.day.isoformat(), remedy) from None

    def erase(self, day: date) -> None:
        """Destroy the key of ``day`` for good; a tombstone keeps it from being made again.

        Done only when it returns: repeat it after an error or a crash. A process that has used
        the day's key forgets it when it next asks for that day, or when it ends.

        Raises:
            Stop: the tombstone cannot be written.
        """
        key_files.replace(self._path(day), _TOMBSTONE)
        self._day_key.cache_clear()

    def days(self) -> list[date]:
        """Return the days that have a key which is not erased, oldest first."""
        files = sorted(self._folder.glob("day-*.key"))
        live = (path for path in files if path.read_bytes() != _TOMBSTONE)
        return [date.fromisoformat(path.stem.removeprefix("day-")) for path in live]

    def erased_days(self) -> list[date]:
        """Return the days whose key was destroyed, oldest first."""
        live = frozenset(self.days())
        named = (path.stem.removeprefix("day-") for path in self._folder.glob("day-*.key"))
        return sorted({date.fromisoformat(name) for name in named} - live)

    def content_hash(self, data: bytes) -> bytes:
        """Return HMAC-SHA-256 of ``data`` (32 bytes) under the ring's own key.

        A plain hash of a person's data could be found by guessing the data.
        """
        return hmac.digest(self._content, data, hashlib.sha256)

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the key that signs checkpoints."""
        return Ed25519PrivateKey.from_private_bytes(self._signing)

    def public_key(self) -> Ed25519PublicKey:
        """Return the key that anyone verifies checkpoints with."""
        return self.signing_key().public_key()

    def _path_of(self, day: date) -> Path:
        return self._folder / f"day-{day:%Y-%m-%d}.key"

    def _wrapping_key(self, day: date) -> bytes:
        path = self._path(day)
        version = key_files.version(path)
        if version is None:
            remedy = f"Restore {path} from the key folder's own backup: it was lost, not erased."
            raise Lost("retention day", day.isoformat(), remedy)
        content = self._day_key(path, version)
        if content == _TOMBSTONE:
            self._day_key.cache_clear()
            raise Erased(day)
        return _whole(path, content)


def _make(path: Path) -> None:
    key_files.make_once(path, secrets.token_bytes(_KEY_BYTES))


def _standing(path: Path) -> bytes:
    return _whole(path, key_files.read(path))


def _whole(path: Path, content: bytes) -> bytes:
    if len(content) != _KEY_BYTES:
        raise Stop(f"The key {path} is damaged.", "Restore it from the key folder's own backup.")
    return content
