"""What a simulated control room is told about itself."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from dispatch_bus.domain.codes import Category, Discipline, Priority

Span = tuple[float, float]


class Fault(StrEnum):
    """A way in which a room misbehaves."""

    DOWN = "down"
    SERVER_ERROR = "server_error"
    REDIRECT = "redirect"
    WRONG_TYPE = "wrong_type"
    HANG_ON_PULL = "hang_on_pull"
    HALF_PAGE = "half_page"
    NO_CURSOR = "no_cursor"
    REPEAT_PAGE = "repeat_page"
    GO_BACKWARDS = "go_backwards"
    LATE_RECEIPT = "late_receipt"


@frozen(kw_only=True)
class RoomCentre:
    """A centre that works in the room: WGS 84 degrees, ``catchment`` as area ids."""

    id: str
    disciplines: tuple[Discipline, ...]
    lon: float
    lat: float
    catchment: tuple[str, ...]


@frozen(kw_only=True)
class RoomCode:
    """One code of the room's own list, with what it means on the bus."""

    code: str
    label: str
    category: Category
    priority: Priority


@frozen(kw_only=True)
class Outage:
    """A span of the scenario, in seconds from its start, in which the room answers 503."""

    start_s: float
    length_s: float

    def covers(self, elapsed_s: float) -> bool:
        """Tell whether the room is down at this second of the scenario."""
        return self.start_s <= elapsed_s < self.start_s + self.length_s


@frozen(kw_only=True)
class Behaviour:
    """How its cases and people behave: spans of seconds, and shares of 1."""

    shown_s: Span = (0.3, 2.0)
    acknowledge_s: Span = (1.0, 6.0)
    acknowledge_share: float = 0.9
    answer_s: Span = (2.0, 8.0)
    accept_share: float = 0.7
    refuse_share: float = 0.2
    offer_s: Span = (1.0, 4.0)
    offer_share: float = 0.75
    withdraw_share: float = 0.15
    open_s: Span = (30.0, 60.0)
    updates_within_s: float = 20.0
    most_updates: int = 4
    malformed_share: float = 0.03
    repeated_share: float = 0.02


@frozen(kw_only=True)
class Spec:
    """One simulated room. ``sites`` is the path of a file that ``sites.write`` has made.

    ``folder`` keeps its durable log; with the same folder it goes on where it was. No record is
    sent after ``stop_after_s`` seconds of the scenario. ``control`` lets ``POST /control`` change
    ``faults`` while it runs.
    """

    room: str
    country: str
    port: int
    token: str = field(repr=False)
    seed: int
    rate_per_s: float
    folder: str
    epsg: int
    scheme: str
    codes: tuple[RoomCode, ...]
    centres: tuple[RoomCentre, ...]
    sites: str
    host: str = "127.0.0.1"
    stop_after_s: float | None = None
    behaviour: Behaviour = Behaviour()
    outage: Outage | None = None
    faults: tuple[Fault, ...] = ()
    control: bool = False
