"""A simulated room plays its scenario, remembers everything, and applies a message once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import attrs
import pytest
from rooms.samples import CLASSIFICATION, REPORT, message
from rooms.simulated import AT_ONCE, all_sites, settings, spec

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON
from dispatch_bus.domain.message import Act, Content
from dispatch_bus.domain.notice import Answer, AnswerKind, NoticeKind, RefusalCause, Side
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.plain import messages, records
from dispatch_bus.sdk.simulator.atlas import atlas
from dispatch_bus.sdk.simulator.ledger import Ledger
from dispatch_bus.sdk.simulator.log import RoomLog
from dispatch_bus.sdk.simulator.room import Room
from dispatch_bus.sdk.simulator.spec import Spec

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUIET = 1e-9


class Played:
    """A room whose time the test turns."""

    def __init__(self, told: Spec) -> None:
        self.spec = told
        self.seconds = 0.0
        self._open()

    def _open(self) -> None:
        self._ledger = Ledger(Path(self.spec.folder))
        self.room = Room(self.spec, atlas(all_sites(), self.spec.country), self._ledger)

    def open_again(self) -> None:
        self.close()
        self._open()
        self.seconds = self._ledger.elapsed_s()

    def close(self) -> None:
        self._ledger.close()

    def play(self, seconds: float) -> None:
        self.seconds += seconds
        self.room.play(self.seconds, NOON + timedelta(seconds=self.seconds))

    def take(self, **changes: object) -> JSON:
        told = message(**{"to": f"{self.spec.room}-ALL", **changes})  # type: ignore[arg-type]
        return self.take_raw(messages.write(told, settings(self.spec)))

    def take_raw(self, told: JSON) -> JSON:
        return self.room.take(told, self.seconds, NOON + timedelta(seconds=self.seconds))

    def bodies(self) -> list[str]:
        page = self.room.page(0, 100_000, NOON)
        return [each["body"] for each in page["records"]]

    def understood(self) -> list[Report | Answer]:
        return [records.read(each.encode(), settings(self.spec)) for each in self.bodies()]

    def answers(self) -> list[Answer]:
        return [each for each in self.understood() if isinstance(each, Answer)]

    @property
    def log(self) -> RoomLog:
        return RoomLog(Path(self.spec.folder))


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Played]:
    """A room without cases of its own, whose people do at once what they are asked."""
    played = Played(spec(tmp_path, rate_per_s=QUIET, behaviour=AT_ONCE))
    yield played
    played.close()


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Played]:
    """A room with twenty cases a second."""
    played = Played(spec(tmp_path))
    yield played
    played.close()


def _with_people(tmp_path: Path, **changes: float) -> Played:
    behaviour = attrs.evolve(AT_ONCE, **changes)
    return Played(spec(tmp_path, rate_per_s=QUIET, behaviour=behaviour))


def test_cases_become_records_as_time_passes(busy: Played) -> None:
    """About twenty cases begin each second, and each gets its further records later."""
    busy.play(10)
    openings = [each for each in busy.log.sent() if each.id.endswith("-0")]
    assert 140 <= len({each.id for each in openings}) <= 260
    assert any(each.id.endswith("-1") for each in busy.log.sent())


def test_a_restarted_room_tells_the_same_as_one_that_ran_on(tmp_path: Path) -> None:
    """Opening the folder again changes nothing in what is sent, and no case is told twice."""
    ran_on, restarted = Played(spec(tmp_path / "a")), Played(spec(tmp_path / "b"))
    for _ in range(8):
        ran_on.play(1)
        restarted.play(1)
        restarted.open_again()
    assert restarted.bodies() == ran_on.bodies()
    assert [each.id for each in restarted.log.sent()] == [each.id for each in ran_on.log.sent()]
    ran_on.close()
    restarted.close()


def test_no_record_comes_after_the_stop(tmp_path: Path) -> None:
    """The scenario ends at its second; messages are still taken."""
    played = Played(spec(tmp_path, stop_after_s=2.0, behaviour=AT_ONCE))
    played.play(2)
    before = len(played.log.sent())
    played.play(60)
    assert played.take()["reference"] == "m-1"
    played.play(60)
    assert len(played.log.sent()) == before > 0
    played.close()


def test_some_records_come_again_under_their_id(busy: Played) -> None:
    """A repeated record has the id and the body of the first."""
    busy.play(60)
    page = busy.room.page(0, 100_000, NOON)["records"]
    bodies = {(each["id"], each["body"]) for each in page}
    assert len({each["id"] for each in page}) == len(bodies) < len(page)


def test_pages_go_on_after_their_cursor(busy: Played) -> None:
    """Two pages in a row hold each record once, in order."""
    busy.play(2)
    first = busy.room.page(0, 5, NOON)
    second = busy.room.page(int(first["cursor"]), 5, NOON)
    both = busy.room.page(0, 10, NOON)
    assert first["records"] + second["records"] == both["records"]


def test_what_was_pulled_and_confirmed_is_in_the_log(busy: Played) -> None:
    """The log tells when a record was first fetched, and whether it was confirmed."""
    busy.play(2)
    busy.room.page(0, 5, NOON)
    busy.room.page(0, 6, NOON + timedelta(hours=1))
    busy.room.confirm(4, NOON)
    busy.room.confirm(2, NOON)
    sent = busy.log.sent()
    assert [each.first_pulled for each in sent[:7]] == [
        *[NOON] * 5,
        NOON + timedelta(hours=1),
        None,
    ]
    assert [each.confirmed for each in sent[:6]] == [True] * 4 + [False] * 2


def test_the_same_message_gets_the_same_receipt_and_is_applied_once(quiet: Played) -> None:
    """A repeated delivery changes nothing but the count."""
    first = quiet.take()
    quiet.play(5)
    assert quiet.take() == first
    (received,) = quiet.log.received()
    assert (received.times_received, received.times_applied) == (2, 1)
    quiet.play(5)
    assert len(quiet.answers()) == 2


def test_old_news_is_taken_and_dropped(quiet: Played) -> None:
    """A lower sequence than the room has gets its receipt and has no effect."""
    quiet.take(name="m-2", sequence=2, act=Act.WITHDRAWN)
    assert quiet.take(name="m-1", sequence=1)["reference"] == "m-1"
    quiet.play(5)
    assert [each.times_applied for each in quiet.log.received()] == [1, 0]
    assert quiet.answers() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("to", "BE-ALL"), ("act", "shout"), ("sequence", "one"), ("notice", "n-1"), ("id", "")],
)
def test_a_message_that_is_wrong_is_refused_by_its_field(
    quiet: Played, field: str, value: object
) -> None:
    """The refusal names the field, and nothing is kept."""
    told = messages.write(message(to="NL-ALL"), settings(quiet.spec))
    with pytest.raises(Refused) as refusal:
        quiet.take_raw({**told, field: value})
    assert refusal.value.field == field
    assert quiet.log.received() == []


def test_a_message_without_a_field_is_refused(quiet: Played) -> None:
    """What is missing is named."""
    told = messages.write(message(to="NL-ALL"), settings(quiet.spec))
    del told["notice"]
    with pytest.raises(Refused, match="notice"):
        quiet.take_raw(told)


def test_a_mirror_is_shown_and_acknowledged_once(quiet: Played) -> None:
    """Its updates make no further answers."""
    mirror = {"act": Act.MIRROR, "kind": NoticeKind.MIRROR}
    quiet.take(name="m-1", sequence=1, **mirror)
    quiet.take(name="m-2", sequence=2, **mirror)
    quiet.play(5)
    assert [each.kind for each in quiet.answers()] == [AnswerKind.SHOWN, AnswerKind.ACKNOWLEDGE]


def test_an_offer_is_shown_and_accepted_with_a_case_number(quiet: Played) -> None:
    """The acceptance carries the room's own case number."""
    quiet.take()
    quiet.play(5)
    shown, accepted = quiet.answers()
    assert (shown.kind, accepted.kind) == (AnswerKind.SHOWN, AnswerKind.ACCEPT)
    assert accepted.case_number
    assert accepted.notice == UUID(int=1)
    assert [each.case_number for each in quiet.log.answers()] == [None, accepted.case_number]


