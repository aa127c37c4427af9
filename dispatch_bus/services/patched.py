"""Importing this makes the standard library cooperative. It has to come before anything else."""

import warnings

# That eventlet is in maintenance is known: it stays at this edge, to be replaced here. It sets a
# filter of its own for saying so, which recording leaves without effect.
with warnings.catch_warnings(record=True):
    import eventlet

eventlet.monkey_patch()

from psycopg import waiting  # noqa: E402 - after the sockets

from dispatch_bus.services.green_waiting import wait  # noqa: E402

# A wait in C would stop every service of the process (three 1 s queries took 3 s); the driver's own
# way in Python makes a selector for each statement.
waiting.wait = wait
