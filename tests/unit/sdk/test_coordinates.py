"""An adapter converts its room's coordinates; what does not fit is refused as the bus refuses."""

from __future__ import annotations

import pytest

from dispatch_bus.domain.errors import Refused
from dispatch_bus.sdk.coordinates import from_wgs84, to_wgs84


def test_coordinates_go_there_and_back() -> None:
    """A place in a room's own system becomes longitude and latitude, and the same again."""
    lon, lat = to_wgs84([176325.2], [317840.1], 28992)
    assert (float(lon[0]), float(lat[0])) == pytest.approx((5.69, 50.85), abs=1e-5)
    assert from_wgs84(lon, lat, 28992)[0] == pytest.approx([176325.2], abs=0.01)


def test_the_wrong_system_is_refused_by_field_value_and_likely_system() -> None:
    """Lambert 72 under the name of RD New is refused with the place of the value and a remedy."""
    with pytest.raises(Refused) as refusal:
        to_wgs84([148679.4], [171066.8], 28992)
    assert refusal.value.field == "position[0]"
    assert refusal.value.value == (148679.4, 171066.8)
    assert "EPSG:31370 (Belgium, Lambert 72): name that system" in refusal.value.remedy


def test_an_unknown_system_is_refused_in_both_directions() -> None:
    """A system that is not converted is refused, with the list of those that are."""
    for convert in (to_wgs84, from_wgs84):
        with pytest.raises(Refused, match=r"epsg: 27700 is refused\. Use one of 2154, 2169"):
            convert(1.0, 2.0, 27700)
