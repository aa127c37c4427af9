"""What the bus keeps outside its database, so that a restore can tell what the backup lacks.

One small file for each room says which page was stored last and is, or is about to be, confirmed to
it; another holds the newest signed checkpoint. Each is replaced whole. Nothing is read back while
the bus works, and a file that is lost costs a line of the restore's report, nothing else.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final
from urllib.parse import quote

import structlog
from attrs import asdict, frozen

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.disk import put_on_disk

_log = structlog.get_logger(__name__)
_CHECKPOINT: Final = "checkpoint"


@frozen(kw_only=True)
class Confirmed:
    """The page that was confirmed last to a room.

    ``pages`` and ``records`` have been stored up to and with it; ``cursor`` is the room's own.
    """

    room: str
    pages: int
    records: int
    cursor: str


class Outside:
    """The files in ``folder``, which is made when it is first written to.

    Where several machines poll rooms they share the folder, as they share the keys.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep_confirmed(self, page: Confirmed) -> None:
        """Keep which page is about to be confirmed to a room.

        A folder that cannot be written is logged: the room is told all the same.
        """
        self._keep(_name(page.room), json.dumps(asdict(page)).encode())

    def keep_checkpoint(self, signed: bytes) -> None:
        """Keep the newest signed checkpoint; a folder that cannot be written is logged.

        From it a restore learns which epoch is taken, so it is put on the disk.
        """
        self._keep(_CHECKPOINT, signed, on_disk=True)

    def confirmed(self, room: str) -> tuple[Confirmed, datetime] | None:
        """Return the page confirmed last to a room and when, by this machine's clock, in UTC."""
        path = self.folder / _name(room)
        try:
            read = Confirmed(**json.loads(path.read_bytes()))
            return read, datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            _log.warning("a confirmed page cannot be read", room=room, reason=str(error))
            return None

    def checkpoint(self) -> bytes | None:
        """Return the newest checkpoint that was kept, or none.

        Raises:
            Stop: there is one that cannot be read.
        """
        try:
            return (self.folder / _CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            what = f"{self.folder / _CHECKPOINT} cannot be read ({error.strerror})."
            raise Stop(what, "Give the folder back to the bus, or mend its disk.") from error

    def _keep(self, name: str, content: bytes, *, on_disk: bool = False) -> None:
        path = self.folder / name
        # Its own for each writer: while one is replaced by another, two may write at once.
        draft = path.with_name(f".{name}.{token_hex(4)}")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(content)
            if on_disk:
                put_on_disk(draft)
            draft.replace(path)
            if on_disk:
                put_on_disk(self.folder)
        except OSError as error:
            _log.warning("nothing is kept outside the database", file=name, reason=str(error))


def _name(room: str) -> str:
    return f"confirmed-{quote(room, safe='')}.json"
