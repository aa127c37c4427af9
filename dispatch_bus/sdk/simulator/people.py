"""The room's people: what they do, and how long they take, about a message on their screen."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from attrs import frozen

from dispatch_bus.domain.message import Act
from dispatch_bus.domain.notice import AnswerKind, RefusalCause
from dispatch_bus.sdk.simulator.chance import chance, within
from dispatch_bus.sdk.simulator.spec import Spec
from dispatch_bus.sdk.simulator.telling import Telling

# These end what a person was about to do.
ENDING = frozenset(
    {Act.ACCEPTED, Act.TRANSFERRED, Act.REFUSED, Act.WITHDRAWN, Act.EXPIRED, Act.CLOSED}
)


@frozen(kw_only=True)
class Intent:
    """What a person will answer after ``delay_s`` seconds, unless the notice ends before."""

    delay_s: float
    kind: AnswerKind
    by: str
    cause: RefusalCause | None = None
    case_number: str | None = None


def intents(spec: Spec, message: Telling) -> Iterator[Intent]:
    """Yield what people will do about the first telling of ``message``'s act."""
    draw = chance(spec, message.notice, message.act)
    by = f"{message.to}, desk {draw.randint(1, 6)}"
    if message.act is Act.MIRROR:
        yield from _of_a_mirror(spec, by, draw)
    elif message.act is Act.OFFER:
        yield from _of_an_offer(spec, message, by, draw)
    elif message.act is Act.PROPOSAL:
        yield from _of_a_proposal(spec, by, draw)


def _of_a_mirror(spec: Spec, by: str, draw: Random) -> Iterator[Intent]:
    behaviour = spec.behaviour
    shown_s = within(behaviour.shown_s, draw)
    yield Intent(delay_s=shown_s, kind=AnswerKind.SHOWN, by=by)
    if draw.random() < behaviour.acknowledge_share:
        delay_s = shown_s + within(behaviour.acknowledge_s, draw)
        yield Intent(delay_s=delay_s, kind=AnswerKind.ACKNOWLEDGE, by=by)


def _of_an_offer(spec: Spec, message: Telling, by: str, draw: Random) -> Iterator[Intent]:
    behaviour = spec.behaviour
    shown_s = within(behaviour.shown_s, draw)
    yield Intent(delay_s=shown_s, kind=AnswerKind.SHOWN, by=by)
    delay_s = shown_s + within(behaviour.answer_s, draw)
    mood = draw.random()
    if mood < behaviour.accept_share:
        number = f"{spec.room}-H{message.notice.hex[:10]}"
        yield Intent(delay_s=delay_s, kind=AnswerKind.ACCEPT, by=by, case_number=number)
    elif mood < behaviour.accept_share + behaviour.refuse_share:
        causes = (RefusalCause.ALREADY_KNOWN, RefusalCause.NO_CAPACITY, RefusalCause.OTHER)
        yield Intent(delay_s=delay_s, kind=AnswerKind.REFUSE, by=by, cause=draw.choice(causes))


def _of_a_proposal(spec: Spec, by: str, draw: Random) -> Iterator[Intent]:
    behaviour = spec.behaviour
    delay_s = within(behaviour.offer_s, draw)
    mood = draw.random()
    if mood < behaviour.offer_share:
        yield Intent(delay_s=delay_s, kind=AnswerKind.OFFER, by=by)
    elif mood < behaviour.offer_share + behaviour.withdraw_share:
        yield Intent(delay_s=delay_s, kind=AnswerKind.WITHDRAW, by=by)
