"""``dispatch-bus migrate``: make the database fit for this version of the bus."""

from __future__ import annotations

from dispatch_bus.bootstrap import database_url, load_checked, make_keys
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.store import migrating


def migrate(configuration: ConfigOption = None) -> None:
    """Bring the database's schema up to date; a new one's bus gets its keys."""
    settings, _ = load_checked(configuration)
    migrating.migrate(database_url(settings.bus))
    make_keys(settings.bus)
