"""The part of ``dispatch-bus journal`` that others hold the bus to: verify, checkpoint, prove."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.console import Console

from dispatch_bus.application import evidence
from dispatch_bus.application.restoring import mark_restored
from dispatch_bus.application.sealing import verify_journal
from dispatch_bus.bootstrap import database_url, load_checked, open_bus
from dispatch_bus.cli.embedded import database
from dispatch_bus.cli.options import ConfigOption, KeptOption
from dispatch_bus.cli.restored import show, show_verified
from dispatch_bus.journal import checkpoint, proof
from dispatch_bus.store.migrating import migrate

commands = typer.Typer()

OutOption = Annotated[
    Path | None, typer.Option("--out", dir_okay=False, help="File (default: standard output).")
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", exists=True, dir_okay=False, help="A public key that somebody kept."),
]


@commands.command()
def verify(
    configuration: ConfigOption = None, kept: KeptOption = None, key: KeyOption = None
) -> None:
    """Check every entry, the tree over them and each signed checkpoint; status 1 if one fails."""
    bus = open_bus(*load_checked(configuration), "cli")
    console = Console()
    with console.status("Reading the whole journal …"):
        report = verify_journal(bus, _bytes(kept), _key(key))
    show_verified(report, console)
    if not report.ok:
        raise typer.Exit(1)


@commands.command(name="checkpoint")
def newest(configuration: ConfigOption = None, out: OutOption = None) -> None:
    """Print the newest signed checkpoint, for a neighbour to keep."""
    _write(evidence.newest_checkpoint(open_bus(*load_checked(configuration), "cli")), out)


@commands.command(name="key")
def public(configuration: ConfigOption = None, out: OutOption = None) -> None:
    """Print the public key that checkpoints are verified with, for a neighbour to keep."""
    line = evidence.public_key(open_bus(*load_checked(configuration), "cli"))
    _write(f"{line}\n".encode(), out)


@commands.command()
def prove(
    number: int,
    configuration: ConfigOption = None,
    kept: KeptOption = None,
    out: OutOption = None,
) -> None:
    """Print an entry with the proof that the newest checkpoint covers it."""
    bus = open_bus(*load_checked(configuration), "cli")
    _write(evidence.prove_entry(bus, number, _bytes(kept)).dump(), out)


@commands.command(name="verify-proof")
def verify_proof(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    key: Annotated[Path, typer.Option("--key", exists=True, dir_okay=False, help="Public key.")],
    kept: KeptOption = None,
) -> None:
    """Check a proof, without a bus; with a kept checkpoint also that the journal only grew."""
    public = checkpoint.read_verifier_key(key.read_text("utf-8", "replace"))
    before = checkpoint.verify(kept.read_bytes(), public) if kept else None
    proven = proof.Proof.load(file.read_bytes())
    end = proof.verify(proven, public, before)
    since = f", which has only grown since it had {before.size}" if before else ""
    Console().print(
        f"[green]Entry {proven.number} is in the journal of {end.size} entries[/]"
        f" of {end.origin}, signed at {end.at:%Y-%m-%d %H:%M:%S} UTC{since}.",
        highlight=False,
    )


@commands.command()
def restored(configuration: ConfigOption = None, kept: KeptOption = None) -> None:
    """Note that a database was restored by other means; run it before the bus starts."""
    settings, zones = load_checked(configuration)
    with database(settings.bus, alone=True):
        if not settings.bus.store.url:
            migrate(database_url(settings.bus))
        bus = open_bus(settings, zones, "cli")
        # Who has the embedded database to themselves may take the lease that the last sealer left.
        bus = bus if settings.bus.store.url else evolve(bus, holder="bus")
        show(mark_restored(bus, _bytes(kept)), Console())


def _bytes(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None


def _key(path: Path | None) -> Ed25519PublicKey | None:
    return checkpoint.read_verifier_key(path.read_text("utf-8", "replace")) if path else None


def _write(content: bytes, out: Path | None) -> None:
    if out:
        out.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)
