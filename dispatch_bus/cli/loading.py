"""Loads a module of the command line fast."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any


def load(name: str) -> Any:
    """Load the module called ``name`` in this package, with all that it needs."""
    # Nothing that is loaded is garbage: looking through it again and again takes a quarter of
    # the time, and would go on to hold up the work.
    gc.disable()
    module = import_module(f"dispatch_bus.cli.{name}")
    gc.freeze()
    gc.enable()
    return module
