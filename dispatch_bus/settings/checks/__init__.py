"""Checks over the configuration as a whole: each a small function that yields findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dispatch_bus.settings.checks import (
    agreements,
    bus,
    centres,
    codes,
    confirmation,
    duties,
    holes,
    rooms,
    servers,
    zones,
)
from dispatch_bus.settings.finding import Finding

Check = Callable[..., Iterator[Finding]]

# Each check with the materials it needs, in the order of its parameters.
CHECKS: tuple[tuple[Check, tuple[str, ...]], ...] = (
    (bus.durations_fit, ("bus",)),
    (bus.listeners_apart, ("bus",)),
    (bus.rooms_apart_from_bus, ("bus", "rooms")),
    (servers.store_has_scheme, ("bus",)),
    (servers.store_has_one_password, ("bus",)),
    (servers.broker_nodes_whole, ("bus",)),
    (servers.broker_has_one_password, ("bus",)),
    (servers.management_whole, ("bus",)),
    (servers.tls_whole, ("bus",)),
    (servers.tls_fits_broker, ("bus",)),
    (servers.partners_apart, ("bus",)),
    (rooms.each_once, ("rooms",)),
    (rooms.adapters_known, ("rooms", "adapters")),
    (rooms.code_lists_known, ("rooms", "codes")),
    (rooms.systems_known, ("rooms",)),
    (rooms.addresses_whole, ("rooms",)),
    (rooms.addresses_once, ("rooms",)),
    (rooms.tokens_secret, ("rooms",)),
    (rooms.timeouts_fit, ("rooms", "bus")),
    (rooms.mailboxes_have_broker, ("rooms", "bus")),
    (rooms.options_taken, ("rooms", "codes", "bus", "adapters", "start")),
    (codes.each_once, ("codes",)),
    (zones.each_once, ("zones",)),
    (zones.as_built, ("zones", "facts")),
    (centres.each_once, ("centres",)),
    (centres.rooms_known, ("centres", "rooms")),
    (centres.desks_fit, ("centres",)),
    (centres.catchments_known, ("centres", "facts")),
    (duties.one_decision, ("responsibility",)),
    (duties.decided_once, ("responsibility",)),
    (duties.areas_known, ("responsibility", "facts")),
    (duties.centres_fit, ("responsibility", "centres")),
    (duties.catchments_cover, ("responsibility", "centres")),
    (duties.backups_fit, ("responsibility", "centres")),
    (holes.all_decided, ("responsibility", "centres", "facts")),
    (holes.unserved_in_reach, ("responsibility", "agreements", "facts")),
    (agreements.each_once, ("agreements",)),
    (agreements.zones_known, ("agreements", "zones")),
    (agreements.zones_in_force, ("agreements", "zones", "facts")),
    (agreements.personal_fields_founded, ("agreements",)),
    (agreements.hours_span, ("agreements",)),
    (agreements.no_location_fits, ("agreements", "centres")),
    (agreements.both_sides_entitled, ("agreements", "responsibility", "facts")),
    (confirmation.centres_confirmed, ("centres",)),
    (confirmation.agreements_confirmed, ("agreements",)),
)


def run(materials: Mapping[str, Any]) -> Iterator[Finding]:
    """Run each check whose materials are all there, and yield what they find."""
    for check, needs in CHECKS:
        if all(name in materials for name in needs):
            yield from check(*(materials[name] for name in needs))
