"""One connection to the broker, kept up by a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen
from pika import BasicProperties
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.exceptions import AMQPChannelError, AMQPConnectionError

from dispatch_bus.domain.errors import DispatchBusError, Retry
from dispatch_bus.sdk.amqp.access import Access, parameters
from dispatch_bus.sdk.amqp.confirming import Confirming
from dispatch_bus.sdk.amqp.receiving import Delivery, Receiving, drained
from dispatch_bus.sdk.amqp.tolerant import TolerantConnection

# What pika logs is told as the reason of a Retry; it is printed only where somebody asks for logs.
logging.getLogger("pika").addHandler(logging.NullHandler())

T = TypeVar("T")
Work = Callable[[Channel, "Future[Any]"], None]
_AGAIN_S = 1.0
_CLOSE_S = 2.0
_LOOK_S = 1.0


@frozen
class Depth:
    """How many messages a queue holds for its readers, and how many of those there are."""

    messages: int
    readers: int


class Connection:
    """A connection that comes back by itself. Any thread may use it.

    With ``queues`` it consumes them, each with at most ``prefetch`` unacknowledged messages. One
    that is asked for nothing in ``idle_s`` seconds lets go of its connection, and so of what it
    holds: another process may be the reader now. ``name`` is what the broker calls it.

    Every call may raise:
        Retry: the broker is not reached, or does not answer in time.
    """

    def __init__(
        self,
        access: Access,
        name: str,
        *,
        queues: tuple[str, ...] = (),
        prefetch: int = 100,
        idle_s: float | None = None,
    ) -> None:
        self._access = access
        self._parameters = parameters(access, name)
        self._queues, self._prefetch, self._idle_s = queues, prefetch, idle_s
        self._arrivals: queue.Queue[Delivery] = queue.Queue()
        self._trouble: DispatchBusError = Retry("the broker has not been reached yet")
        self._connection: Any = None
        self._channel: Channel | None = None
        self._receiving: Receiving | None = None
        self._confirming = Confirming()
        self._ready = self._closing = self._resting = self._over = False
        self._attempt: object | None = None
        self._asked: set[Future[Any]] = set()
        self._backlog: list[tuple[Work, Future[Any]]] = []
        self._touched = time.monotonic()
        self.generation = 0
        """How often it has connected; what came before the last time comes again."""
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._loop.add_callback_threadsafe(self._connect)
        self._looking = self._loop.call_later(_LOOK_S, self._look)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    # --- what any thread may ask ---------------------------------------------------------------

    def publish(self, exchange: str, key: str, body: bytes, *, message: str, kind: str) -> None:
        """Publish a persistent message as JSON, and return once the broker has it on its disks.

        ``message`` is its id, ``kind`` its type; the connection's own user stands in it as sender.

        Raises:
            Rejected: its queue is full.
            Unroutable: there is no queue for it.
        """
        properties = BasicProperties(
            content_type="application/json",
            delivery_mode=2,
            message_id=message,
            user_id=self._access.user,
            type=kind,
        )

        def begin(channel: Channel, future: Future[None]) -> None:
            channel.basic_publish(exchange, key, body, properties, mandatory=True)
            self._confirming.expect(future, message, exchange, key)

        self._ask(begin)

    def depth(self, name: str) -> Depth:
        """Ask how full a queue is."""

        def begin(channel: Channel, future: Future[Depth]) -> None:
            def told(frame: Any) -> None:
                future.set_result(Depth(frame.method.message_count, frame.method.consumer_count))

            channel.queue_declare(name, passive=True, callback=told)

        return self._ask(begin)

    def receive(self, wait_s: float) -> list[Delivery]:
        """Return what has arrived on this connection; with nothing, wait for ``wait_s`` seconds."""
        self._touched = time.monotonic()
        self._loop.add_callback_threadsafe(self._wake)
        arrived = list(drained(self._arrivals))
        if not arrived:
            with contextlib.suppress(queue.Empty):
                arrived = [self._arrivals.get(timeout=max(wait_s, 0.001))]
                arrived += drained(self._arrivals)
        if not arrived and not self._ready:
            raise self._trouble
        return [one for one in arrived if one.generation == self.generation]

    def acknowledge(self, generation: int, tag: int, *, multiple: bool = False) -> None:
        """Let the broker forget a message, with ``multiple`` also all that came before it.

        One of an earlier generation is left alone: it comes again.
        """
        self._settle(generation, lambda held: held.acknowledge(tag, multiple=multiple))

    def reject(self, generation: int, tag: int) -> None:
        """Have the broker take a message away, as one that will never be read."""
        self._settle(generation, lambda held: held.reject(tag))

    def close(self) -> None:
        """End the connection and its thread."""
        self._loop.add_callback_threadsafe(self._end)
        self._thread.join(_CLOSE_S)

    def _settle(self, generation: int, how: Callable[[Receiving], None]) -> None:
        def begin() -> None:
            if self._receiving and generation == self.generation:
                how(self._receiving)

        self._loop.add_callback_threadsafe(begin)

    def _ask(self, work: Callable[[Channel, Future[T]], None]) -> T:
        future: Future[T] = Future()
        self._touched = time.monotonic()
        self._loop.add_callback_threadsafe(partial(self._begin, work, future))
        try:
            return future.result(self._access.timeout_s)
        except TimeoutError:
            late = Retry(f"the broker did not answer in {self._access.timeout_s:g} s")
            # Whatever holds it up holds up all that comes after: this connection is given up.
            self._loop.add_callback_threadsafe(partial(self._lost, late))
            raise late from None

    # --- what happens on its own thread -------------------------------------------------

    def _run(self) -> None:
        while not self._over:
            try:
                self._loop.poll()
                self._loop.process_timeouts()
            except Exception as error:  # noqa: BLE001 - without its thread nothing connects again
                self._failed(error)
                time.sleep(_AGAIN_S)
        self._loop.close()

    def _failed(self, error: Exception) -> None:
        """Take what nobody expected for a lost connection."""
        # Its text may quote what was sent: its kind and place are enough.
        trouble = Retry(f"the connection to the broker failed ({_place(error)})")
        # Whatever else was due at that moment may never be called.
        self._attempt = None
        self._loop.remove_timeout(self._looking)
        self._looking = self._loop.call_later(_LOOK_S, self._look)
        self._loop.add_callback_threadsafe(partial(self._lost, trouble))

    def _begin(self, work: Work, future: Future[Any]) -> None:
        if self._channel is None or not self._ready:
            self._backlog.append((work, future))
            self._wake()
            return
        self._asked.add(future)
        future.add_done_callback(self._asked.discard)
        try:
            work(self._channel, future)
        except (AMQPConnectionError, AMQPChannelError) as error:
            self._lost(Retry(f"the connection to the broker ended ({_innermost(error)})"))
        except Exception as error:  # noqa: BLE001 - it is for whoever asked
            future.set_exception(error)

    def _connect(self) -> None:
        if self._attempt or self._connection or self._closing or self._resting:
            return
        self._attempt = attempt = object()
        TolerantConnection.create_connection(
            self._parameters, on_done=partial(self._connected, attempt), custom_ioloop=self._loop
        )

    def _connected(self, attempt: object, outcome: Any) -> None:
        is_last = attempt is self._attempt
        if is_last:
            self._attempt = None
        if isinstance(outcome, BaseException):
            if is_last:
                self._lost(Retry(f"the broker is not reached ({_innermost(outcome)})"))
        elif not is_last or self._closing or self._resting:
            outcome.close()
        else:
            self._connection = outcome
            outcome.add_on_close_callback(self._connection_closed)
            outcome.channel(on_open_callback=self._channel_open)

    def _channel_open(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._channel_closed)
        confirming = self._confirming = Confirming()
        channel.add_on_return_callback(lambda *returned: confirming.returned(returned[2]))
        channel.confirm_delivery(confirming.told, lambda _: self._open(channel))

    def _open(self, channel: Channel) -> None:
        self.generation += 1
        self._ready = True
        if self._queues:
            self._receiving = Receiving(
                channel, self.generation, self._queues, self._prefetch, self._arrivals
            )
            channel.add_on_cancel_callback(lambda _: self._lost(Retry("a queue is gone")))
            self._receiving.begin()
        backlog, self._backlog = self._backlog, []
        for work, future in backlog:
            self._begin(work, future)

    def _channel_closed(self, channel: Channel, reason: BaseException) -> None:
        if channel is self._channel:
            self._lost(Retry(f"the broker closed the channel ({reason})"))

    def _connection_closed(self, connection: Any, reason: BaseException) -> None:
        if connection is self._connection:
            self._lost(Retry(f"the connection to the broker ended ({reason})"))

    def _lost(self, trouble: DispatchBusError) -> None:
        """Let go of the connection; whoever waits is told, and there is another one soon."""
        connection, self._connection, self._channel = self._connection, None, None
        self._receiving, self._ready, self._trouble = None, False, trouble
        waiting = [*self._asked, *(future for _, future in self._backlog)]
        self._backlog = []
        for future in waiting:
            if not future.done():
                future.set_exception(trouble)
        self._loop.call_later(_AGAIN_S, self._connect)
        if self._closing:
            self._stop()
        if connection and connection.is_open:
            connection.close()

    def _look(self) -> None:
        self._looking = self._loop.call_later(_LOOK_S, self._look)
        idle_s = time.monotonic() - self._touched
        if self._idle_s is not None and idle_s > self._idle_s and not self._resting:
            self._resting = True
            self._lost(Retry("the connection was at rest"))

    def _wake(self) -> None:
        if self._resting:
            self._resting = False
            self._connect()

    def _end(self) -> None:
        self._closing = True
        if self._connection and self._connection.is_open:
            self._connection.close()
            self._loop.call_later(_CLOSE_S, self._stop)
        else:
            self._stop()

    def _stop(self) -> None:
        self._over = True


def _place(error: Exception) -> str:
    """Return the kind of an error and where in the code it was."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name}, {Path(last.filename).name}:{last.lineno}"


def _innermost(error: BaseException) -> str:
    """Return the words of what was at fault, which pika wraps several times."""
    while True:
        inner = getattr(error, "exception", None) or next(
            iter(reversed(getattr(error, "exceptions", ()))), None
        )
        if inner is None:
            return f"{type(error).__name__}: {error}"
        error = inner
