"""Pages of a list, newest first, from where the last page ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Select, literal, tuple_

# The time and id of the last row of a page: what follows it is what comes before it in time.
Mark = tuple[datetime, UUID]


def newest_first(
    query: Select[Any], at: Column[Any], id_: Column[Any], before: Mark | None, limit: int
) -> Select[Any]:
    """Sort a query by time and id, newest first, and cut ``limit`` rows after the mark."""
    query = query.order_by(at.desc(), id_.desc()).limit(limit)
    if before is None:
        return query
    mark = tuple_(literal(before[0], at.type), literal(before[1], id_.type))
    return query.where(tuple_(at, id_) < mark)
