"""Programs that this machine lacks, fetched from its own packages without installing anything.

On Debian and its kin ``apt-get download`` needs no root. What it brings is unpacked once into
``.cache`` of the checkout, and found there from then on.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"
_TO_INSTALL = re.compile(r"^Inst (\S+)", re.MULTILINE)


class NotThere(Exception):
    """A program is neither installed nor to be had; the message says what to do."""


def fetched(package: str, cache: Path = CACHE) -> Path:
    """Return a folder that holds ``package``, and what it needs and this machine lacks.

    Raises ``NotThere`` where it cannot be fetched.
    """
    root = cache / package / "root"
    with _locked(root.parent):
        if not root.exists():
            _fetch(package, root)
    return root


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(package: str, root: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotThere(_advice(package, "this system has no apt-get to fetch it with"))
    packages, unpacked = root.with_name("packages"), root.with_name("unpacked")
    for folder in (packages, unpacked):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    try:
        _download(package, packages)
        for file in packages.glob("*.deb"):
            _run("dpkg-deb", "-x", str(file), str(unpacked))
    except subprocess.CalledProcessError as error:
        reason = f"{' '.join(error.cmd[:2])} says: {(error.stderr or error.stdout).strip()}"
        raise NotThere(_advice(package, reason)) from error
    shutil.rmtree(packages)
    # Last, and at once: what has this name is whole.
    unpacked.rename(root)


def _download(package: str, folder: Path) -> None:
    try:
        _download_listed(package, folder, ())
    except subprocess.CalledProcessError:
        # No list of packages, or an old one; a new one that is ours needs no root.
        own = _own_lists(folder.with_name("apt"))
        _run("apt-get", *own, "update")
        _download_listed(package, folder, own)


def _own_lists(folder: Path) -> tuple[str, ...]:
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    settings = (f"Dir::State::Lists={folder}/lists", f"Dir::Cache={folder}", "APT::Sandbox::User=")
    return tuple(word for setting in settings for word in ("-o", setting))


def _download_listed(package: str, folder: Path, options: tuple[str, ...]) -> None:
    apt = ("apt-get", *options)
    plan = _run(*apt, "--simulate", "--no-install-recommends", "install", package)
    _run(*apt, "download", *_TO_INSTALL.findall(plan), cwd=folder)


def _run(*words: str, cwd: Path | None = None) -> str:
    plain = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        words, check=True, capture_output=True, text=True, env=plain, cwd=cwd
    ).stdout


def _advice(package: str, reason: str) -> str:
    return (
        f"These tests need the package {package}, which is not installed, and {reason}. "
        "Install it (nothing of it need run by itself), and test again."
    )
