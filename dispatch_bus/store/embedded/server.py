"""One private PostgreSQL server over one data folder."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.store.embedded import cluster, logfile, settings
from dispatch_bus.store.embedded.account import Account, account_for
from dispatch_bus.store.embedded.database import ensure_database
from dispatch_bus.store.embedded.failure import disk_full, explain, is_disk_full, is_for_now
from dispatch_bus.store.embedded.folders import Folders
from dispatch_bus.store.embedded.installation import find_binaries, reachable_binaries
from dispatch_bus.store.embedded.leash import start_leashed
from dispatch_bus.store.embedded.lock import FolderLock
from dispatch_bus.store.embedded.processes import stop_left_over
from dispatch_bus.store.embedded.running import Running, read_postmaster_file
from dispatch_bus.store.embedded.sockets import choose_socket_dir, prepare_socket_dir

_LOOK_EVERY_S = 0.02
# PostgreSQL's own three ways to end: fast, at once (recovery follows), and by force.
_ENDINGS = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, None))


class EmbeddedPostgres:
    """A PostgreSQL server that belongs to this process and ends with it.

    ``data_dir`` holds its data, log, lock and, where the path allows, its socket. It is made with
    mode 0711; of a folder that exists neither owner nor mode is touched. ``bin_dir`` names other
    programs than the wheel's (PostgreSQL 15 or newer). Root lends the server to the folder's
    owner or to ``nobody``.

    Use ``start`` and ``stop`` (or ``with``), or hand it to a supervisor, which calls ``launch``
    again whenever the server died. Call them all from the main thread: the server ends with the
    thread that launched it.
    """

    name = "postgres"

    def __init__(self, data_dir: Path, *, bin_dir: Path | None = None) -> None:
        self._folders = Folders(data_dir.resolve())
        self._bin_dir = bin_dir
        self._lock: FolderLock | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._running: Running | None = None
        self._log_start = 0

    @property
    def log(self) -> Path:
        """The file with the server's messages; it holds no value of any record."""
        return self._folders.log

    @property
    def running(self) -> Running:
        """The server, once it is ready; raises ``RuntimeError`` before."""
        if self._running is None:
            raise RuntimeError("the database server is not ready")
        return self._running

    def start(self) -> Running:
        """Start the server and wait until it is ready, however long a recovery takes.

        Raises ``Stop`` where the folder is in use, unusable, of another PostgreSQL version or on
        a full disk, and where PostgreSQL gives up.
        """
        try:
            self.launch()
            while not self.is_ready():
                self._raise_if_dead()
                time.sleep(_LOOK_EVERY_S)
        except BaseException:
            self.stop()
            raise
        return self.running

    def launch(self) -> int:
        """Start the server without waiting for it, and return its process number.

        A server without a launcher is stopped first, and an unfinished folder made anew.
        Raises ``Stop`` like ``start``, and ``Retry`` where the machine has no more processes,
        memory or files just now.
        """
        try:
            return self._launch()
        except OSError as error:
            if is_disk_full(str(error)):
                raise disk_full(self._folders.data_dir) from error
            if is_for_now(error):
                raise Retry(f"The database cannot be started: {error.strerror}") from error
            raise Stop(
                f"Data folder {self._folders.data_dir} cannot be used: {error}.",
                "Give the user who runs the bus the right to write there, or choose another.",
            ) from error

    def _launch(self) -> int:
        folders = self._folders
        folders.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        account = account_for(folders.cluster, folders.data_dir)
        self._take_lock(account)
        stop_left_over(folders.cluster, folders.unfinished)
        bin_dir = reachable_binaries(self._bin_dir or find_binaries(), account)
        cluster.ensure_cluster(folders, bin_dir, account)
        # It is stale, and its process number may have passed to a stranger meanwhile.
        (folders.cluster / "postmaster.pid").unlink(missing_ok=True)
        self._running = None
        self._process = self._spawn(bin_dir, account)
        return self._process.pid

    def _take_lock(self, account: Account) -> None:
        if self._lock is None:
            lock = FolderLock(self._folders.lock, (account.uid, account.gid))
            lock.take()
            self._lock = lock

    def _spawn(self, bin_dir: Path, account: Account) -> subprocess.Popen[bytes]:
        socket_dir = choose_socket_dir(self._folders.data_dir, account)
        prepare_socket_dir(socket_dir, account)
        arguments = ["-D", cluster.HERE, *settings.as_arguments(socket_dir)]
        self._log_start = logfile.size(self.log)
        return start_leashed(
            [bin_dir / "postgres", *arguments],
            log=self.log,
            death_signal=signal.SIGINT,
            account=account,
            cwd=self._folders.cluster,
            env=cluster.ENVIRONMENT,
        )

    def is_ready(self) -> bool:
        """Tell whether the server accepts connections and the bus's database is there.

        Raises ``Stop`` where that database cannot be made.
        """
        if self._running is None:
            server = read_postmaster_file(self._folders.cluster)
            with contextlib.suppress(psycopg.OperationalError):
                if server is not None:
                    ensure_database(server, self._folders.data_dir)
                    self._running = server
        return self._running is not None

    def exit_status(self) -> int | None:
        """Return None while the server lives, and its exit status (negative: signal) after."""
        return None if self._process is None else self._process.poll()

    def verdict(self, status: int) -> Stop | None:
        """Return why starting again after exit ``status`` cannot help, or None where it can."""
        words = logfile.tail(self.log, since=self._log_start)
        killed = status < 0
        if is_disk_full(words) or (self._running is None and not killed):
            return explain("PostgreSQL gave up", words, self.log)
        return None

    def _raise_if_dead(self) -> None:
        status = self.exit_status()
        if status is not None:
            words = logfile.tail(self.log, since=self._log_start)
            raise explain(f"PostgreSQL ended with status {status}", words, self.log)

    def stop(self) -> None:
        """Stop the server: fast, and by harder means if that takes long; let go of the folder.

        Open transactions are rolled back. Nothing happens when it is not running.
        """
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._running is not None:
            with contextlib.suppress(OSError):
                self._running.socket_dir.rmdir()
            self._running = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()


def _end(process: subprocess.Popen[bytes]) -> None:
    for strength, patience_s in _ENDINGS:
        process.send_signal(strength)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return
