"""The composition root: from a configuration folder to a wired bus."""

from __future__ import annotations

import os
import random
import re
import socket
from collections.abc import Sequence
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import borderzones
from borderzones import Look, Zones
from dispatch_bus.application.bus import Bus, Limits
from dispatch_bus.domain.errors import NotNow
from dispatch_bus.domain.geography import Answer, AreaHit, CountryHit, Locality, SpecialHit, ZoneHit
from dispatch_bus.domain.place import Position
from dispatch_bus.editions import LiveGeography, load_zones
from dispatch_bus.sdk.discovery import GROUP
from dispatch_bus.settings import Bus as BusSettings
from dispatch_bus.settings import (
    GeographyFacts,
    Settings,
    check,
    defaults_folder,
    load,
    refuse_mistakes,
)
from dispatch_bus.settings.models.bus import Tls
from dispatch_bus.store import address, schema
from dispatch_bus.store.embedded import find_running
from dispatch_bus.store.engine import CONNECTIONS, connect
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.outside import Outside
from dispatch_bus.store.unit import Store

_NOT_A_PLACE = float("nan")
# Whoever held one is replaced so many seconds after it was last heard of.
_LEASE_S = 4.0
# A process that dies soon after each start takes no room over from one that lives.
_SHARE_AFTER_S = 20.0


class NotRunning(NotNow):
    """The embedded database does not run."""

    def __init__(self) -> None:
        super().__init__("The embedded database does not run.", "Start the bus: dispatch-bus up.")


class BorderGeography:
    """Answers the domain's questions from built border zones."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    @property
    def version(self) -> str:
        """The version of the zones."""
        return self._zones.version

    def locate(self, positions: Sequence[Position | None]) -> list[Locality]:
        """Answer each position in order; one that is missing is not a place."""
        if not positions:
            return []
        looks = self._zones.look(
            [one.lon if one else _NOT_A_PLACE for one in positions],
            [one.lat if one else _NOT_A_PLACE for one in positions],
            [one.radius_m if one else 0.0 for one in positions],
        )
        return [self._locality(look) for look in looks]

    def renew(self) -> None:
        """Do nothing: these zones are of one edition."""

    def _locality(self, look: Look) -> Locality:
        return Locality(
            answer=Answer(look.answer),
            version=self.version,
            reason=look.reason,
            countries=tuple(CountryHit(hit.country, hit.certain) for hit in look.countries),
            centre_countries=look.centre_countries,
            areas=tuple(
                AreaHit(hit.region_id, hit.country, hit.distance_m) for hit in look.regions
            ),
            zones=tuple(
                ZoneHit(hit.zone_id, hit.side, hit.certain, hit.border_m) for hit in look.zones
            ),
            special=tuple(map(self._special, look.special)),
        )

    def _special(self, zone: str) -> SpecialHit:
        disciplines = self._zones.special_disciplines.get(zone, frozenset())
        return SpecialHit(zone, self._zones.special[zone], disciplines)


def load_checked(folder: Path | None) -> tuple[Settings, Zones]:
    """Load a configuration folder (default: the shipped one) and refuse one with mistakes.

    Raises:
        Stop: naming every mistake with its remedy.
    """
    folder = folder or defaults_folder()
    zones = load_zones(folder)
    refuse_unfit(folder, zones)
    return load(folder), zones


def refuse_unfit(folder: Path, zones: Zones) -> None:
    """Let zones pass that fit a configuration folder.

    Raises:
        Stop: naming every mistake with its remedy.
    """
    refuse_mistakes(folder, check(folder, geography_facts(zones), adapter_names()))


def adapter_names() -> list[str]:
    """Return the names of the installed adapters."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def geography_facts(zones: Zones) -> GeographyFacts:
    """Return what the configuration's checks have to know of the zones."""
    reach: dict[str, set[str]] = {zone.zone_id: set() for zone in zones.definitions}
    for piece in zones.pieces.column("piece_id"):
        zone, _, area = piece.split("/")
        reach[zone].add(area)
    return GeographyFacts(
        areas=dict(zip(zones.region_ids, zones.region_countries, strict=True)),
        zones={zone.zone_id: zone.pair for zone in zones.definitions},
        reach={zone: frozenset(areas) for zone, areas in reach.items()},
        special=zones.special,
        label=zones.label,
        depths={
            zone.zone_id: dict(zip(zone.pair, zone.depths_m, strict=True))
            for zone in zones.definitions
        },
    )


def places_folder() -> Path:
    """Return the folder with the real places that come with the zones' sources."""
    return Path(borderzones.__file__).with_name("data")


