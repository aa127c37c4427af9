"""Importing this makes the standard library cooperative. It has to come before anything else."""

import warnings

with warnings.catch_warnings():
    # That eventlet is in maintenance is known: it stays at this edge, to be replaced here.
    warnings.simplefilter("ignore", DeprecationWarning)
    import eventlet

eventlet.monkey_patch()
