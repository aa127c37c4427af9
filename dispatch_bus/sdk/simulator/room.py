"""A simulated room: plays its scenario, gives out records, takes messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dispatch_bus.domain.json import JSON, to_json
from dispatch_bus.domain.message import Act
from dispatch_bus.sdk.simulator import case_records, people, returned
from dispatch_bus.sdk.simulator.atlas import Atlas
from dispatch_bus.sdk.simulator.chance import chance
from dispatch_bus.sdk.simulator.ledger import Due, Ledger, Outgoing
from dispatch_bus.sdk.simulator.malformed import flawed
from dispatch_bus.sdk.simulator.plan import Plan, gap_s, plan
from dispatch_bus.sdk.simulator.spec import Spec
from dispatch_bus.sdk.simulator.telling import Telling, read

_REPEATED_AFTER_S = (1.0, 10.0)
_NOTED_EVERY_S = 1.0


class Room:
    """One control room with its cases and people. All times come from the caller.

    ``elapsed_s`` is the second of the scenario, which stands still while the room does not run.
    """

    def __init__(self, spec: Spec, atlas: Atlas, ledger: Ledger) -> None:
        self._spec = spec
        self._atlas = atlas
        self._ledger = ledger
        self._noted_s = ledger.elapsed_s()
        self._centres = frozenset(centre.id for centre in spec.centres)
        self._plays: dict[str, Callable[[Due, datetime], None]] = {
            "arrival": self._arrive,
            "case": self._tell_case,
            "repeat": lambda due, _: self._ledger.send_again(due.payload["seq"]),
            "answer": self._answer,
            "returned": self._tell_returned,
        }
        if ledger.agenda_is_new():
            with ledger.transaction():
                ledger.plan(gap_s(spec, 1), "arrival", {"n": 1})

    def play(self, elapsed_s: float, now: datetime) -> int:
        """Do everything that is due by this second; return how many things that was."""
        stop_s = self._spec.stop_after_s
        until = elapsed_s if stop_s is None else min(elapsed_s, stop_s)
        if not self._ledger.is_due(until) and elapsed_s - self._noted_s < _NOTED_EVERY_S:
            return 0
        played = 0
        with self._ledger.transaction():
            while due := self._ledger.next_due(until):
                self._plays[due.kind](due, now)
                played += 1
            self._ledger.note_elapsed(elapsed_s)
        self._noted_s = elapsed_s
        return played

    def page(self, after: int, limit: int, now: datetime) -> JSON:
        """Return the records after a place in the stream, as ``GET /records`` does."""
        rows = self._ledger.records_after(after, limit)
        last = rows[-1][0] if rows else after
        if rows:
            with self._ledger.transaction():
                self._ledger.note_pulled(after, last, now)
        return {"cursor": str(last), "records": [{"id": row[1], "body": row[2]} for row in rows]}

    def confirm(self, cursor: int, now: datetime) -> None:
        """Note that everything up to ``cursor`` is stored by the bus."""
        with self._ledger.transaction():
            self._ledger.confirm(cursor, now)

    def take(self, message: Mapping[str, Any], elapsed_s: float, now: datetime) -> JSON:
        """Take a message and return its receipt, the same one however often it comes.

        Raises:
            Refused: the message is not one, or not for this room.
        """
        telling = read(message, self._centres)
        with self._ledger.transaction():
            received = self._ledger.received_before(telling.id)
            if received is None:
                self._apply(telling, dict(message), elapsed_s, now)
        return {"reference": telling.id, "received": (received or now).isoformat()}

    def _apply(self, telling: Telling, message: JSON, elapsed_s: float, now: datetime) -> None:
        news, first = self._ledger.is_news(telling), self._ledger.is_first(telling)
        self._ledger.keep(telling, message, now, applied=news)
        if not news:
            return
        notice = str(telling.notice)
        if telling.act in people.ENDING:
            self._ledger.forget_intents(notice)
        if first:
            for intent in people.intents(self._spec, telling):
                payload = {"notice": notice, **to_json(intent)}
                self._ledger.plan(elapsed_s + intent.delay_s, "answer", payload, notice)
        if first and telling.act is Act.TRANSFERRED and self._ledger.accepted_as(notice):
            self._ledger.plan(elapsed_s, "returned", {"step": 0, "message": message})

    def _arrive(self, due: Due, now: datetime) -> None:
        n = due.payload["n"]
        self._ledger.plan(due.due_s + gap_s(self._spec, n + 1), "arrival", {"n": n + 1})
        case = plan(self._spec, self._atlas, n)
        for step, after_s in enumerate((0.0, *case.steps)):
            payload = {"n": n, "step": step, "opened": now.isoformat()}
            self._ledger.plan(due.due_s + after_s, "case", payload)

    def _tell_case(self, due: Due, now: datetime) -> None:
        n, step = due.payload["n"], due.payload["step"]
        case = plan(self._spec, self._atlas, n)
        opened = datetime.fromisoformat(due.payload["opened"])
        body = case_records.record(self._spec, case, step, opened, now)
        seq = self._ledger.send(
            Outgoing(
                id=f"c{n}-{step}",
                kind="case",
                body=_text(case, body),
                available=now,
                number=case.number,
                revision=body.get("revision"),
                flaw=case.flaw,
            )
        )
        self._perhaps_repeat(seq, due, f"{n}-{step}")

    def _perhaps_repeat(self, seq: int, due: Due, about: str) -> None:
        draw = chance(self._spec, about, "repeat")
        if draw.random() < self._spec.behaviour.repeated_share:
            due_s = due.due_s + draw.uniform(*_REPEATED_AFTER_S)
            self._ledger.plan(due_s, "repeat", {"seq": seq})

    def _answer(self, due: Due, now: datetime) -> None:
        told = {name: value for name, value in due.payload.items() if name != "delay_s"}
        name = f"a-{told['notice']}-{told['kind']}"
        answer = {"id": name, **told, "at": now.isoformat()}
        self._ledger.note_answer(answer)
        body = json.dumps({"type": "answer", **answer})
        self._ledger.send(Outgoing(id=name, kind="answer", body=body, available=now))

    def _tell_returned(self, due: Due, now: datetime) -> None:
        message, step = due.payload["message"], due.payload["step"]
        number = str(self._ledger.accepted_as(message["notice"]))
        opened = due.payload.get("opened", now.isoformat())
        body = returned.record(self._spec, message, number, step, opened, now)
        self._ledger.send(
            Outgoing(
                id=f"h-{message['notice']}-{step}",
                kind="case",
                body=json.dumps(body),
                available=now,
                number=number,
                revision=body["revision"],
            )
        )
        if step < returned.LAST_STEP:
            due_s = due.due_s + returned.pause_s(self._spec, message)
            payload = {"step": step + 1, "message": message, "opened": opened}
            self._ledger.plan(due_s, "returned", payload)


def _text(case: Plan, body: JSON) -> str:
    return flawed(body, case.flaw) if case.flaw else json.dumps(body, ensure_ascii=False)
