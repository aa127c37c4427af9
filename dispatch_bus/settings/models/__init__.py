"""The shape of each configuration file, as pydantic models that refuse unknown keys."""

from __future__ import annotations

from dispatch_bus.settings.models.agreements import AgreementEntry, AgreementsFile
from dispatch_bus.settings.models.bus import Bus
from dispatch_bus.settings.models.centres import CentreEntry, CentresFile, DeskEntry
from dispatch_bus.settings.models.codes import CodeEntry, CodesFile
from dispatch_bus.settings.models.responsibility import DutyEntry, ResponsibilityFile
from dispatch_bus.settings.models.rooms import RoomEntry, RoomsFile
from dispatch_bus.settings.models.zones import ZoneEntry, ZonesFile

__all__ = [
    "AgreementEntry",
    "AgreementsFile",
    "Bus",
    "CentreEntry",
    "CentresFile",
    "CodeEntry",
    "CodesFile",
    "DeskEntry",
    "DutyEntry",
    "ResponsibilityFile",
    "RoomEntry",
    "RoomsFile",
    "ZoneEntry",
    "ZonesFile",
]
