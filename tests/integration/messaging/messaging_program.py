"""A program that runs small services over a broker and prints what they did.

Argument: the name of a scenario below, and whatever that takes. The variable BROKER may hold a
JSON object: the nodes of a RabbitMQ, a password, and files for TLS; else it is one in memory.
Nothing of it can run in the process of the tests, for it makes the standard library cooperative.
It prints JSON objects, one a line.
"""

# Cooperative sockets and locks have to be in place before anything makes one.
import dispatch_bus.services.patched  # isort: skip  # noqa: F401

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import eventlet
import eventlet.tpool
from eventlet.event import Event
from nameko.runners import ServiceRunner
from prometheus_client import REGISTRY

from dispatch_bus.application.foreign import Foreign
from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.messaging import topology
from dispatch_bus.messaging.publisher import Publisher
from dispatch_bus.messaging.topology import WAKE, Broker, Tls
from dispatch_bus.messaging.wakeups import body
from dispatch_bus.messaging.work import work
from dispatch_bus.observability import logs
from dispatch_bus.services.running import serve
from dispatch_bus.store.signals import Wakeup

HOUR = 3600.0
PATIENCE_S = 60.0
MORE_THAN_THE_PREFETCH = 150
# A broker that hears nothing for twice the heartbeat ends the connection, up to a second later.
REST_S = 5.0

calls: Counter[str] = Counter()
# What a call of a lane does beside being counted; a scenario writes it down as "call".
acts: dict[str, Callable[[str], int]] = {}
told: dict[str, Any] = json.loads(os.environ.get("BROKER", "{}"))
broker = Broker(
    nodes=told.get("nodes", ()),
    password=told.get("password", ""),
    tls=Tls(**told["tls"]) if "tls" in told else None,
)
kept: list[Foreign] = []


def keep(foreign: Sequence[Foreign]) -> None:
    """Take note of messages that are no wake-ups, unless the scenario has the store be away."""
    if "keep" in acts:
        acts["keep"]("")
    kept.extend(foreign)


def perform(lane: str) -> int:
    """Count the call, and do what the scenario has one do."""
    calls[lane] += 1
    return acts["call"](lane) if "call" in acts else 0


class Rung:
    """Works when it is rung, and else once an hour."""

    name = "rung"

    @work(every_s=HOUR, wakes="decide", lanes="lanes")
    def decide(self, lane: str) -> int:
        """Do the scenario's work."""
        return perform(lane)


class Swept:
    """Works every millisecond; nobody rings."""

    name = "swept"

    @work(every_s=0.001, lanes="lanes")
    def sweep(self, lane: str) -> int:
        """Do the scenario's work."""
        return perform(lane)


@contextmanager
def running(service: type, *lanes: str) -> Iterator[None]:
    """Run a service with these lanes."""
    wiring = {"broker": broker, "foreign": keep, "lanes": lanes, "max_workers": 10}
    runner = ServiceRunner(wiring)
    runner.add_service(service)
    runner.start()
    yield
    runner.kill()


def until(happened: Callable[[], bool], what: str) -> None:
    """Let everything else run until something has happened."""
    with eventlet.Timeout(PATIENCE_S, AssertionError(f"never happened: {what}")):
        while not happened():
            eventlet.sleep(0.005)


def until_called(lane: str, times: int) -> None:
    """Wait until a lane has been called so often."""
    until(lambda: calls[lane] >= times, f"{times} calls of {lane}: {dict(calls)}")


def ring(lane: str, *references: str) -> None:
    """Publish wake-ups as the relay does."""
    for one in references:
        Publisher(broker).publish([wakeup(lane, one)])


def wakeup(lane: str, reference: str) -> Wakeup:
    """Make a wake-up."""
    return Wakeup(kind="decide", lane=lane, reference=reference, revision=1, correlation="c")


