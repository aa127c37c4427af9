"""A program that loads a zone file, and prints how long that took and how much memory it takes.

Argument: the file. Prints JSON: ``load_ms``, ``first_ms`` (the first answers, for a single point
and for many) and ``megabytes``, which the process has grown by since its libraries were there.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import psutil

import borderzones


def main(path: str) -> None:
    """Load, ask once, and tell."""
    before, began = psutil.Process().memory_info().rss, time.perf_counter()
    zones = borderzones.load(Path(path))
    loaded = time.perf_counter()
    zones.at(4.92695, 51.43624)
    zones.classify(np.array([4.92695, 6.0177]), np.array([51.43624, 50.7708]))
    asked = time.perf_counter()
    grown = psutil.Process().memory_info().rss - before
    told = {
        "load_ms": (loaded - began) * 1_000,
        "first_ms": (asked - loaded) * 1_000,
        "megabytes": grown / 2**20,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
