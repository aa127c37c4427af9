"""The inbox adapter: rooms that read and write queues on the broker, as docs/integrator.md says."""

from dispatch_bus_inbox.adapter import InboxAdapter

__all__ = ["InboxAdapter"]
