"""A signed statement of the journal's tree, for whoever wants to hold the bus to it.

The text is a checkpoint (C2SP tlog-checkpoint: origin, size, root, extension lines) in a signed
note (C2SP signed-note) with an Ed25519 signature, so that existing witnesses can read it::

    dispatch-bus/benelux
    1733
    47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    epoch 1
    time 2026-03-01T12:00:00.000000Z

    — dispatch-bus/benelux AAAAA…
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

from attrs import Attribute, field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal import canonical
from dispatch_bus.journal.merkle import HASH_BYTES

_ORIGIN = re.compile(r"dispatch-bus/[A-Za-z0-9._-]+")
_TEXT = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>[0-9]{1,18})\n(?P<root>[^\n]+)\n"
    r"epoch (?P<epoch>[0-9]{1,18})\ntime (?P<at>[^\n]+)\n"
)
_VERIFIER_KEY = re.compile(r"(?P<name>[^+\s]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>\S+)\s*")
_DASH = "\N{EM DASH} "
_ED25519 = b"\x01"
_KEY_ID_BYTES = 4


def _named(_: object, attribute: Attribute[str], origin: str) -> None:
    if not _ORIGIN.fullmatch(origin):
        remedy = "Write dispatch-bus/ and a name of letters, digits, dots, dashes and underscores."
        raise Refused(attribute.name, origin, remedy)


def _counted(_: object, attribute: Attribute[int], number: int) -> None:
    if not 0 <= number <= canonical.MAX_INTEGER:
        raise Refused(attribute.name, number, "Count from 0 to 2^53 - 1.")


def _hashed(_: object, attribute: Attribute[bytes], root: bytes) -> None:
    if len(root) != HASH_BYTES:
        raise Refused(attribute.name, root, "Give the 32 bytes of a SHA-256 hash.")


@frozen
class Checkpoint:
    """The tree of ``size`` entries had this ``root`` (32 bytes) at ``at`` (UTC).

    ``origin`` is ``dispatch-bus/<name>``; ``epoch`` is raised by a restore from a backup.

    Raises:
        Refused: a field that does not fit.
    """

    origin: str = field(validator=_named)
    epoch: int = field(validator=_counted)
    size: int = field(validator=_counted)
    root: bytes = field(validator=_hashed)
    at: datetime = field(converter=canonical.utc)


def key_id(name: str, key: Ed25519PublicKey) -> bytes:
    """Return the 4 bytes by which signatures under ``name`` name ``key`` (C2SP signed-note)."""
    named = name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()
    return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]


def verifier_key(name: str, key: Ed25519PublicKey) -> str:
    """Return ``key`` for whoever checks signatures under ``name`` (C2SP signed-note, one line)."""
    return f"{name}+{key_id(name, key).hex()}+{_base64(_ED25519 + key.public_bytes_raw())}"


def read_verifier_key(text: str) -> Ed25519PublicKey:
    """Return the key in a line that `verifier_key` gave.

    Raises:
        Refused: it is none, or of another kind than Ed25519, or its id is not its own.
    """
    parts = _VERIFIER_KEY.fullmatch(text)
    try:
        raw = base64.b64decode(parts["key"], validate=True) if parts else b""
        key = Ed25519PublicKey.from_public_bytes(raw.removeprefix(_ED25519))
    except ValueError:
        key = None
    if not parts or key is None or verifier_key(parts["name"], key) != text.strip():
        raise Refused("key", text, "Give the line that 'dispatch-bus journal key' prints.")
    return key


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> bytes:
    """Return ``checkpoint`` as a signed note in UTF-8."""
    text = _text(checkpoint)
    signature = key_id(checkpoint.origin, key.public_key()) + key.sign(text.encode())
    return f"{text}\n{_DASH}{checkpoint.origin} {_base64(signature)}\n".encode()


def verify(signed: bytes, key: Ed25519PublicKey) -> Checkpoint:
    """Return the checkpoint that ``key`` signed; signatures of other keys are passed over.

    Raises:
        Refused: the note has no signature of this key, a wrong one, or a text that is no
            checkpoint of a bus.
    """
    text, signatures = _split(signed)
    origin = text.partition("\n")[0]
    expected = key_id(origin, key)
    ours = [one for name, one in signatures if name == origin and one.startswith(expected)]
    if not ours:
        raise Refused("checkpoint", text, "Take the public key of the bus that signed it.")
    for signature in ours:
        _check_signature(signature.removeprefix(expected), text, key)
    return _checkpoint(text)


def _text(checkpoint: Checkpoint) -> str:
    return (
        f"{checkpoint.origin}\n{checkpoint.size}\n{_base64(checkpoint.root)}\n"
        f"epoch {checkpoint.epoch}\ntime {canonical.instant(checkpoint.at)}\n"
    )


def _split(signed: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    try:
        text, blank, signatures = signed.decode().rpartition("\n\n")
        if not blank or not signatures.endswith("\n"):
            raise ValueError("no blank line, or an unfinished one")
        return text + "\n", list(_signatures(signatures))
    except ValueError as error:
        raise Refused("checkpoint", signed, f"Give a whole signed note ({error}).") from error


def _signatures(lines: str) -> Iterator[tuple[str, bytes]]:
    for line in lines.removesuffix("\n").split("\n"):
        name, space, signature = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise ValueError("a signature line is malformed")
        yield name, base64.b64decode(signature, validate=True)


def _check_signature(signature: bytes, text: str, key: Ed25519PublicKey) -> None:
    try:
        key.verify(signature, text.encode())
    except InvalidSignature:
        remedy = "Distrust it: its signature does not fit its text."
        raise Refused("checkpoint", text, remedy) from None


def _checkpoint(text: str) -> Checkpoint:
    parts = _TEXT.fullmatch(text)
    if parts is None:
        raise Refused("checkpoint", text, "Give origin, size, root, epoch and time, one a line.")
    try:
        checkpoint = Checkpoint(
            origin=parts["origin"],
            epoch=int(parts["epoch"]),
            size=int(parts["size"]),
            root=base64.b64decode(parts["root"], validate=True),
            at=datetime.fromisoformat(parts["at"]),
        )
    except ValueError as error:
        raise Refused("checkpoint", text, f"Mend its root or its time ({error}).") from error
    # One statement has one form: a second spelling would be a second statement to compare.
    if _text(checkpoint) != text:
        raise Refused("checkpoint", text, "Write it in its canonical form.")
    return checkpoint


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