def test_an_offer_can_be_refused_with_a_cause(tmp_path: Path) -> None:
    """People who refuse say why."""
    played = _with_people(tmp_path, accept_share=0, refuse_share=1)
    played.take()
    played.play(5)
    _, refused = played.answers()
    assert refused.kind is AnswerKind.REFUSE
    assert refused.cause in RefusalCause
    played.close()


def test_an_offer_can_stay_without_answer(tmp_path: Path) -> None:
    """Some people look and never answer."""
    played = _with_people(tmp_path, accept_share=0, refuse_share=0)
    played.take()
    played.play(3600)
    assert [each.kind for each in played.answers()] == [AnswerKind.SHOWN]
    played.close()


@pytest.mark.parametrize(("offer_share", "kind"), [(1, AnswerKind.OFFER), (0, AnswerKind.WITHDRAW)])
def test_a_proposal_is_offered_or_withdrawn(
    tmp_path: Path, offer_share: float, kind: AnswerKind
) -> None:
    """The owner's dispatcher decides what becomes of a proposal."""
    played = _with_people(tmp_path, offer_share=offer_share, withdraw_share=1)
    played.take(act=Act.PROPOSAL, side=Side.OWNER)
    played.play(5)
    assert [each.kind for each in played.answers()] == [kind]
    played.close()


