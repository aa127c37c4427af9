"""Quarantine."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from dispatch_bus.application import board, quarantining
from dispatch_bus.gateway import cursors
from dispatch_bus.gateway.asking import Before, Limit, TheBus
from dispatch_bus.gateway.models.base import List
from dispatch_bus.gateway.models.quarantine import Dismissal, Quarantined, Replay
from dispatch_bus.store.quarantine import QuarantineState

router = APIRouter(tags=["quarantine"])


@router.get("/quarantine", summary="The records that came into quarantine last")
def list_quarantine(
    bus: TheBus,
    before: Before,
    state: Annotated[QuarantineState | None, Query(description="Where it stands.")] = None,
    limit: Limit = 100,
) -> List[Quarantined]:
    """Return quarantined records, the one received last first, without their bytes."""
    page = board.quarantined(bus, state, before, limit)
    return List[Quarantined](
        at=page.at,
        items=tuple(Quarantined.model_validate(one) for one in page.items),
        next=cursors.write(page.next) if page.next else None,
    )


@router.post("/quarantine/{id}/replay", status_code=202, summary="Read a record again")
def replay(
    bus: TheBus,
    id: UUID,  # noqa: A002 - the name is the API's
    asked: Replay,
) -> Quarantined:
    """Ask for a record to be read again, mended or as it came; the bus does so within a second.

    Ask again for its state: it is `replayed`, or `waiting` with the reason why it failed again.
    """
    quarantining.ask_replay(bus, id, asked.mended, asked.by)
    return Quarantined.model_validate(board.kept(bus, id))


@router.post("/quarantine/{id}/dismiss", summary="Settle a record without a replay")
def dismiss(
    bus: TheBus,
    id: UUID,  # noqa: A002 - the name is the API's
    asked: Dismissal,
) -> Quarantined:
    """Settle a record that needs no replay; its bytes are kept until their retention ends."""
    quarantining.dismiss(bus, id, asked.by)
    return Quarantined.model_validate(board.kept(bus, id))
