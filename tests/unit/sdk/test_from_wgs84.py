"""Longitudes and latitudes become coordinates of a national system."""

from __future__ import annotations

import pytest

from dispatch_bus.domain.errors import Refused
from dispatch_bus.sdk.coordinates import from_wgs84, to_wgs84


@pytest.mark.parametrize("epsg", [28992, 31370, 3812, 2169, 25832, 2154, 4326])
def test_there_and_back_is_the_same_place(epsg: int) -> None:
    """A place that all systems serve comes back to within a millimetre or so."""
    there = from_wgs84(6.0, 50.1, epsg) if epsg != 28992 else from_wgs84(6.0, 50.8, epsg)
    lon, lat = to_wgs84(*there, epsg)
    assert (float(lon), float(lat)) == pytest.approx(
        (6.0, 50.8 if epsg == 28992 else 50.1), abs=1e-8
    )


def test_a_place_far_outside_is_refused() -> None:
    """A national system does not serve a place far beyond its country."""
    with pytest.raises(Refused, match="EPSG:28992"):
        from_wgs84(2.35, 48.85, 28992)


def test_an_unknown_system_is_refused() -> None:
    """A system that is not known is named."""
    with pytest.raises(Refused, match="epsg: 1234"):
        from_wgs84(6.0, 50.0, 1234)
