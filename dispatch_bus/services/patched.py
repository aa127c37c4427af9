"""Importing this makes the standard library cooperative. It has to come before anything else."""

import eventlet

eventlet.monkey_patch()
