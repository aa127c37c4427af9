"""The closed vocabularies of the bus."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Discipline(StrEnum):
    """The service a part of an incident belongs to."""

    POLICE = "police"
    FIRE = "fire"
    AMBULANCE = "ambulance"
    MARITIME = "maritime"


class Mode(StrEnum):
    """Whether this is real. It is set once and never changes."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"


class Category(StrEnum):
    """The bus's own coarse nature of an incident; the sender's code stands beside it."""

    TRAFFIC = "traffic"
    FIRE = "fire"
    MEDICAL = "medical"
    CRIME = "crime"
    PUBLIC_ORDER = "public_order"
    RESCUE = "rescue"
    HAZARDOUS_MATERIAL = "hazardous_material"
    WATER = "water"
    RAIL = "rail"
    WEATHER = "weather"
    OTHER = "other"
    UNMAPPED = "unmapped"


class Priority(IntEnum):
    """How urgent, 1 first. Each code list says how a national scale maps onto it."""

    LIFE_AT_RISK = 1
    URGENT = 2
    SOON = 3
    PLANNED = 4


class CaseStatus(StrEnum):
    """Whether the room still works on its case."""

    OPEN = "open"
    CLOSED = "closed"


class PositionSource(StrEnum):
    """How a position became known, which says how far it can be trusted."""

    DEVICE = "device"
    NETWORK_CELL = "network_cell"
    ECALL = "ecall"
    ADDRESS = "address"
    CALLER = "caller"
    DISPATCHER = "dispatcher"
    UNKNOWN = "unknown"
