"""The same question to a real PostGIS: which areas cover which points."""

from __future__ import annotations

import time
from typing import Any, LiteralString

import numpy as np
import numpy.typing as npt
import psycopg
import shapely
from attrs import frozen
from bench_points import Floats

_TABLES: tuple[LiteralString, ...] = (
    "DROP TABLE IF EXISTS area, part",
    "CREATE TABLE area (id int, shape geometry)",
    "CREATE TABLE part (id int, shape geometry)",
)
_INDEXES: tuple[LiteralString, ...] = (
    # Into parts of at most 256 corners, if one says nothing.
    "INSERT INTO part SELECT id, ST_Subdivide(shape) FROM area",
    "CREATE INDEX ON area USING gist (shape)",
    "CREATE INDEX part_shape ON part USING gist (shape)",
    "VACUUM ANALYZE area",
    "VACUUM ANALYZE part",
)
_INDEX_POINTS: LiteralString = "CREATE INDEX point_place ON point USING gist (place)"
_POINTS: tuple[LiteralString, ...] = (
    "DROP TABLE IF EXISTS point",
    "CREATE TABLE point AS SELECT id, ST_MakePoint(lon, lat) AS place FROM given ORDER BY id",
    _INDEX_POINTS,
    "VACUUM ANALYZE point",
)
_COUNT_WHOLE: LiteralString = (
    "SELECT count(*) FROM point JOIN area ON ST_Intersects(area.shape, point.place)"
)
_COUNT: LiteralString = (
    "SELECT count(*) FROM point JOIN part ON ST_Intersects(part.shape, point.place)"
)
_GROUND: tuple[LiteralString, ...] = (
    "DROP TABLE IF EXISTS ground",
    "CREATE TABLE ground AS SELECT shape::geography AS shape FROM part WHERE id = ANY(%s)",
    "CREATE INDEX ON ground USING gist (shape)",
    "VACUUM ANALYZE ground",
)
_COUNT_CIRCLES: LiteralString = (
    "SELECT count(*) FROM point JOIN ground ON ST_DWithin(ground.shape, point.place::geography, %s)"
)
_NO_INDEX_OF_AREAS: LiteralString = "DROP INDEX part_shape"
_NO_INDEX_OF_POINTS: LiteralString = "DROP INDEX point_place"
_ONE: LiteralString = "SELECT id FROM part WHERE ST_Intersects(shape, ST_MakePoint(%s, %s))"


@frozen
class Way:
    """A way to find all pairs: what is done before the clock starts, and what after it."""

    before: tuple[LiteralString, ...]
    timed: tuple[LiteralString, ...]


BEST = "PostGIS, points indexed before"
#: Where both have an index, the planner sometimes takes the slower; so one of them goes.
WAYS = {
    "PostGIS, whole areas": Way((), (_COUNT_WHOLE,)),
    BEST: Way((_NO_INDEX_OF_AREAS,), (_COUNT,)),
    "PostGIS, points indexed now": Way(
        (_NO_INDEX_OF_AREAS, _NO_INDEX_OF_POINTS), (_INDEX_POINTS, _COUNT)
    ),
    "PostGIS, points not indexed": Way((_NO_INDEX_OF_POINTS,), (_COUNT,)),
}


class PostGIS:
    """Areas and points in tables with indexes, the areas whole and cut."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def version(self) -> str:
        """Return what it says of itself and its GEOS."""
        return str(self._one("SELECT postgis_lib_version() || ', GEOS ' || postgis_geos_version()"))

    def load(self, polygons: npt.NDArray[np.object_]) -> float:
        """Store areas by their numbers, whole and cut, with indexes; return the seconds."""
        began = time.perf_counter()
        for statement in _TABLES:
            self._connection.execute(statement)
        with self._connection.cursor().copy("COPY area FROM STDIN") as copy:
            for number, shape in enumerate(shapely.to_wkb(polygons, hex=True).tolist()):
                copy.write_row((number, shape))
        for statement in _INDEXES:
            self._connection.execute(statement)
        return time.perf_counter() - began

    def megabytes(self) -> float:
        """Return the size of the cut areas and their index."""
        return float(str(self._one("SELECT pg_total_relation_size('part')"))) / 2**20

    def parts(self) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
        """Return the parts that the areas were cut into, and the number of each one's area."""
        rows = self._connection.execute("SELECT ST_AsBinary(shape), id FROM part").fetchall()
        shapes, owners = zip(*rows, strict=True)
        return shapely.from_wkb(list(shapes)), np.array(owners)

    def give(self, lon: Floats, lat: Floats) -> None:
        """Store points by their numbers, in degrees, with an index."""
        self._connection.execute("CREATE TEMP TABLE given (id int, lon float8, lat float8)")
        rows = zip(range(len(lon)), lon.tolist(), lat.tolist(), strict=True)
        lines = "".join(f"{number}\t{x!r}\t{y!r}\n" for number, x, y in rows)
        with self._connection.cursor().copy("COPY given FROM STDIN") as copy:
            copy.write(lines)
        for statement in (*_POINTS, "DROP TABLE given"):
            self._connection.execute(statement)

    def seconds(self, way: str) -> float:
        """Return how long it takes to find and count all pairs; no row leaves the server."""
        with self._connection.transaction(force_rollback=True):
            for statement in WAYS[way].before:
                self._connection.execute(statement)
            began = time.perf_counter()
            for statement in WAYS[way].timed:
                self._connection.execute(statement)
            return time.perf_counter() - began

    def circles_seconds(self, areas: list[int], radius_m: float) -> float:
        """Return how long it takes to find which of some areas circles touch, on the ellipsoid."""
        for statement in _GROUND:
            self._connection.execute(statement, (areas,) if "%s" in statement else ())
        began = time.perf_counter()
        self._connection.execute(_COUNT_CIRCLES, (radius_m,))
        return time.perf_counter() - began

    def hits(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return all pairs of a point and a whole area that covers it, as two arrays."""
        pairs = (
            "COPY (SELECT point.id, area.id FROM point JOIN area "
            "ON ST_Intersects(area.shape, point.place)) TO STDOUT"
        )
        with self._connection.cursor().copy(pairs) as copy:
            told = b"".join(map(bytes, copy))
        point, area = np.array(told.split(), dtype=np.int64).reshape(-1, 2).T
        return point, area

    def at(self, lon: float, lat: float) -> list[tuple[Any, ...]]:
        """Ask for one point, by a statement that the server has planned before."""
        return self._connection.execute(_ONE, (lon, lat), prepare=True).fetchall()

    def _one(self, statement: LiteralString) -> object:
        row = self._connection.execute(statement).fetchone()
        assert row is not None
        return row[0]