def test_who_is_told_that_it_ended_answers_no_more(tmp_path: Path) -> None:
    """A withdrawn offer is forgotten by the people who were about to accept it."""
    played = _with_people(tmp_path)
    slow = attrs.evolve(AT_ONCE, answer_s=(10, 10))
    played.spec = attrs.evolve(played.spec, behaviour=slow)
    played.open_again()
    played.take(name="m-1", sequence=1)
    played.play(5)
    played.take(name="m-2", sequence=2, act=Act.WITHDRAWN)
    played.play(60)
    assert [each.kind for each in played.answers()] == [AnswerKind.SHOWN]
    played.close()


def test_pending_answers_survive_a_restart(tmp_path: Path) -> None:
    """What people were about to do is done after the room has come back."""
    played = Played(
        spec(tmp_path, rate_per_s=QUIET, behaviour=attrs.evolve(AT_ONCE, answer_s=(10, 10)))
    )
    played.take()
    played.play(5)
    played.open_again()
    played.play(6)
    assert [each.kind for each in played.answers()] == [AnswerKind.SHOWN, AnswerKind.ACCEPT]
    played.close()


def test_a_part_that_was_taken_over_becomes_a_case_of_its_own(quiet: Played) -> None:
    """It has the number of the acceptance, says whose copy it is, and is closed in the end."""
    content = Content(place=REPORT.place, classification=CLASSIFICATION, hazards=("UN 1203",))
    quiet.take(name="m-1", sequence=1, content=content)
    quiet.play(5)
    quiet.take(name="m-2", sequence=2, act=Act.TRANSFERRED, content=content)
    quiet.play(3600)
    quiet.play(3600)
    cases = [each for each in quiet.understood() if isinstance(each, Report)]
    assert {each.number for each in cases} == {quiet.answers()[1].case_number}
    assert {each.returns for each in cases} == {str(UUID(int=2))}
    assert [each.status for each in cases] == ["open", "open", "closed"]
    assert cases[0].parts[0].centre == "NL-ALL"
    assert cases[0].hazards == ("UN 1203",)
    assert cases[0].classification.code == "X-fire"
    position = cases[0].place.position
    assert position is not None
    assert (position.lon, position.lat) == pytest.approx((5.7, 50.85), abs=1e-6)


def test_a_transfer_that_nobody_accepted_opens_no_case(quiet: Played) -> None:
    """Only the room that accepted has the case."""
    quiet.take(name="m-2", sequence=2, act=Act.TRANSFERRED)
    quiet.play(3600)
    assert quiet.bodies() == []


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    """An audit of nothing says so."""
    with pytest.raises(Refused, match="folder"):
        RoomLog(tmp_path)
