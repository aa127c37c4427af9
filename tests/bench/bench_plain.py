"""Runs the plain pipeline, and measures it as the bus is measured."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from attrs import frozen
from bench_costs import cpu_seconds
from bench_journal import Percentiles
from bench_load import Throughput
from bench_publishing import ConfirmedPublisher
from servers.rabbitmq import Vhost
from servers.waiting import wait_for

from dispatch_bus.store.embedded import start_leashed

# What plain_pipeline.py calls itself and its parts; importing it here would patch this process.
_PROGRAM = Path(__file__).with_name("plain_pipeline.py")
_SERVICES = ("recorder", "decider", "deliverer")
_EXCHANGE, _TOLD = "source.events", "told"
_BATCH = 200
_PATIENCE_S = 300.0


@frozen
class PlainPipeline:
    """The running pipeline: where it stores, where it listens, and its processes."""

    database_url: str
    vhost: Vhost
    pids: Sequence[int]

    def throughput(self, name: str, bodies: Sequence[str]) -> Throughput:
        """Publish everything at once, under a name that nothing else has, and wait for its end."""
        spent, began = self._cpu_seconds(), time.time()
        with ConfirmedPublisher(self.vhost.login_url) as publisher:
            for start in range(0, len(bodies), _BATCH):
                for at, body in enumerate(bodies[start : start + _BATCH], start):
                    publisher.publish(_event(f"{name}-{at}", body), _EXCHANGE, _TOLD)
                publisher.wait()
        self._wait_for(name, len(bodies))
        seconds = max(at for _, at in self._rows(name)) - began
        cpu_ms = (self._cpu_seconds() - spent) * 1_000 / len(bodies)
        cost = {"services": round(cpu_ms, 2)}
        return Throughput(len(bodies), round(len(bodies) / seconds, 1), cost)

    def latency(self, bodies: Sequence[str], per_s: int) -> Percentiles:
        """Publish at random moments; return the milliseconds from then to the third handler."""
        name, due = f"at{per_s}", _moments(len(bodies), per_s)
        with ConfirmedPublisher(self.vhost.login_url) as publisher:
            for at, (moment, body) in enumerate(zip(due, bodies, strict=True)):
                time.sleep(max(0.0, moment - time.time()))
                publisher.publish(_event(f"{name}-{at}", body), _EXCHANGE, _TOLD)
            publisher.wait()
        self._wait_for(name, len(bodies))
        delivered = dict(self._rows(name))
        return Percentiles.of(
            (delivered[f"{name}-{at}"] - moment) * 1_000 for at, moment in enumerate(due)
        )

    def wait_for_queues(self) -> None:
        """Wait until its queues are there, and see that they are as durable as the bus's own."""
        kinds = wait_for(self._queues, "every service has its queue")
        assert set(kinds) == {"quorum"}

    def _queues(self) -> list[str] | None:
        queues = self.vhost.server.api("GET", f"/api/queues/{self.vhost.name}").json()
        kinds = [queue["type"] for queue in queues if queue.get("consumers")]
        return kinds if len(kinds) == len(_SERVICES) else None

    def _wait_for(self, name: str, count: int) -> None:
        wait_for(lambda: len(self._rows(name)) == count, f"{count} events are through", _PATIENCE_S)

    def _cpu_seconds(self) -> float:
        return sum(cpu_seconds(list(self.pids)).values())

    def _rows(self, name: str) -> list[tuple[str, float]]:
        with psycopg.connect(self.database_url) as connection:
            query = "SELECT id, at FROM plain_delivery WHERE id LIKE %s"
            return connection.execute(query, [f"{name}-%"]).fetchall()


def _event(name: str, body: str) -> bytes:
    return json.dumps({"id": name, "body": body}).encode()


def _moments(count: int, per_s: int) -> list[float]:
    chance, at = random.Random(11), time.time()
    return [at := at + chance.expovariate(per_s) for _ in range(count)]


@contextmanager
def running(database_url: str, vhost: Vhost, folder: Path, each: int) -> Iterator[PlainPipeline]:
    """Run ``each`` processes of every service over an empty database and virtual host."""
    url = database_url.replace("+psycopg", "")
    _make_tables(url)
    names = [f"{service}-{copy}" for copy in range(each) for service in _SERVICES]
    processes = [
        start_leashed(
            [sys.executable, str(_PROGRAM), name.split("-")[0], vhost.login_url, url],
            log=folder / f"{name}.log",
        )
        for name in names
    ]
    try:
        for name in names:
            wait_for(lambda log=folder / f"{name}.log": "ready" in log.read_text(), f"{name} runs")
        pipeline = PlainPipeline(url, vhost, [process.pid for process in processes])
        pipeline.wait_for_queues()
        yield pipeline
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _make_tables(url: str) -> None:
    columns = "(id text PRIMARY KEY, body text NOT NULL, at float8 NOT NULL)"
    with psycopg.connect(url) as connection:
        for table in ("plain_incident", "plain_notice", "plain_delivery"):
            connection.execute(f"CREATE TABLE {table} {columns}")
