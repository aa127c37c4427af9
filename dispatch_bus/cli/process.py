"""Starts a process of the bus: ``python -m dispatch_bus.cli.process services|gateway …``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from dispatch_bus.cli.loading import load

COMMAND: Final = (sys.executable, "-P", "-m", "dispatch_bus.cli.process")
"""What runs this, with nothing from the working directory; name and arguments follow."""


def main(arguments: Sequence[str]) -> int:
    """Load the process's module and run it; return its exit status."""
    name, *rest = arguments
    return int(load(name).main(rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
