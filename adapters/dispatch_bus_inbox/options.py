"""What the inbox adapter has to know of the broker; the bus fills it in from ``bus.toml``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from attrs import frozen

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import from_json
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.amqp import Access, Tls


@frozen(kw_only=True)
class Options:
    """``url`` names the partners' virtual host and the bus's user; files are on this machine.

    A message waits for ``expiry_s`` seconds in the inbox.
    """

    url: str
    password_file: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    expiry_s: float = 3_600.0
    timeout_s: float = 5.0


def options_of(room: RoomSettings) -> Options:
    """Read the options of a room.

    Raises:
        Refused: naming the option.
    """
    return from_json(room.options, Options)


def access_of(options: Options) -> Access:
    """Return the way to the broker.

    Raises:
        Refused: the address is none, or naming the file that cannot be read.
    """
    tls = Tls(
        ca_file=options.ca_file,
        certificate_file=options.certificate_file,
        key_file=options.key_file,
    )
    return Access(
        url=options.url,
        password=_password(options.password_file) or _password_in(options.url),
        tls=tls if options.ca_file else None,
        timeout_s=options.timeout_s,
    )


def _password_in(url: str) -> str:
    return unquote(urlsplit(url.split(";", maxsplit=1)[0]).password or "")


def _password(file: str) -> str:
    if not file:
        return ""
    try:
        return Path(file).read_text("utf-8").strip()
    except OSError as error:
        remedy = (
            f"Make it and the user that it is for: dispatch-bus broker setup ({error.strerror})."
        )
        raise Refused("password_file", file, remedy) from error
