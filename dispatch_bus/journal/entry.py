"""One entry of the journal and its form in bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from attrs import asdict, field, frozen
from attrs.validators import instance_of, optional

from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.journal import canonical
from dispatch_bus.journal.upcasting import Document, Upcaster, upcast

SCHEMA_VERSION: Final = 1

_UPCASTERS: Final[Mapping[int, Upcaster]] = {}
_KINDS: Final = frozenset(EntryKind)
# What any release can tell of an entry; a newer one may add to it, and changes none of it.
_ENVELOPE: Final = ("at", "mode", "incident", "notice", "correlation", "actor")


def _mode(value: str) -> Mode:
    try:
        return Mode(value)
    except ValueError:
        raise Refused("mode", value, "Use actual, exercise or test.") from None


def _own(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    # A copy, so that an entry keeps what it said when its author goes on with the mapping.
    return dict(facts)


@frozen
class Entry:
    """What happened, in codes and parameters.

    ``at`` is kept in UTC. ``actor`` is the identifier of a service, a centre or an account, never
    the name of a person. ``facts`` carries no prose and nothing personal, since it is hashed for
    good. ``sealed`` is the base64 (RFC 4648, section 4) of the personal fields' ciphertext under
    the key that ``key`` names: both are there, or neither.

    Raises:
        Refused: a mode that is none, a time without offset, ``sealed`` without ``key`` or the
            reverse, or a ``sealed`` that is not base64.
    """

    kind: str = field(validator=instance_of(str))
    at: datetime = field(converter=canonical.utc)
    mode: Mode = field(converter=_mode)
    incident: UUID | None = field(validator=optional(instance_of(UUID)))
    notice: UUID | None = field(validator=optional(instance_of(UUID)))
    correlation: str = field(validator=instance_of(str))
    actor: str = field(validator=instance_of(str))
    facts: Mapping[str, Any] = field(converter=_own)
    sealed: str | None = field(default=None, validator=optional(instance_of(str)))
    key: str | None = field(default=None, validator=optional(instance_of(str)))

    def __attrs_post_init__(self) -> None:
        if (self.sealed is None) != (self.key is None):
            raise Refused("key", self.key, "Give ciphertext and the id of its key together.")
        if self.sealed is not None:
            _check_base64(self.sealed)


def encode(entry: Entry) -> bytes:
    """Return the canonical bytes of ``entry``: these are hashed, stored and never written again.

    They carry their schema version, so that it is hashed too.

    Raises:
        Refused: a kind outside `EntryKind`, or a value that `canonical.encode` refuses.
    """
    if entry.kind not in _KINDS:
        raise Refused("kind", entry.kind, "Use one of EntryKind, or add it there.")
    document = asdict(entry, recurse=False) | {
        "at": canonical.instant(entry.at),
        "incident": entry.incident and str(entry.incident),
        "notice": entry.notice and str(entry.notice),
        "schema": SCHEMA_VERSION,
    }
    return canonical.encode(document)


def decode(raw: bytes, schema_version: int) -> Entry:
    """Return the entry that ``raw`` holds, read as one of the current schema.

    ``schema_version`` is the number stored beside the bytes. A kind that this release does not
    know is kept as it is.

    Raises:
        Refused: the bytes are no entry, or the stored version is not the one that was hashed.
    """
    document = _document(raw)
    written = document.pop("schema", None)
    if written != schema_version:
        raise Refused("schema", schema_version, f"The bytes say {written!r}: verify the journal.")
    return _entry(upcast(document, schema_version, _UPCASTERS, SCHEMA_VERSION))


def glimpse(raw: bytes, schema_version: int) -> Entry:
    """Return the entry that ``raw`` holds, or what can be said of one that a newer release wrote.

    That one has the kind ``<kind>@<schema version>``, which is none of this release's, and no
    facts: what they mean is not known here. So whoever acts on kinds passes it over.

    Raises:
        Refused: as `decode` does.
    """
    if schema_version <= SCHEMA_VERSION:
        return decode(raw, schema_version)
    document = _document(raw)
    known = {name: document.get(name) for name in _ENVELOPE}
    return _entry(known | {"kind": f"{document.get('kind')}@{schema_version}", "facts": {}})


def is_known(kind: str) -> bool:
    """Tell whether this release writes entries of a kind."""
    return kind in _KINDS


def _check_base64(sealed: str) -> None:
    # Plaintext put here by mistake could never be taken out of the journal again, and must not
    # show in the error either.
    try:
        base64.b64decode(sealed, validate=True)
    except ValueError:
        what = f"{len(sealed)} characters"
        raise Refused("sealed", what, "Give the base64 of ciphertext.") from None


def _document(raw: bytes) -> Document:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error) from error
    if not isinstance(document, dict):
        raise _unreadable("not a JSON object")
    return document


def _entry(document: Document) -> Entry:
    read = {"at": datetime.fromisoformat, "incident": _uuid, "notice": _uuid}
    try:
        return Entry(**document | {name: read[name](document[name]) for name in read})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(error) from error


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _unreadable(why: object) -> Refused:
    return Refused("entry", str(why), "Verify the journal: no release wrote these bytes.")
