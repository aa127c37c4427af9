"""Checks of ``rooms.toml``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping

from dispatch_bus.domain.errors import DispatchBusError, Refused
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.coordinates import to_wgs84
from dispatch_bus.sdk.mailbox import ADAPTER
from dispatch_bus.settings.checks.addresses import is_local, room_address, split
from dispatch_bus.settings.checks.identity import repeated, unknown
from dispatch_bus.settings.finding import Finding, Level
from dispatch_bus.settings.models import Bus, CodesFile, RoomEntry, RoomsFile
from dispatch_bus.settings.room import room_of
from dispatch_bus.settings.veil import veiled

# Starts the adapter of that name with these settings, and ends it.
Start = Callable[[RoomSettings, str], None]
FILE = "rooms.toml"
# What the shipped example says, so everybody knows it.
EXAMPLE_TOKEN = "simulated"  # noqa: S105


def each_once(rooms: RoomsFile) -> Iterator[Finding]:
    """Find two rooms with one id."""
    yield from repeated(FILE, "room.id", (room.id for room in rooms.room))


def adapters_known(rooms: RoomsFile, adapters: Collection[str]) -> Iterator[Finding]:
    """Find rooms whose adapter is not installed."""
    for room in rooms.room:
        if room.adapter not in adapters:
            key = f"room.{room.id}.adapter"
            yield unknown(FILE, key, room.adapter, adapters, "the installed adapters")


def code_lists_known(rooms: RoomsFile, codes: Mapping[str, CodesFile]) -> Iterator[Finding]:
    """Find rooms whose code list has no file."""
    for room in rooms.room:
        if room.codes not in codes:
            yield unknown(FILE, f"room.{room.id}.codes", room.codes, codes, "codes/")


def systems_known(rooms: RoomsFile) -> Iterator[Finding]:
    """Find reference systems that the bus cannot convert."""
    for room in rooms.room:
        try:
            to_wgs84([], [], room.epsg)
        except Refused as refusal:
            yield Finding(FILE, f"room.{room.id}.epsg", room.epsg, refusal.remedy)


def addresses_whole(rooms: RoomsFile) -> Iterator[Finding]:
    """Find addresses that lack their scheme or host."""
    for room in rooms.room:
        if "url" in room.options and split(room.options["url"]) is None:
            remedy = 'Write a whole address, such as "http://127.0.0.1:8431".'
            yield Finding(
                FILE, f"room.{room.id}.options.url", veiled("url", room.options["url"]), remedy
            )


def addresses_once(rooms: RoomsFile) -> Iterator[Finding]:
    """Find two rooms behind one address: each case would come in twice."""
    users = defaultdict(list)
    for room in rooms.room:
        if url := room.options.get("url"):
            users[str(url).rstrip("/")].append(room.id)
    for url, (first, *others) in users.items():
        for other in others:
            remedy = f"Room {first} has this address: use another, or make them one room."
            yield Finding(FILE, f"room.{other}.options.url", veiled("url", url), remedy)


def tokens_secret(rooms: RoomsFile) -> Iterator[Finding]:
    """Warn of a token that everybody knows, for a room on another machine."""
    for room in rooms.room:
        host, _ = room_address(room)
        if room.options.get("token") == EXAMPLE_TOKEN and host and not is_local(host):
            remedy = f"Get a secret token from {host}: this one is the shipped example."
            key = f"room.{room.id}.options.token"
            yield Finding(FILE, key, EXAMPLE_TOKEN, remedy, Level.WARNING)


def timeouts_fit(rooms: RoomsFile, bus: Bus) -> Iterator[Finding]:
    """Warn of a room that may take so long that its adapter is ended before it gives up itself."""
    deadline_s = bus.delivery.deadline_s
    for room in rooms.room:
        timeout_s = room.options.get("timeout_s")
        if isinstance(timeout_s, int | float) and timeout_s >= deadline_s:
            remedy = (
                f"Make it shorter than delivery.deadline_s ({deadline_s:g}): with an adapter that"
                " is ended, all messages in flight to the room have failed."
            )
            key = f"room.{room.id}.options.timeout_s"
            yield Finding(FILE, key, timeout_s, remedy, Level.WARNING)


def mailboxes_have_broker(rooms: RoomsFile, bus: Bus) -> Iterator[Finding]:
    """Find rooms whose mailbox would be on a broker in memory."""
    for room in rooms.room:
        if room.adapter == ADAPTER and not bus.broker.url:
            remedy = "Set broker.url in bus.toml: that is where a mailbox is."
            yield Finding(FILE, f"room.{room.id}.adapter", room.adapter, remedy)


def options_taken(
    rooms: RoomsFile,
    codes: Mapping[str, CodesFile],
    bus: Bus,
    adapters: Collection[str],
    start: Start,
) -> Iterator[Finding]:
    """Find options that a room's adapter refuses, and adapters that do not start with them."""
    for room in rooms.room:
        has_way = room.adapter != ADAPTER or bus.broker.url
        if room.adapter in adapters and room.codes in codes and has_way:
            try:
                start(room_of(room, codes, bus).settings, room.adapter)
            except Refused as refusal:
                yield _option(room, refusal)
            except DispatchBusError as error:
                yield Finding(FILE, f"room.{room.id}.adapter", room.adapter, str(error))


def _option(room: RoomEntry, refusal: Refused) -> Finding:
    place = f"room.{room.id}.options."
    name = refusal.field.removeprefix(place)
    # What the operator wrote, and not what the adapter says of it: that may hold a secret.
    value = veiled(f"{place}{name}", room.options[name]) if name in room.options else None
    return Finding(FILE, f"{place}{name}", value, refusal.remedy)
