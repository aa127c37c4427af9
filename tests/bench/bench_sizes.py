"""How long each measurement takes: ``QUICK=1`` for three minutes, ``BENCH_LARGE=1`` for history."""

from __future__ import annotations

import os

SEED = 7
# What is published each second while latencies are measured.
RATES = (25, 100, 400)
IS_QUICK = bool(os.environ.get("QUICK"))
IS_LARGE = bool(os.environ.get("BENCH_LARGE"))

LATENCY_S = 4 if IS_QUICK else 15
WARM_UP = 50 if IS_QUICK else 200
MOST = 1_000 if IS_QUICK else 5_000
_LEAST = 200
_THROUGHPUT_S = 5 if IS_QUICK else 12

# Processes of every service that shares its work, and of the plain pipeline.
EACH = 1
# The rate at which the changes of these are looked at.
CHANGING_RATE = 100
PROCESSES = (1, 2, 4, 8)
ZONES = (10, 100, 1_000, 10_000)
HISTORY = (10_000, 100_000, 1_000_000, *((10_000_000,) if IS_LARGE else ()))
# The copied originals: nearly all that a country has to tell concerns no neighbour.
ORIGINALS_OF_CONCERN, ORIGINALS_OF_NONE = 100, 900


def worth_measuring(incidents_per_s: float) -> int:
    """Return how many incidents to publish at once, by the speed of the first few."""
    return int(min(MOST, max(_LEAST, incidents_per_s * _THROUGHPUT_S)))
