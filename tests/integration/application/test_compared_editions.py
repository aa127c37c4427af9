"""What-if: stored incidents decided by two editions of the zones."""

from __future__ import annotations

from making import world
from making.values import report
from making.wiring import Desk
from making.world import FAR_INSIDE, IN_ZONE, NOWHERE

from dispatch_bus.application.comparing import compare
from dispatch_bus.cli.zone_maps import stored
from dispatch_bus.domain.codes import CaseStatus


def test_incidents_that_would_be_decided_otherwise_are_counted(desk: Desk) -> None:
    """Open or closed, an incident counts where the new edition tells nobody; a stub does not."""
    desk.file(report("C-1", at=IN_ZONE))
    desk.file(report("C-2", at=IN_ZONE, status=CaseStatus.CLOSED))
    desk.file(report("C-3", at=world.ACROSS))
    desk.file(report("C-4", at=NOWHERE))
    smaller = world.Atlas({**world.LOCALITIES, IN_ZONE: world.far_inside()})
    found = compare(stored(desk.bus), world.book(), world.Atlas(), smaller)
    assert (found.incidents, found.otherwise) == (3, 2)
    assert found.differences == {("be-nl-fire", "mirror to BE-1 (border_zone)", "nobody"): 2}
    assert set(found.positions) == {(IN_ZONE.lon, IN_ZONE.lat)}


def test_another_version_alone_makes_no_difference(desk: Desk) -> None:
    """What both editions say alike is decided alike; stubs are not compared."""
    desk.file(report("C-1", at=IN_ZONE))
    desk.file(report("C-2", at=FAR_INSIDE))
    found = compare(stored(desk.bus), world.book(), world.Atlas(), world.Atlas())
    assert (found.incidents, found.otherwise, found.differences) == (1, 0, {})
