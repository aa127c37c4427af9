"""Values that tests about rooms share."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from dispatch_bus.domain.codes import Category, Discipline, Mode, Priority
from dispatch_bus.domain.message import Act, Content, Message
from dispatch_bus.domain.notice import NoticeKind, Side
from dispatch_bus.domain.place import Place, Position
from dispatch_bus.domain.report import Classification, PartReport, Report, Times

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLASSIFICATION = Classification(
    category=Category.FIRE,
    priority=Priority.LIFE_AT_RISK,
    code="B2",
    label="Brand in woning",
    scheme="NL",
)
REPORT = Report(
    number="2026-1",
    parts=(PartReport(discipline=Discipline.FIRE, centre="NL-MK-LIM"),),
    classification=CLASSIFICATION,
    times=Times(available=NOON, case_created=NOON),
    place=Place(position=Position(lon=5.7, lat=50.85, radius_m=20)),
)


def message(name: str = "m-1", sequence: int = 1, **changes: object) -> Message:
    """Make a message that offers a fire in Maastricht to a Belgian centre."""
    fields: dict[str, object] = {
        "id": name,
        "notice": UUID(int=1),
        "act": Act.OFFER,
        "side": Side.RECEIVER,
        "sequence": sequence,
        "kind": NoticeKind.HANDOFF,
        "to": "BE-112-LIM",
        "owner": "NL-MK-LIM",
        "receiver": "BE-112-LIM",
        "discipline": Discipline.FIRE,
        "mode": Mode.ACTUAL,
        "incident": UUID(int=2),
        "revision": 3,
        "case": "2026-1",
        "rule": "in_their_territory",
        "agreement": "NL-BE-fire",
        "cause": None,
        "deadline": NOON,
        "content": Content(place=REPORT.place, classification=CLASSIFICATION),
    }
    return Message(**{**fields, **changes})  # type: ignore[arg-type]
