"""PostgreSQL's data folder: made whole or not at all, and of the right version."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.disk import put_on_disk
from dispatch_bus.store.embedded import logfile
from dispatch_bus.store.embedded.account import Account
from dispatch_bus.store.embedded.failure import explain
from dispatch_bus.store.embedded.folders import Folders
from dispatch_bus.store.embedded.installation import major_version
from dispatch_bus.store.embedded.leash import start_leashed
from dispatch_bus.store.embedded.running import SUPERUSER

# The working folder, wherever it lies. A path that passes through it asks no right on its
# parents, of which root may keep some closed to the server's user.
HERE = "/proc/self/cwd"

ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
"""What PostgreSQL's programs see: no locale that may be missing here, no PG* variable."""


def ensure_cluster(folders: Folders, bin_dir: Path, account: Account) -> None:
    """Make the cluster if there is none; check it if there is one.

    Raises ``Stop`` where it cannot be made, is of another major version or another user's.
    """
    if folders.cluster.exists():
        _check_owner(folders.cluster, account)
        _check_version(folders.cluster, major_version(bin_dir))
    else:
        _make(folders, bin_dir, account)


def _make(folders: Folders, bin_dir: Path, account: Account) -> None:
    """Work in a folder beside it and rename: a start that was killed leaves no half cluster."""
    if folders.unfinished.exists():
        shutil.rmtree(folders.unfinished)
    folders.unfinished.mkdir(mode=0o700)
    os.chown(folders.unfinished, account.uid, account.gid, follow_symlinks=False)
    _run_initdb(folders, bin_dir, account)
    folders.unfinished.rename(folders.cluster)
    put_on_disk(folders.data_dir)


def _run_initdb(folders: Folders, bin_dir: Path, account: Account) -> None:
    # Locale C sorts by code point: the same on every machine, after every upgrade of its C
    # library. Trust is safe: only the server's user (and root) can enter the socket's folder.
    command = [str(bin_dir / "initdb"), "--pgdata", HERE, "--username", SUPERUSER, "--locale=C"]
    options = ["--encoding=UTF8", "--auth=trust", "--data-checksums", "--no-instructions"]
    start = logfile.size(folders.log)
    process = start_leashed(
        [*command, *options],
        log=folders.log,
        account=account,
        cwd=folders.unfinished,
        env=ENVIRONMENT,
    )
    if process.wait() != 0:
        words = logfile.tail(folders.log, since=start)
        shutil.rmtree(folders.unfinished)
        raise explain("PostgreSQL could not make its data folder", words, folders.log)


def _check_owner(cluster: Path, account: Account) -> None:
    if cluster.stat().st_uid != account.uid:
        raise Stop(
            f"{cluster} belongs to another user than '{account.name}', who is to run it.",
            "Start the bus as the user who did so before, or choose another data folder.",
        )


def _check_version(cluster: Path, major: int) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(major):
        raise Stop(
            f"{cluster} was made by PostgreSQL {made_by}, and the programs here are {major}.",
            "Carry the data over with the older version's pg_dump, or move the folder away to "
            "begin empty.",
        )
