"""Importing this makes the standard library cooperative. It has to come before anything else."""

import warnings

# That eventlet is in maintenance is known: it stays at this edge, to be replaced here. It sets a
# filter of its own for saying so, which recording leaves without effect.
with warnings.catch_warnings(record=True):
    import eventlet

eventlet.monkey_patch()
