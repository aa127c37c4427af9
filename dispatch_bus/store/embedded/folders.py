"""What lies where in a data folder."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen


@frozen
class Folders:
    """The layout of ``data_dir``, an absolute path without symbolic links."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data folder: whole, or not there."""
        return self.data_dir / "cluster"

    @property
    def unfinished(self) -> Path:
        """The cluster while it is being made."""
        return self.data_dir / "cluster.unfinished"

    @property
    def lock(self) -> Path:
        """The file that the one launcher of this folder holds a lock on."""
        return self.data_dir / "launcher.lock"

    @property
    def log(self) -> Path:
        """What the server has to say to an operator."""
        return self.data_dir / "postgres.log"