def data_folder(settings: BusSettings) -> Path:
    """Return the folder that the bus keeps its files in."""
    return Path(settings.data.folder).resolve()


def database_url(settings: BusSettings) -> str:
    """Return the URL of the configured database, or of the embedded one that runs; it is a secret.

    Raises:
        NotRunning: the embedded database does not run.
        Stop: a file that the configuration names cannot be read.
    """
    if settings.store.url:
        store = settings.store
        tls = tls_files(settings, store.tls)
        known = address.password(data_folder(settings), store.password_file)
        return address.complete(store.url, known, address.Tls(**tls) if tls else None)
    running = find_running(data_folder(settings) / "postgres")
    if running is None:
        raise NotRunning
    return running.url


def tls_files(settings: BusSettings, tls: Tls) -> dict[str, str]:
    """Return the paths of the files for TLS by their keys; none where it is not used.

    Raises:
        Stop: one of them cannot be read.
    """
    return address.files(data_folder(settings), tls.model_dump()) if tls.ca_file else {}


def certificate_files(settings: BusSettings) -> list[Path]:
    """Return the files with the certificates that database and broker are reached with."""
    names = [
        name
        for tls in (settings.store.tls, settings.broker.tls)
        for name in (tls.ca_file, tls.certificate_file)
    ]
    return sorted({data_folder(settings) / name for name in names if name})


def make_keys(settings: BusSettings) -> None:
    """Make the keys of a new bus; those that are there stay.

    A database that holds anything was written with keys: if they are lost, none are made anew.

    Raises:
        Stop: the database has another schema, or the folder cannot be used or lacks a key that
            data was written with.
    """
    folder, url = data_folder(settings) / "keys", database_url(settings)
    schema.check(url)
    if schema.is_new(url):
        folder.parent.mkdir(parents=True, exist_ok=True)
        KeyRing.create(folder)
    else:
        KeyRing(folder)


def open_bus(settings: Settings, zones: Zones, actor: str, *, services: int = 1) -> Bus:
    """Wire the application over the database of ``settings``, for so many services.

    Raises:
        Stop: the database has another schema, or the keys are not usable.
    """
    schema.check(database_url(settings.bus))
    return wire(settings, zones, actor, services=services)


def wire(settings: Settings, zones: Zones, actor: str, *, services: int = 1) -> Bus:
    """Wire the application over the database of ``settings``, whatever it holds.

    Raises:
        Stop: the embedded database does not run, or the keys are not usable.
    """
    keys = KeyRing(data_folder(settings.bus) / "keys")
    engine = connect(database_url(settings.bus), most=CONNECTIONS * services)
    return Bus(
        store=Store(engine, keys, actor),
        outside=Outside(data_folder(settings.bus) / "outside"),
        book=settings.book,
        geography=LiveGeography(
            settings.folder, zones, BorderGeography, partial(refuse_unfit, settings.folder)
        ),
        limits=_limits(settings.bus),
        new_id=uuid4,
        jitter=random.random,
        holder=_holder(settings.bus, actor),
        origin=f"dispatch-bus/{_log_name(settings.bus)}",
    )


def _holder(settings: BusSettings, actor: str) -> str:
    """Name this process on its leases.

    The embedded bus has one process of each kind, so the next one may go on with its leases
    at once; elsewhere they have to run out. Containers may share host name and process number.
    """
    if not settings.store.url:
        return actor
    return f"{actor}@{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def _log_name(settings: BusSettings) -> str:
    """Name the journal in its checkpoints: by its database, the same in each process."""
    database = urlsplit(settings.store.url).path[1:]
    return re.sub(r"[^A-Za-z0-9._-]", "_", database) or "embedded"


def _limits(settings: BusSettings) -> Limits:
    intake, delivery = settings.intake, settings.delivery
    return Limits(
        page=intake.page_limit,
        pull_wait_s=intake.wait_s,
        pull_deadline_s=intake.deadline_s,
        backlog=intake.backlog_limit,
        # Every incident of a batch stays locked until it ends, and deliveries wait for that.
        decide_batch=100,
        deliver_deadline_s=delivery.deadline_s,
        retry_first_s=delivery.retry_first_s,
        retry_most_s=delivery.retry_longest_s,
        overdue_s=delivery.overdue_s,
        leave_hold_s=settings.mirror.leave_hold_s,
        seal_batch=1_000,
        checkpoint_every=10_000,
        checkpoint_rest_s=5.0,
        lease_s=_LEASE_S,
        share_after_s=_SHARE_AFTER_S,
        personal_days=settings.retention.personal_days,
    )
