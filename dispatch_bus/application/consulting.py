"""Opens an incident's personal fields to a person, and journals that it did.

Directive (EU) 2016/680, article 25: for a consultation the reason, the date and time and, as far
as possible, the person who looked are logged.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.telling import about_incident
from dispatch_bus.domain.errors import Stop
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.report import Personal
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.keys import Erased, Lost
from dispatch_bus.store.unit import UnitOfWork

_SESSION_DIGITS = 16


class Reason(StrEnum):
    """Why a person opens the details. A code, for the journal keeps no prose."""

    DISPATCH = "dispatch"
    ANSWER = "answer"
    CALL_BACK = "call_back"
    SUPERVISION = "supervision"
    AUDIT = "audit"
    DATA_SUBJECT_REQUEST = "data_subject_request"


@frozen(kw_only=True)
class Consultation:
    """Who looks and why. ``by`` is an account, never a person's name."""

    by: str
    reason: Reason
    session: str


@frozen(kw_only=True)
class Details:
    """The personal fields of one revision; ``erased`` when their retention has ended."""

    incident: UUID
    revision: int
    erased: bool
    personal: Personal


def consult(bus: Bus, incident: UUID, consultation: Consultation) -> Details:
    """Return an incident's personal fields, journalled once per person, revision and session.

    Raises:
        Unknown: the id is no incident's.
        Refused: it is a stub, of which the bus keeps nothing personal.
        Stop: the key of its day is lost.
    """
    with bus.store.begin() as uow:
        filed = _lock(uow, incident)
        details = Details(
            incident=incident,
            revision=filed.revision,
            erased=_is_erased(uow, filed),
            personal=filed.incident.report.personal,
        )
        _journal_once(bus, uow, filed, consultation)
        return details


def _lock(uow: UnitOfWork, incident: UUID) -> Filed:
    try:
        return uow.incidents.lock(incident, personal=True)
    except Lost as lost:
        # Whoever asks can mend nothing: it is an operator who has to act.
        raise Stop("The key of this incident's personal fields is lost.", lost.remedy) from lost


def _is_erased(uow: UnitOfWork, filed: Filed) -> bool:
    try:
        uow.incidents.open_key(filed.key)
    except Erased:
        return True
    return False


def _journal_once(bus: Bus, uow: UnitOfWork, filed: Filed, consultation: Consultation) -> None:
    # The session's own name may be a secret that signs its owner in: the journal gets a mark.
    mark = bus.store.keys.content_hash(consultation.session.encode()).hex()[:_SESSION_DIGITS]
    who = {"by": consultation.by, "revision": filed.revision, "session": mark}
    known = uow.journal.told(filed.id, EntryKind.CONSULTED)
    if any(who.items() <= entry.facts.items() for entry in known):
        return
    happening = Happening(EntryKind.CONSULTED, {**who, "reason": consultation.reason.value})
    uow.journal.append(uow.now, about_incident(filed), happening)
