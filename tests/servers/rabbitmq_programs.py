"""Where RabbitMQ's programs are: installed, or fetched and unpacked without installing anything.

On Debian and its kin ``apt-get download`` needs no root. What it brings is unpacked once into
``.cache/rabbitmq`` of the checkout, and found there from then on.
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

import attrs

_CACHE = Path(__file__).parents[2] / ".cache" / "rabbitmq"
_INSTALLED = re.compile(r"^Inst (\S+)", re.MULTILINE)


class NoRabbitMQ(Exception):
    """RabbitMQ is neither installed nor to be had; the message says what to do."""


@attrs.frozen
class Programs:
    """RabbitMQ and Erlang below ``root``: ``/`` where they are installed."""

    root: Path

    @property
    def scripts(self) -> Path:
        """The folder of RabbitMQ's own scripts: they switch no user, unlike those on the path."""
        return self.root / "usr/lib/rabbitmq/bin"

    @property
    def search_path(self) -> str:
        """Where the scripts find Erlang."""
        return os.pathsep.join((str(self.root / "usr/bin"), os.environ["PATH"]))

    @property
    def libraries(self) -> str:
        """Where Erlang finds the libraries that came with it."""
        folders = sorted((self.root / "usr/lib").glob("*-linux-gnu*"))
        return os.pathsep.join(map(str, folders))

    @property
    def epmd(self) -> str:
        """The program by which the nodes of a cluster find one another."""
        found = shutil.which("epmd", path=self.search_path)
        if found is None:
            raise NoRabbitMQ("RabbitMQ is installed, but Erlang's epmd is not on the path.")
        return found


def find_programs(cache: Path = _CACHE) -> Programs:
    """Return the system's RabbitMQ, else one that is fetched into ``cache`` the first time.

    Raises ``NoRabbitMQ`` where it can be neither found nor fetched.
    """
    installed = Programs(Path("/"))
    if (installed.scripts / "rabbitmq-server").exists():
        return installed
    fetched = Programs(cache / "root")
    with _locked(cache):
        if not fetched.root.exists():
            _fetch(cache, fetched.root)
    return fetched


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(cache: Path, root: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NoRabbitMQ(_advice("this system has no apt-get to fetch it with"))
    packages, unpacked = cache / "packages", cache / "unpacked"
    for folder in (packages, unpacked):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    try:
        _download(cache, packages)
        for package in packages.glob("*.deb"):
            _run("dpkg-deb", "-x", str(package), str(unpacked))
    except subprocess.CalledProcessError as error:
        reason = f"{' '.join(error.cmd[:2])} says: {(error.stderr or error.stdout).strip()}"
        raise NoRabbitMQ(_advice(reason)) from error
    _make_movable(unpacked / "usr/lib/erlang/bin/erl")
    shutil.rmtree(packages)
    # Last, and at once: what has this name is whole.
    unpacked.rename(root)


def _download(cache: Path, packages: Path) -> None:
    try:
        _download_listed(packages, ())
    except subprocess.CalledProcessError:
        # No list of packages, or an old one; a new one that is ours needs no root.
        own = _own_lists(cache / "apt")
        _run("apt-get", *own, "update")
        _download_listed(packages, own)


def _own_lists(folder: Path) -> tuple[str, ...]:
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    settings = (f"Dir::State::Lists={folder}/lists", f"Dir::Cache={folder}", "APT::Sandbox::User=")
    return tuple(word for setting in settings for word in ("-o", setting))


def _download_listed(packages: Path, options: tuple[str, ...]) -> None:
    plan = _run(
        "apt-get", *options, "--simulate", "--no-install-recommends", "install", "rabbitmq-server"
    )
    names = _INSTALLED.findall(plan)
    _run("apt-get", *options, "download", *names, cwd=packages)


def _run(*words: str, cwd: Path | None = None) -> str:
    plain = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        words, check=True, capture_output=True, text=True, env=plain, cwd=cwd
    ).stdout


def _make_movable(erl: Path) -> None:
    # The script names the folder that a package installs it to; where Erlang was there before,
    # none came.
    if erl.exists():
        here = 'ROOTDIR="$(dirname "$(dirname "$(readlink -f "$0")")")"'
        erl.write_text(erl.read_text().replace("ROOTDIR=/usr/lib/erlang", here))


def _advice(reason: str) -> str:
    return (
        f"These tests need RabbitMQ 3.10 or newer, which is not installed, and {reason}. "
        "Install the package rabbitmq-server (it need not run), and test again."
    )
