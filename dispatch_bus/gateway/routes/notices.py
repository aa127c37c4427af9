"""Mirrors, handoffs, the queue, and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from attrs import evolve
from fastapi import APIRouter, Depends, Header, Query

from dispatch_bus.application import answering, board
from dispatch_bus.application import queue as queues
from dispatch_bus.application.bus import Bus
from dispatch_bus.domain import notice
from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.notice import NoticeKind, NoticeState
from dispatch_bus.gateway import cursors
from dispatch_bus.gateway.asking import Before, Limit, TheBus
from dispatch_bus.gateway.models.base import List, Text
from dispatch_bus.gateway.models.notices import Answer, Notice, Queue
from dispatch_bus.gateway.routes.incidents import Show
from dispatch_bus.store.notices import NoticeFilter
from dispatch_bus.store.paging import Mark

router = APIRouter(tags=["notices"])
Key = Annotated[
    Text,
    Header(
        alias="Idempotency-Key",
        description="The answer's own key: sent again with it, the same answer counts once.",
    ),
]


def _filter(
    bus: TheBus,
    centre: Annotated[
        str | None, Query(description="A centre at either end, by its id.", examples=["BE-112-LIM"])
    ] = None,
    state: Annotated[NoticeState | None, Query(description="Where it stands.")] = None,
    discipline: Annotated[Discipline | None, Query(description="The part's discipline.")] = None,
    mode: Annotated[Mode | None, Query(description="Whether it is real.")] = None,
    show: Show = "all",
) -> NoticeFilter:
    return NoticeFilter(
        centre=bus.book.centre(centre).id if centre is not None else None,
        state=state,
        discipline=discipline,
        mode=mode,
        open_only=show == "open",
    )


Wanted = Annotated[NoticeFilter, Depends(_filter)]


@router.get("/mirrors", summary="The mirrors opened last")
def list_mirrors(bus: TheBus, wanted: Wanted, before: Before, limit: Limit = 100) -> List[Notice]:
    """Return mirrors, the one opened last first. Each filter narrows the list."""
    return _page(bus, evolve(wanted, kind=NoticeKind.MIRROR), before, limit)


@router.get("/handoffs", summary="The handoffs opened last")
def list_handoffs(bus: TheBus, wanted: Wanted, before: Before, limit: Limit = 100) -> List[Notice]:
    """Return handoffs, the one opened last first. Each filter narrows the list."""
    return _page(bus, evolve(wanted, kind=NoticeKind.HANDOFF), before, limit)


@router.get("/handoffs/queue", summary="What a supervisor watches")
def show_queue(bus: TheBus, limit: Limit = 200) -> Queue:
    """Return the handoffs that wait for somebody, oldest first, and rooms that do not answer.

    Ages and answer times are by the database's clock. What is NOT DELIVERED says whom to call.
    """
    return Queue.model_validate(queues.queue(bus, limit))


@router.post("/notices/{id}/answer", summary="Answer a mirror or a handoff")
def answer(
    bus: TheBus,
    id: UUID,  # noqa: A002 - the name is the API's
    key: Key,
    said: Answer,
) -> Notice:
    """Take a person's answer, for one centre, and return the notice after it.

    Of two racing answers the first wins; the other is told who has the part (409). After a 503
    send the same answer again with the same key: it counts once.
    """
    centre = bus.book.centre(said.centre).id
    return Notice.model_validate(answering.answer(bus, _answer(bus, id, key, said), [centre]))


def _answer(bus: Bus, id_: UUID, key: str, said: Answer) -> notice.Answer:
    return notice.Answer(
        # A key is its sender's own: it must not meet the answer of a room, or to another notice.
        id=f"api/{id_}/{said.centre}/{said.kind.value}/{key}",
        notice=id_,
        kind=said.kind,
        by=said.by,
        at=said.at or datetime.now(UTC),
        by_phone=said.by_phone,
        cause=said.cause,
        case_number=said.case_number,
        centre=bus.book.centre(said.right_centre).id if said.right_centre else None,
    )


def _page(bus: Bus, wanted: NoticeFilter, before: Mark | None, limit: int) -> List[Notice]:
    page = board.notices(bus, wanted, before, limit)
    return List[Notice](
        at=page.at,
        items=tuple(Notice.model_validate(one) for one in page.items),
        next=cursors.write(page.next) if page.next else None,
    )
