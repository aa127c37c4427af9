"""``dispatch-bus broker``: what RabbitMQ has to hold for the bus and its partners."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import typer
from rich.console import Console
from rich.table import Table

from dispatch_bus.bootstrap import data_folder, load_checked
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.cli.safe import safe
from dispatch_bus.domain.errors import Stop
from dispatch_bus.messaging.admin import passwords
from dispatch_bus.messaging.admin.api import Login, Management
from dispatch_bus.messaging.admin.comparing import Difference, differences, set_up, strays
from dispatch_bus.messaging.admin.items import Item
from dispatch_bus.messaging.admin.plan import Account, Plan
from dispatch_bus.sdk.mailbox import ADAPTER, Mailbox
from dispatch_bus.settings import Settings

commands = typer.Typer(help="Declare and check what the broker holds.", no_args_is_help=True)
Password = Callable[[Path], str]


@commands.command(name="setup")
def set_up_broker(configuration: ConfigOption = None) -> None:
    """Declare virtual hosts, users, permissions, policies and queues; what fits is left alone."""
    settings, _ = load_checked(configuration)
    with _management(settings) as broker:
        plan = _plan(settings, broker, passwords.make)
        done = set_up(plan, broker)
        left = differences(plan, broker)
    console = Console()
    _show_done(console, done, len(plan.items()))
    _show_left(console, left)


@commands.command(name="check")
def check_broker(configuration: ConfigOption = None) -> None:
    """Find every difference from what the bus needs; the status is 1 if there is one."""
    settings, _ = load_checked(configuration)
    planned, left = compare(settings)
    console = Console()
    if not left:
        console.print(f"[green]The broker holds all {planned} things as planned.[/]")
    _show_left(console, left)


def compare(settings: Settings) -> tuple[int, list[Difference]]:
    """Return how many things the broker has to hold, every difference, and what is stray.

    Raises:
        Stop: no broker or no management interface is configured, or it cannot be used.
        Retry: it cannot be reached.
    """
    with _management(settings) as broker:
        plan = _plan(settings, broker, passwords.read)
        return len(plan.items()), [*differences(plan, broker), *strays(plan, broker)]


@contextmanager
def _management(settings: Settings) -> Iterator[Management]:
    broker = settings.bus.broker
    if not broker.url or not broker.management_url:
        what = "No broker, or no management interface of it, is configured."
        raise Stop(what, "Set broker.url and broker.management_url in bus.toml.")
    with closing(Management(_login(settings))) as management:
        yield management


def _login(settings: Settings) -> Login:
    broker, data = settings.bus.broker, data_folder(settings.bus)
    file = broker.management_password_file
    encrypted = broker.management_url.startswith("https") and broker.tls.ca_file
    files = {
        name: str(data / path) if path and encrypted else ""
        for name, path in broker.tls.model_dump().items()
    }
    return Login(
        url=broker.management_url,
        user=broker.management_user,
        password=passwords.read(data / file) if file else "",
        **files,
    )


def _plan(settings: Settings, broker: Management, password: Password) -> Plan:
    node = urlsplit(settings.bus.broker.nodes[0])
    partners = settings.bus.partners
    return Plan(
        vhost=unquote(node.path[1:]),
        bus=Account(name=unquote(node.username or ""), password=_own_password(settings, password)),
        partners_vhost=partners.vhost,
        rooms=tuple(_accounts(settings, password)),
        inbox_messages=partners.inbox_messages,
        inbox_bytes=partners.inbox_bytes,
        expiry_s=partners.expiry_s,
        version=broker.version(),
    )


def _own_password(settings: Settings, password: Password) -> str:
    broker = settings.bus.broker
    if broker.password_file:
        return password(data_folder(settings.bus) / broker.password_file)
    given = urlsplit(broker.nodes[0]).password
    if not given and not broker.tls.certificate_file:
        what = "The bus's user on the broker has neither a password nor a certificate."
        raise Stop(what, "Name a file in broker.password_file, such as broker/bus.password.")
    return unquote(given or "")


def _accounts(settings: Settings, password: Password) -> Iterator[tuple[str, Account]]:
    for room in settings.rooms:
        if room.adapter == ADAPTER:
            user = Mailbox(room.settings.id).user
            file = data_folder(settings.bus) / "partners" / f"{user}.password"
            yield room.settings.id, Account(name=user, password=password(file))


def _show_done(console: Console, done: Sequence[tuple[Item, str]], of: int) -> None:
    table = Table("", "Kind", "Virtual host", "Name")
    for item, what in done:
        table.add_row(what, item.kind, safe(item.vhost), safe(item.name))
    if done:
        console.print(table)
    console.print(f"{len(done)} of {of} made or changed; the rest was as planned.")


def _show_left(console: Console, left: Sequence[Difference]) -> None:
    for one in left:
        where = f"{one.kind} [bold]{safe(one.name)}[/]" + (
            f" in {safe(one.vhost)}" * bool(one.vhost)
        )
        console.print(f"[red]{where}[/]: {safe(one.what)}\n  [red]→[/] {safe(one.remedy)}")
    if left:
        raise typer.Exit(1)
