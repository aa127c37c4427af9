"""Signed checkpoints."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal.checkpoint import (
    Checkpoint,
    key_id,
    read_verifier_key,
    sign,
    verifier_key,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
CHECKPOINT = Checkpoint(
    origin="dispatch-bus/benelux",
    epoch=2,
    size=1733,
    root=hashlib.sha256(b"root").digest(),
    at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


def note(text: str, key: Ed25519PrivateKey = KEY) -> bytes:
    """Sign any text as a signed note, by the letter of C2SP signed-note."""
    name = text.partition("\n")[0]
    signature = base64.b64encode(key_id(name, key.public_key()) + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n".encode()


def text_of(signed: bytes) -> str:
    return signed.decode().rpartition("\n\n")[0] + "\n"


@given(
    st.integers(0, 2**53 - 1),
    st.integers(0, 2**53 - 1),
    st.binary(min_size=32, max_size=32),
    st.datetimes(timezones=st.just(UTC)),
)
def test_what_was_signed_is_read(epoch: int, size: int, root: bytes, at: datetime) -> None:
    """Verification returns the checkpoint that was signed."""
    checkpoint = Checkpoint("dispatch-bus/x", epoch, size, root, at)
    assert verify(sign(checkpoint, KEY), KEY.public_key()) == checkpoint


def test_the_form_is_a_signed_note() -> None:
    """The text and the signature line are those of C2SP tlog-checkpoint and signed-note."""
    root = base64.b64encode(CHECKPOINT.root).decode()
    assert sign(CHECKPOINT, KEY) == note(
        f"dispatch-bus/benelux\n1733\n{root}\nepoch 2\ntime 2026-03-01T12:00:00.000000Z\n"
    )


def test_a_published_key_has_its_published_id() -> None:
    """The key of the Go checksum database has the id that stands in its published name."""
    name, short, key = [
        "sum.golang.org",
        "033de0ae",
        "Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    ]
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
    assert key_id(name, public).hex() == short


def test_a_key_that_was_written_is_read() -> None:
    """One line carries the key from the bus to whoever verifies."""
    read = read_verifier_key(verifier_key(CHECKPOINT.origin, KEY.public_key()) + "\n")
    assert read == KEY.public_key()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("benelux", "other"),
        ("+", " "),
        ("+A", "+B"),
        ("dispatch-bus/benelux", ""),
        (verifier_key(CHECKPOINT.origin, KEY.public_key()), ""),
    ],
)
def test_a_line_that_is_no_key_is_refused(old: str, new: str) -> None:
    """A key that was cut, altered or renamed says where the whole one comes from."""
    line = verifier_key(CHECKPOINT.origin, KEY.public_key())
    assert old in line
    with pytest.raises(Refused, match="journal key"):
        read_verifier_key(line.replace(old, new))


def test_another_key_does_not_verify() -> None:
    """A checkpoint signed by another key names the remedy."""
    with pytest.raises(Refused, match="public key"):
        verify(sign(CHECKPOINT, STRANGER), KEY.public_key())


def test_a_changed_text_does_not_verify() -> None:
    """A signature does not fit a text that was changed."""
    forged = sign(CHECKPOINT, KEY).replace(b"\n1733\n", b"\n1734\n")
    with pytest.raises(Refused, match="Distrust"):
        verify(forged, KEY.public_key())


@given(st.integers(0, len(sign(CHECKPOINT, KEY)) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(place: int, flip: int) -> None:
    """A checkpoint with any one byte changed is refused."""
    signed = bytearray(sign(CHECKPOINT, KEY))
    signed[place] ^= flip
    with pytest.raises(Refused):
        verify(bytes(signed), KEY.public_key())


def test_a_witness_may_sign_below() -> None:
    """Signatures of other keys beside the bus's own are passed over."""
    witness = note(text_of(sign(CHECKPOINT, KEY)), STRANGER).rpartition(b"\n\n")[2]
    assert verify(sign(CHECKPOINT, KEY) + witness, KEY.public_key()) == CHECKPOINT


@pytest.mark.parametrize(
    "signed",
    [
        b"",
        b"\xff\n\n",
        b"dispatch-bus/x\n1\n",
        sign(CHECKPOINT, KEY)[:-1],
        sign(CHECKPOINT, KEY) + b"nonsense\n",
        sign(CHECKPOINT, KEY).replace("— ".encode(), b"-- "),
        sign(CHECKPOINT, KEY).replace("— ".encode(), "— x !!! ".encode()),
    ],
    ids=lambda signed: repr(signed[-16:]),
)
def test_a_note_that_is_not_whole_is_refused(signed: bytes) -> None:
    """Bytes that are no signed note are refused as such."""
    with pytest.raises(Refused, match="signed note"):
        verify(signed, KEY.public_key())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dispatch-bus/benelux", "example.com/log"),
        ("1733", "01733"),
        ("1733", "-1"),
        ("1733", "9" * 18),
        ("epoch 2", "epoch two"),
        ("epoch 2\n", ""),
        ("time 2026", "time 20x6"),
        (".000000Z", "Z"),
        (".000000Z", ".000000"),
        (".000000Z", ".000000Z\nmore 1"),
        (base64.b64encode(CHECKPOINT.root).decode(), "AAAA"),
        (base64.b64encode(CHECKPOINT.root).decode(), "!!!!"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(old: str, new: str) -> None:
    """A text of ours that has not the one form of a checkpoint is refused despite its signature."""
    with pytest.raises(Refused):
        verify(note(text_of(sign(CHECKPOINT, KEY)).replace(old, new)), KEY.public_key())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origin", "dispatch-bus/"),
        ("origin", "other/x"),
        ("origin", "dispatch-bus/a\nb"),
        ("origin", "dispatch-bus/a b"),
        ("size", -1),
        ("epoch", -1),
        ("root", b"short"),
        ("at", datetime(2026, 3, 1)),  # noqa: DTZ001
    ],
)
def test_a_field_that_does_not_fit_is_refused(field: str, value: Any) -> None:
    """A checkpoint that could be read as another one cannot be made."""
    with pytest.raises(Refused) as refused:
        evolve(CHECKPOINT, **{field: value})
    assert refused.value.field == field
