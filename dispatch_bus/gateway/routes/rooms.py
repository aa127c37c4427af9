"""Rooms."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch_bus.application import rooms as asked
from dispatch_bus.gateway.asking import TheBus
from dispatch_bus.gateway.models.rooms import Rooms

router = APIRouter(tags=["rooms"])


@router.get("/rooms", summary="Every room and how it is doing")
def list_rooms(bus: TheBus) -> Rooms:
    """Return every room: whether it is read, whether it answers, and what it still lacks."""
    return Rooms.model_validate(asked.rooms(bus))
