"""A connection to RabbitMQ: what the adapter ``inbox`` and a partner's own client are made of.

AMQP 0-9-1 over pika, which is not thread-safe: each connection has a thread of its own, and whoever
uses it hands it work and waits, never longer than a bound.
"""

from dispatch_bus.sdk.amqp.access import Access, Tls
from dispatch_bus.sdk.amqp.confirming import Rejected, Unroutable
from dispatch_bus.sdk.amqp.connection import Connection, Depth
from dispatch_bus.sdk.amqp.receiving import Delivery

__all__ = ["Access", "Connection", "Delivery", "Depth", "Rejected", "Tls", "Unroutable"]
