"""Which centres were chosen for many points, and why."""

from __future__ import annotations

from attrs import frozen

from borderzones.arrays import Floats, Ints
from borderzones.duties import GROUNDS, Duty, Ground
from borderzones.look import Reason
from borderzones.positions import REASONS, Numbers


@frozen
class Assignment:
    """The centre for one point; empty, and not a number, where there is none."""

    reason: Reason
    centre_id: str
    backup: str
    area: str
    ground: Ground
    metres: float


@frozen(eq=False)
class Assigned:
    """For each point the number in ``duties`` of the duty by which a centre was chosen, or -1.

    ``ground`` are numbers in `GROUNDS`; ``metres`` is the distance on the ellipsoid to the duty's
    area, 0 within it, and not a number where no area with a duty is within 65 km. ``reason`` is
    the number in `REASONS` of why a point is no place, or 0.
    """

    reason: Numbers
    duty: Ints
    ground: Ints
    metres: Floats
    duties: tuple[Duty, ...]

    def __len__(self) -> int:
        return len(self.duty)

    def __getitem__(self, number: int) -> Assignment:
        """Return the answer for one point."""
        found = int(self.duty[number])
        duty = self.duties[found] if found >= 0 else Duty("", "", "")
        return Assignment(
            REASONS[self.reason[number]],
            duty.centre_id,
            duty.backup,
            duty.area,
            GROUNDS[self.ground[number]],
            self.metres.item(number),
        )