def metric(name: str, **labels: str) -> float:
    """Return the value of a metric, 0 where it was never counted."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def rung() -> float:
    """Return how many wake-ups have been received."""
    return metric("dispatch_bus_wakeups_total", kind="decide")


def ring_one_lane() -> dict[str, Any]:
    """Ring one lane, then the other."""
    with running(Rung, "a", "b"):
        until(lambda: calls == {"a": 1, "b": 1}, "the first look of both")
        ring("a", "1")
        until_called("a", 2)
        ring("b", "2")
        until_called("b", 2)
        return dict(calls)


def ring_a_busy_lane() -> dict[str, Any]:
    """Ring five times while the lane is at work, and once when it waits again."""
    released = Event()
    with running(Rung, "a"):
        until_called("a", 1)
        acts["call"] = lambda _: released.wait() or 0
        ring("a", "0")
        until_called("a", 2)
        ring("a", *"12345")
        until(lambda: rung() == 6, "six wake-ups")
        released.send(0)
        until_called("a", 3)
        ring("a", "last")
        until_called("a", 4)
        return dict(calls)


def send_nonsense() -> dict[str, Any]:
    """Send what is no wake-up, more of it than may be unsettled at once, and then a good one."""
    with running(Rung, "a"):
        until_called("a", 1)
        for number in range(MORE_THAN_THE_PREFETCH):
            _publish_raw(*NONSENSE[number % len(NONSENSE)])
        ring("a", "good")
        until_called("a", 2)
        until(lambda: len(kept) == MORE_THAN_THE_PREFETCH, "all are kept")
        return {
            "malformed": metric("dispatch_bus_wakeups_malformed_total"),
            "rung": rung(),
            "whole": all(NONSENSE[at % len(NONSENSE)][0] == one.raw for at, one in enumerate(kept)),
            "fields": sorted({one.reason.field for one in kept}),
            "left": _left(),
        }


def _left() -> int:
    with next(broker.connections()) as connection:
        return int(
            broker.queue("decide")(connection.default_channel)
            .queue_declare(passive=True)
            .message_count
        )


def keep_at_the_second_attempt() -> dict[str, Any]:
    """Have the store be away when a foreign message comes."""
    with running(Rung, "a"):
        until_called("a", 1)
        acts["keep"] = lambda _: acts.pop("keep") and _be_away()
        _publish_raw(*NONSENSE[0])
        until(lambda: bool(kept), "it is kept")
        return {"kept": len(kept), "left": _left()}


def _be_away() -> int:
    raise Retry("The database did not answer")


JSON = "application/json"
GOOD = body(wakeup("a", "1"))
NONSENSE: Sequence[tuple[bytes, str]] = (
    (b"{not json", JSON),
    (b"\xff\xfe\x00", JSON),
    (b"", JSON),
    (b"[1, 2]", JSON),
    (b'"a"', JSON),
    (b"null", JSON),
    (b"{}", JSON),
    (b'{"lane": "a"}', JSON),
    (GOOD.replace(b'"a"', b'["a"]'), JSON),
    (GOOD.replace(b'"a"', b'"\x00"'), JSON),
    (GOOD.replace(b": 1,", b': "1",'), JSON),
    (GOOD.replace(b": 1,", b": true,"), JSON),
    (GOOD.replace(b'"decide"', b'"deliver"'), JSON),
    (GOOD, "text/plain"),
    (b"[" * 100_000, JSON),
    (b"cos\nsystem\n(S'true'\ntR.", "application/x-python-serialize"),
    (b"<wake/>", "text/xml"),
    (b"\x93", "application/x-msgpack"),
)


def _publish_raw(content: bytes, content_type: str) -> None:
    with next(broker.connections()) as connection, connection.Producer() as producer:
        producer.publish(
            content,
            exchange=WAKE,
            routing_key="decide",
            content_type=content_type,
            content_encoding="binary" if content_type != JSON else "utf-8",
        )


def ring_nobody() -> dict[str, Any]:
    """Have work come up without any wake-up."""
    work_left = list(range(10))
    acts["call"] = lambda _: bool(work_left and work_left.pop() + 1)
    with running(Swept, "a"):
        until(lambda: not work_left, "all work is done")
        late = [1]
        work_left.extend(late)
        until(lambda: not work_left, "work that came later is done")
        return {"done": metric("dispatch_bus_work_done_total", work="sweep")}


def publish_to_nobody() -> dict[str, Any]:
    """Publish wake-ups in a process in which nothing listens."""
    broker = Broker()
    publisher = Publisher(broker)
    for _ in range(5):
        publisher.publish(
            [Wakeup(kind="decide", lane="", reference="", revision=1, correlation="")]
        )
    with closing(next(broker.connections())) as connection:
        return {"left": sum(len(one.queue) for one in connection.default_channel.queues.values())}


def hang_one_lane() -> dict[str, Any]:
    """Have one lane never return."""
    acts["call"] = lambda lane: Event().wait() if lane == "hangs" else 0
    with running(Swept, "hangs", "works"):
        until_called("works", 20)
        return dict(calls)


def fail_once() -> dict[str, Any]:
    """Have a batch fail, and the next ones not."""

    def fail(_: str) -> int:
        if calls["a"] == 1:
            raise ZeroDivisionError("a secret")
        return 0

    return _failing(fail)


def put_off_once() -> dict[str, Any]:
    """Have a batch be put off, and the next ones not."""

    def put_off(_: str) -> int:
        if calls["a"] == 1:
            raise Retry("The room is away", 0.01)
        return 0

    return _failing(put_off)


def _failing(deed: Callable[[str], int]) -> dict[str, Any]:
    acts["call"] = deed
    with running(Swept, "a"):
        until_called("a", 10)
    failed = {
        name: metric("dispatch_bus_work_failed_total", work="sweep", error=name)
        for name in ("ZeroDivisionError", "Retry")
    }
    return {"failed": failed}


def fail_always() -> dict[str, Any]:
    """Have one lane fail at each batch while another one works."""

    def fail(lane: str) -> int:
        if lane == "fails":
            raise ZeroDivisionError
        return 0

    acts["call"] = fail
    with running(Swept, "fails", "works"):
        until_called("works", 50)
        return dict(calls)


def stop() -> dict[str, Any]:
    """Have a service meet what only an operator can mend."""

    def meet(_: str) -> int:
        raise Stop("The database's disk is full.", "Free space.")

    acts["call"] = meet
    return _served()


def be_asked_to_stop() -> dict[str, Any]:
    """End as a supervisor has it end."""
    acts["call"] = lambda _: 1 if calls["a"] < 100 else os.kill(os.getpid(), signal.SIGTERM) or 0
    return _served()


def _served() -> dict[str, Any]:
    was_ready = Event()
    wiring = {"broker": broker, "foreign": keep, "lanes": ["a"], "rooms": ["a"]}
    try:
        serve([Swept], wiring, lambda: was_ready.send(None))
    except Stop as error:
        return {"stopped": str(error)}
    return {"ready": was_ready.ready()}


def listen() -> dict[str, Any]:
    """Say how often a lane was called, at each call, until standard input ends."""
    acts["call"] = lambda lane: _say({"called": calls[lane]}) or 0
    with running(Rung, "a"):
        eventlet.tpool.execute(sys.stdin.read)
    return {}


def _say(something: dict[str, Any]) -> None:
    print(json.dumps(something), flush=True)


def publish(times: str) -> dict[str, Any]:
    """Publish so often, and stay alive until standard input ends."""
    publisher = Publisher(broker)
    refusals = []
    for number in range(int(times)):
        try:
            publisher.publish([wakeup("a", str(number))])
        except Retry as error:
            refusals.append(error.what)
    _say({"refusals": refusals})
    sys.stdin.read()
    return {}


def rest() -> dict[str, Any]:
    """Have nothing to publish for longer than a broker bears to hear nothing."""
    topology._HEARTBEAT_S = 1
    publisher = Publisher(broker)
    publisher.publish([wakeup("a", "1")])
    began = publisher._connection
    with eventlet.Timeout(REST_S, exception=False):
        while True:
            publisher.publish([])
            eventlet.sleep(0.2)
    publisher.publish([wakeup("a", "2")])
    return {"same": publisher._connection is began}


def beat() -> dict[str, Any]:
    """Have nothing to publish at all, and a broker that is there or is not."""
    publisher = Publisher(broker)
    try:
        publisher.publish([])
    except Retry as error:
        return {"up": metric("dispatch_bus_broker_up", service="relay"), "refused": error.what}
    return {"up": metric("dispatch_bus_broker_up", service="relay"), "refused": None}


def beat_in_vain() -> dict[str, Any]:
    """Have nothing to publish after the broker did not take what was."""
    publisher = Publisher(broker)
    gauges = []
    for wakeups in ([], [wakeup("a", "1")], []):
        with suppress(Retry):
            publisher.publish(wakeups)
        gauges.append(metric("dispatch_bus_broker_up", service="relay"))
    return {"gauges": gauges}


if __name__ == "__main__":
    logs.configure("json", "info")
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])), flush=True)
