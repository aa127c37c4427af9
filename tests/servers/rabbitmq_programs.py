"""Where RabbitMQ's programs are: installed, or fetched without installing anything."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import attrs
from servers.packages import CACHE, NotThere, fetched


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
            raise NotThere("RabbitMQ is installed, but Erlang's epmd is not on the path.")
        return found


def find_programs(cache: Path = CACHE) -> Programs:
    """Return the system's RabbitMQ, else one that is fetched into ``cache`` the first time.

    Raises ``NotThere`` where it can be neither found nor fetched.
    """
    installed = Programs(Path("/"))
    if (installed.scripts / "rabbitmq-server").exists():
        return installed
    root = fetched("rabbitmq-server", cache)
    _make_movable(root / "usr/lib/erlang/bin/erl")
    return Programs(root)


def _make_movable(erl: Path) -> None:
    # The script names the folder that a package installs it to; where Erlang was there before,
    # none came.
    told = "ROOTDIR=/usr/lib/erlang"
    if erl.exists() and told in (text := erl.read_text()):
        here = 'ROOTDIR="$(dirname "$(dirname "$(readlink -f "$0")")")"'
        mended = erl.with_suffix(f".{os.getpid()}")
        mended.write_text(text.replace(told, here))
        mended.chmod(0o755)
        mended.replace(erl)
