"""A backup as one file: what the bus's tables hold at one instant, and a manifest.

The file is a ZIP (ISO/IEC 21320-1) with one member for each table, in PostgreSQL's text form of
COPY, so that any version from 15 on reads what any other wrote, and ``manifest.json`` at its end.
Of a file that was cut off nothing is restored. Personal fields are in it as ciphertext alone; the
keys are not.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from attrs import asdict, field, frozen

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.disk import put_on_disk

FORMAT: Final = 1
CHUNK_BYTES: Final = 2**20
_MANIFEST: Final = "manifest.json"

Progress: TypeAlias = Callable[[str, int], None]
"""Is told a table and how many bytes of it have been copied since it was told last."""


@frozen(kw_only=True)
class Content:
    """What a backup holds of one table: ``size`` is in bytes before compression."""

    table: str
    columns: tuple[str, ...] = field(converter=tuple[str, ...])
    rows: int
    size: int
    sha256: str


@frozen(kw_only=True)
class Manifest:
    """What a backup is of.

    ``schema`` is the revision of its tables, ``epoch`` and ``entries`` are the journal's, ``root``
    the root (hexadecimal) of the tree over those entries, ``checkpoint`` the newest signed one,
    ``key`` the public key that it is verified with, and ``partitions`` the first numbers of the
    journal's partitions.
    """

    format: int
    taken_at: datetime
    schema: str
    server: str
    epoch: int
    entries: int
    root: str
    checkpoint: str | None
    key: str
    partitions: tuple[int, ...] = field(converter=tuple[int, ...])
    contents: tuple[Content, ...] = field(converter=tuple[Content, ...])

    @property
    def size(self) -> int:
        """The bytes of all tables, before compression."""
        return sum(one.size for one in self.contents)

    def dump(self) -> bytes:
        """Return it as JSON in UTF-8."""
        fields = asdict(self) | {"taken_at": self.taken_at.isoformat()}
        return json.dumps(fields, indent=1).encode()

    @classmethod
    def load(cls, data: bytes) -> Manifest:
        """Return the manifest that `dump` gave; whatever a misfit makes it raise, it raises."""
        fields: dict[str, Any] = json.loads(data)
        fields["taken_at"] = datetime.fromisoformat(fields["taken_at"])
        fields["contents"] = [Content(**one) for one in fields["contents"]]
        return cls(**fields)


class Writer:
    """A backup that is being written; see `writing`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(
        self, table: str, columns: tuple[str, ...], rows: Iterator[bytes], progress: Progress
    ) -> Content:
        """Add a table from its rows, each in the text form of COPY."""
        digest, count, size = hashlib.sha256(), 0, 0
        with self._archive.open(_member(table), "w", force_zip64=True) as member:
            for chunk, lines in _chunks(rows):
                digest.update(chunk)
                member.write(chunk)
                count, size = count + lines, size + len(chunk)
                progress(table, len(chunk))
        return Content(
            table=table, columns=columns, rows=count, size=size, sha256=digest.hexdigest()
        )

    def end(self, manifest: Manifest) -> None:
        """Add the manifest, without which the file is no backup."""
        self._archive.writestr(_MANIFEST, manifest.dump())


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """Write a backup to ``target`` (mode 0600), which is there whole or not at all.

    Raises:
        Stop: it is there already, or cannot be written.
    """
    if target.exists():
        raise Stop(f"{target} is there already.", "Name a file that is not there.")
    draft = target.with_name(f"{target.name}.part")
    try:
        with draft.open("wb") as file:
            draft.chmod(0o600)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                yield Writer(archive)
        put_on_disk(draft)
        draft.replace(target)
        put_on_disk(target.parent)
    except OSError as error:
        remedy = "Name a file in a folder that can be written and has room."
        raise Stop(f"{target} cannot be written: {error}.", remedy) from error
    finally:
        draft.unlink(missing_ok=True)


class Reader:
    """A backup to restore from, with its ``manifest``.

    Raises:
        Stop: the file is no backup, is damaged, or is of a newer version of the bus.
    """

    def __init__(self, source: Path) -> None:
        self._source = source
        try:
            self._archive = zipfile.ZipFile(source)
            self.manifest = Manifest.load(self._archive.read(_MANIFEST))
        except (OSError, zipfile.BadZipFile, LookupError, TypeError, ValueError) as error:
            what = f"{source} is no backup, or was cut off ({type(error).__name__}: {error})."
            raise Stop(what, "Name a file that 'dispatch-bus backup' wrote.") from error
        if self.manifest.format > FORMAT:
            what = f"{source} has format {self.manifest.format}, this version reads {FORMAT}."
            raise Stop(what, "Restore it with the version of the bus that wrote it.")

    def chunks(self, content: Content, progress: Progress) -> Iterator[bytes]:
        """Yield a table's rows, in the text form of COPY, in pieces of any length.

        Raises:
            Stop: they are not what was backed up.
        """
        digest = hashlib.sha256()
        try:
            with self._archive.open(_member(content.table)) as member:
                for chunk in _pieces(member):
                    digest.update(chunk)
                    progress(content.table, len(chunk))
                    yield chunk
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise self._damaged(content.table, str(error)) from error
        if digest.hexdigest() != content.sha256:
            raise self._damaged(content.table, "its SHA-256 is another")

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def _damaged(self, table: str, why: str) -> Stop:
        what = f"{self._source} is damaged at table {table}: {why}. Nothing was restored."
        return Stop(what, "Take another copy of this backup, or an older one.")


def _member(table: str) -> str:
    return f"{table}.copy"


def _chunks(rows: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Join rows to pieces worth compressing; yield each with the number of its rows."""
    held, lines = bytearray(), 0
    for row in rows:
        held += row
        lines += 1
        if len(held) >= CHUNK_BYTES:
            yield bytes(held), lines
            held, lines = bytearray(), 0
    if held:
        yield bytes(held), lines


def _pieces(member: IO[bytes]) -> Iterator[bytes]:
    while chunk := member.read(CHUNK_BYTES):
        yield chunk
