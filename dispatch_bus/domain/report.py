"""What a room says about one of its cases, in the bus's own terms."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen
from attrs.validators import deep_iterable, optional

from dispatch_bus.domain.checks import LONG, aware, between, characters, to_utc
from dispatch_bus.domain.codes import CaseStatus, Category, Discipline, Mode, Priority
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.place import Address, Place


@frozen(kw_only=True)
class Classification:
    """The sender's own code and label, and what they mean on the bus."""

    category: Category
    priority: Priority
    code: str = field(validator=characters(60))
    label: str = field(validator=characters())
    scheme: str = field(validator=characters(60))


@frozen(kw_only=True)
class Unit:
    """A vehicle or crew that a room has sent or is about to send."""

    call_sign: str = field(validator=characters(60))
    kind: str = field(validator=characters(60))
    status: str = field(validator=characters(60))


@frozen(kw_only=True)
class Note:
    """One piece of narrative with its language (BCP 47) and time."""

    text: str = field(validator=characters(LONG))
    language: str = field(validator=characters(35))
    at: datetime = field(converter=to_utc, validator=aware)


@frozen(kw_only=True)
class Person:
    """A person in the case. Personal data."""

    role: str = field(validator=characters(60))
    name: str | None = field(default=None, validator=optional(characters()))
    phone: str | None = field(default=None, validator=optional(characters(40)))
    remark: str | None = field(default=None, validator=optional(characters(2_000)))


@frozen(kw_only=True)
class Vehicle:
    """A vehicle in the case. Personal data: its plate names a keeper."""

    plate: str | None = field(default=None, validator=optional(characters(20)))
    country: str | None = field(default=None, validator=optional(characters(3)))
    description: str | None = field(default=None, validator=optional(characters()))


@frozen(kw_only=True)
class Voice:
    """What the telephone is doing: is the caller still there, was the call passed on."""

    caller_on_line: bool = False
    transferred: bool = False


@frozen(kw_only=True)
class Times:
    """The times a room's own clock has put on its case, kept apart."""

    available: datetime = field(converter=to_utc, validator=aware)
    case_created: datetime = field(converter=to_utc, validator=aware)
    event: datetime | None = field(default=None, converter=to_utc, validator=optional(aware))
    call_answered: datetime | None = field(
        default=None, converter=to_utc, validator=optional(aware)
    )


@frozen(kw_only=True)
class PartReport:
    """Which centre of the room works on the case for one discipline."""

    discipline: Discipline
    centre: str = field(validator=characters(60))


@frozen(kw_only=True)
class Personal:
    """Everything in a report that can point at a person; stored as ciphertext only."""

    notes: tuple[Note, ...] = ()
    people: tuple[Person, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    address: Address | None = None
    call_back: str | None = field(default=None, validator=optional(characters(40)))


@frozen(kw_only=True)
class Report:
    """One revision of one case, as its room tells it.

    ``revision`` is the room's own count and may be missing: then a change is known by its
    content. ``returns`` is the incident's id on the bus, where the room says that its case is a
    copy of what the bus sent there.
    """

    number: str = field(validator=characters(100))
    parts: tuple[PartReport, ...] = field()
    classification: Classification
    times: Times
    place: Place = Place()
    status: CaseStatus = CaseStatus.OPEN
    mode: Mode = Mode.ACTUAL
    revision: int | None = field(default=None, validator=optional(between(0, 2**31 - 1, "")))
    hazards: tuple[str, ...] = field(default=(), validator=deep_iterable(characters()))
    units: tuple[Unit, ...] = ()
    voice: Voice = Voice()
    returns: str | None = field(default=None, validator=optional(characters(60)))
    personal: Personal = Personal()

    @parts.validator
    def _one_part_each(self, _: object, value: tuple[PartReport, ...]) -> None:
        names = [part.discipline for part in value]
        if not names:
            raise Refused("parts", value, "Name at least one discipline with its centre.")
        if len(set(names)) != len(names):
            raise Refused("parts", names, "Name each discipline once: a part has one owner.")
