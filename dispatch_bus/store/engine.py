"""The connection pool, with every time limit set on the server's side."""

from __future__ import annotations

import json
import os
from typing import Any

from sqlalchemy import Engine, create_engine

# Under eventlet a C-level wait would block every service of the process (three 1 s queries took
# 3 s); psycopg reads this when it is first imported.
os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_selector")

_LIMITS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
}


def connect(url: str, *, pool_size: int = 10) -> Engine:
    """Make the pool for the PostgreSQL at ``url``.

    Limits are the server's: a statement takes 10 s at most, a lock is awaited 5 s, and a
    transaction left idle for 15 s is ended, so a frozen process holds nothing for long.
    """
    options = " ".join(f"-c {name}={value}" for name, value in _LIMITS.items())
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        hide_parameters=True,
        json_serializer=_compact,
        connect_args={"options": options, "connect_timeout": 5, "application_name": "dispatch-bus"},
    )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
