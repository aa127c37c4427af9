"""What the plain adapter has to know of its room."""

from __future__ import annotations

from urllib.parse import urlsplit

from attrs import field, frozen

from dispatch_bus.domain.checks import between, characters
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import UNKNOWN_FIELD, from_json
from dispatch_bus.sdk.adapter import RoomSettings


@frozen(kw_only=True)
class Options:
    """``url`` is the room's base address, ``timeout_s`` bounds each wait for its answer.

    It is shorter than what the bus gives a call, after which it ends the adapter and with it all
    that is in flight.
    """

    url: str = field()
    token: str = field(repr=False, validator=characters(4_000))
    timeout_s: float = field(default=4.0, validator=between(0.001, 600, "seconds"))

    @url.validator
    def _is_http(self, _: object, value: str) -> None:
        address = urlsplit(value)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise Refused("url", value, "Write an address like https://cad.example:8443.")


def options_of(room: RoomSettings) -> Options:
    """Read the options of a room.

    Raises:
        Refused: naming the option as the operator wrote it, ``room.NL.options.url``.
    """
    try:
        return from_json(room.options, Options)
    except Refused as error:
        # Nobody's record but the operator's own line, which is to be found and mended.
        option = error.value if error.field == UNKNOWN_FIELD else error.field
        place = f"room.{room.id}.options.{option}"
        shown = "not shown" if error.field == "token" else error.value
        raise Refused(place, shown, error.remedy) from None
