"""``dispatch-bus backup`` and ``restore``: all that the database holds, as one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from dispatch_bus.application import backup as taking
from dispatch_bus.application.sealing import verify_journal
from dispatch_bus.bootstrap import data_folder, load_checked, open_bus, wire
from dispatch_bus.cli import restored
from dispatch_bus.cli.embedded import database
from dispatch_bus.cli.options import ConfigOption, KeptOption
from dispatch_bus.store.archive import Manifest, Reader
from dispatch_bus.store.archive import Progress as Copied

commands = typer.Typer()


@commands.command()
def backup(
    target: Annotated[Path, typer.Argument(help="File to write; it must not be there.")],
    configuration: ConfigOption = None,
) -> None:
    """Write all that the database holds to a file, while the bus works; the keys are not in it."""
    settings, zones = load_checked(configuration)
    console = Console()
    with database(settings.bus):
        bus = open_bus(settings, zones, "cli")
        with closing(bus.store), _bar(console, bus.store.size()) as copied:
            manifest = taking.back_up(bus, target, copied)
    console.print(f"{target}: {_told(manifest)}", highlight=False, soft_wrap=True)
    keys = data_folder(settings.bus) / "keys"
    console.print(f"Without {keys} it cannot be restored: back that up elsewhere.", soft_wrap=True)


@commands.command()
def restore(
    source: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The backup.")],
    configuration: ConfigOption = None,
    kept: KeptOption = None,
) -> None:
    """Fill an empty database from a backup, and report what was confirmed since; not while it runs.

    Status 1 if the journal that comes out of it is not whole.
    """
    settings, zones = load_checked(configuration)
    console = Console()
    with closing(Reader(source)) as reader, database(settings.bus, alone=True):
        console.print(f"{source}: {_told(reader.manifest)}", highlight=False, soft_wrap=True)
        bus = wire(settings, zones, "cli")
        with closing(bus.store):
            with _bar(console, reader.manifest.size) as copied:
                found = taking.restore(bus, reader, copied, kept.read_bytes() if kept else None)
            restored.show(found, console)
            with console.status("Verifying the journal …"):
                report = verify_journal(bus)
    restored.show_verified(report, console)
    if not report.ok:
        raise typer.Exit(1)


def _told(manifest: Manifest) -> str:
    return (
        f"{manifest.entries} journal entries, epoch {manifest.epoch}, schema {manifest.schema}, "
        f"taken {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    )


@contextmanager
def _bar(console: Console, size: int) -> Iterator[Copied]:
    columns = (
        TextColumn("{task.description:<18}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=size)

        def copied(table: str, size: int) -> None:
            progress.update(task, description=table, advance=size)

        yield copied
