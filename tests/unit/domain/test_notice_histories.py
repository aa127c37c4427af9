"""Whatever happens to a part in whatever order, it keeps exactly one owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from making.values import NOON, answer
from making.values import handoff as new_handoff
from making.values import mirror as new_mirror

from dispatch_bus.domain import handoff, mirror
from dispatch_bus.domain.errors import NotAllowed
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.notice import AnswerKind, Notice, NoticeState, RefusalCause, Step

RECEIVERS = ("BE-1", "BE-2", "DE-1")
ENDED = {NoticeState.WITHDRAWN, NoticeState.REFUSED, NoticeState.EXPIRED, NoticeState.CLOSED}
# The order in which a notice may pass its states; a late acceptance goes back once.
RANK = {
    NoticeState.PROPOSED: 0,
    NoticeState.OPENED: 0,
    NoticeState.OFFERED: 1,
    NoticeState.DELIVERED: 2,
    NoticeState.SHOWN: 3,
    NoticeState.ACKNOWLEDGED: 4,
    NoticeState.ACCEPTED: 4,
    NoticeState.TRANSFERRED: 5,
    **dict.fromkeys(ENDED, 6),
}


class PartHistory(RuleBasedStateMachine):
    """One part with any number of handoffs and mirrors, acted on in any order."""

    notices = Bundle("notices")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.known: dict[UUID, Notice] = {}
        self.owner = "NL-1"
        self.moves: list[tuple[str, str]] = []

    @rule(target=notices, receiver=st.sampled_from(RECEIVERS))
    def propose(self, receiver: str) -> UUID:
        """A handoff of the part is proposed to its present owner."""
        return self._add(new_handoff(owner=self.owner, receiver=receiver))

    @rule(target=notices, receiver=st.sampled_from(RECEIVERS))
    def open(self, receiver: str) -> UUID:
        """A mirror is opened."""
        return self._add(new_mirror(owner=self.owner, receiver=receiver))

    @rule(name=notices, kind=st.sampled_from(AnswerKind), cause=st.sampled_from(RefusalCause))
    def answered(self, name: UUID, kind: AnswerKind, cause: RefusalCause) -> None:
        """Somebody says anything to it."""
        given = answer(kind, name, at=self.now, cause=cause)
        if self._is_mirror(name):
            self._try(name, mirror.answered, given)
        else:
            unplaced = self._unplaced(self.known[name])
            more = {"answer_s": 60, "unplaced": unplaced, "holder": self._holder()}
            self._try(name, handoff.answered, given, **more)

    @rule(name=notices)
    def delivered(self, name: UUID) -> None:
        """A machine at the receiver has taken it."""
        self._try(name, (mirror if self._is_mirror(name) else handoff).delivered, self.now)

    @rule(name=notices, revision=st.integers(1, 5))
    def updated(self, name: UUID, revision: int) -> None:
        """The incident has another revision, or an older one comes late."""
        self._try(name, (mirror if self._is_mirror(name) else handoff).updated, revision)

    @rule(name=notices)
    def expired(self, name: UUID) -> None:
        """Its time is up."""
        if not self._is_mirror(name):
            self._try(name, handoff.expired, self.now)

    @rule(name=notices)
    def heard(self, name: UUID) -> None:
        """The owner's room has taken a message about it."""
        if not self._is_mirror(name):
            self._try(name, handoff.heard, self.now)

    @rule(name=notices)
    def seen(self, name: UUID) -> None:
        """A person at the owner says that it is on the screen."""
        if not self._is_mirror(name):
            self._try(name, handoff.seen, self.now, "desk-1")

    @rule(name=consumes(notices))
    def closed(self, name: UUID) -> None:
        """Its incident ends."""
        self._try(name, (mirror if self._is_mirror(name) else handoff).closed, self.now, "ended")

    @invariant()
    def one_owner(self) -> None:
        """Each move starts where the one before it ended, and the last one ends at the owner."""
        line = ["NL-1", *(to for _, to in self.moves)]
        assert [start for start, _ in self.moves] == line[:-1]
        assert line[-1] == self.owner

    @invariant()
    def one_promise(self) -> None:
        """At most one handoff is accepted and has yet to move the part."""
        accepted = [n for n in self.known.values() if n.state is NoticeState.ACCEPTED]
        assert len(accepted) <= 1

    @invariant()
    def closed_means_ended(self) -> None:
        """A notice has an end exactly when its state is an end, and then no deadline."""
        for one in self.known.values():
            assert (one.closed_at is not None) == (one.state in ENDED)
            assert one.deadline is None or one.is_open

    def _add(self, notice: Notice) -> UUID:
        self.known[notice.id] = notice
        return notice.id

    def _is_mirror(self, name: UUID) -> bool:
        return self.known[name].kind == "mirror"

    def _unplaced(self, notice: Notice) -> bool:
        offered = handoff.PENDING | {NoticeState.ACCEPTED}
        others = [n for n in self.known.values() if n.id != notice.id and n.state in offered]
        return self.owner == notice.owner and not others

    def _holder(self) -> str:
        accepted = (n.receiver for n in self.known.values() if n.state is NoticeState.ACCEPTED)
        return next(accepted, self.owner)

    def _try(self, name: UUID, transition: Any, *arguments: Any, **more: Any) -> None:
        before = self.known[name]
        try:
            step: Step = transition(before, *arguments, **more)
        except NotAllowed:
            return
        self._check(before, step)
        self.known[name] = step.notice
        for happening in step.happened:
            self._note(happening)

    def _check(self, before: Notice, step: Step) -> None:
        after = step.notice
        if after.state is not before.state:
            late = (before.state, after.state) == (NoticeState.EXPIRED, NoticeState.ACCEPTED)
            assert late or RANK[before.state] < RANK[after.state]
        told = attrs.evolve(after, leaving_since=before.leaving_since) != before
        assert told == bool(step.happened), "each change has an entry, and each entry a change"
        assert not step.tell or step.happened

    def _note(self, happening: Happening) -> None:
        if happening.kind is EntryKind.PART_MOVED:
            self.moves.append((happening.facts["from"], happening.facts["to"]))
            self.owner = happening.facts["to"]
        self.now += timedelta(seconds=1)


PartHistory.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestPartHistory = PartHistory.TestCase
