"""A sealed zip archive: the same bytes for the same entries, and no changed byte goes unnoticed.

The archive's comment is the seal: the SHA-256 of all bytes before it. So a whole file is checked
without unpacking it, and each entry is unpacked when it is needed.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from attrs import frozen

from borderzones.errors import ZoneFileError

_EPOCH = (1980, 1, 1, 0, 0, 0)
_SEAL_BYTES = 64

REMEDY: Final = "Build it again from its zones.toml, or restore the file that was shipped."


@frozen(eq=False)
class Archive:
    """An archive in memory, which threads may share; packed it takes a few megabytes."""

    path: Path
    _data: bytes
    _zip: zipfile.ZipFile

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a file; raise `ZoneFileError` when it is missing or no zip archive."""
        try:
            data = path.read_bytes()
            return cls(path, data, zipfile.ZipFile(io.BytesIO(data)))
        except FileNotFoundError as error:
            raise ZoneFileError(f"{path}: no such zone file. {REMEDY}") from error
        except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
            raise damaged(path, str(error)) from error

    def entry(self, name: str) -> bytes:
        """Unpack an entry; raise `ZoneFileError` when it is missing or damaged."""
        try:
            return self._zip.read(name)
        except KeyError as error:
            raise damaged(self.path, f"it has no {name}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise damaged(self.path, str(error)) from error

    def check_seal(self) -> None:
        """Raise `ZoneFileError` when any byte differs from what was written."""
        if self._zip.comment != _seal(self._data[:-_SEAL_BYTES]):
            raise damaged(self.path, "its checksum does not match")


def write(path: Path, entries: Mapping[str, bytes]) -> None:
    """Write a sealed archive, all of it or nothing."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.comment = bytes(_SEAL_BYTES)
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, compresslevel=9)
    content = packed.getvalue()[:-_SEAL_BYTES]
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_bytes(content + _seal(content))
    unfinished.replace(path)


def damaged(path: Path, why: str) -> ZoneFileError:
    """Return the refusal of a file that is not what was written."""
    return ZoneFileError(f"{path}: the zone file is damaged: {why}. {REMEDY}")


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
