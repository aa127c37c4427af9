"""The plain adapter: JSON over HTTP, for rooms that can speak what docs/integrator.md describes."""

from dispatch_bus_plain.adapter import PlainAdapter

__all__ = ["PlainAdapter"]
