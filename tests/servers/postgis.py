"""A private PostgreSQL with PostGIS: installed, or fetched without installing anything."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import frozen
from servers.packages import CACHE, NotThere, fetched

from dispatch_bus.store.embedded import EmbeddedPostgres, cluster, settings
from dispatch_bus.store.embedded.database import connect

# The package that needs the PostGIS of whichever PostgreSQL the system has.
_PACKAGE = "postgresql-postgis"
_LIBRARY = "usr/lib/postgresql/*/lib/postgis-3.so"
# What a server for analyses is given, and the settings of the bus's own are not.
_SETTINGS = {"shared_buffers": "1GB", "work_mem": "128MB", "max_wal_size": "4GB"}


@frozen
class Programs:
    """PostgreSQL's programs, and the folders of the libraries that PostGIS needs beside them."""

    bin_dir: Path
    libraries: tuple[Path, ...] = ()


def find_programs(cache: Path = CACHE) -> Programs:
    """Return the system's PostgreSQL with PostGIS, else one that is fetched the first time.

    Raises ``NotThere`` where it can be neither found nor fetched.
    """
    if installed := sorted(Path("/").glob(_LIBRARY)):
        return Programs(installed[-1].parents[1] / "bin")
    root = fetched(_PACKAGE, cache)
    versions = [library.parents[1] for library in root.glob(_LIBRARY)]
    if not versions:
        raise NotThere(f"The package {_PACKAGE} has brought no {_LIBRARY}. Install PostGIS.")
    _complete(root, versions[0].name)
    libraries = *sorted((root / "usr/lib").glob("*-linux-gnu*")), root / "usr/lib"
    return Programs(versions[0] / "bin", tuple(libraries))


def _complete(root: Path, version: str) -> None:
    programs, shared = f"usr/lib/postgresql/{version}", f"usr/share/postgresql/{version}"
    # Its name without a number is made when a package is installed.
    control = root / shared / "extension/postgis.control"
    shutil.copyfile(control.with_name("postgis-3.control"), control)
    # PostgreSQL looks for extensions beside its own programs: where it was there before, none
    # came, and a copy stands in. The programs come last: where they are, all is.
    if not (root / programs / "bin/postgres").exists():
        for part in (shared, f"{programs}/lib", f"{programs}/bin"):
            ignored = shutil.ignore_patterns("bitcode", "pgxs")
            shutil.copytree(Path("/") / part, root / part, ignore=ignored, dirs_exist_ok=True)


@contextmanager
def running() -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Run a server in a folder of its own, reached by a socket there, with the extension made.

    Gives a connection, each statement a transaction of its own; ends the server at the end.
    """
    programs = find_programs()
    with (
        tempfile.TemporaryDirectory(prefix="dispatch-postgis-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        Path(folder).chmod(0o711)
        for name, value in _SETTINGS.items():
            patch.setitem(settings._SETTINGS, name, value)
        libraries = os.pathsep.join(map(str, programs.libraries))
        patch.setitem(cluster.ENVIRONMENT, "LD_LIBRARY_PATH", libraries)
        with (
            EmbeddedPostgres(Path(folder) / "data", bin_dir=programs.bin_dir) as server,
            connect(server.running) as connection,
        ):
            connection.execute("CREATE EXTENSION postgis")
            yield connection
