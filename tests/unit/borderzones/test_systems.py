"""National coordinates become longitudes and latitudes, or a refusal that says what they are."""

from __future__ import annotations

import numpy as np
import pytest

from borderzones.errors import CoordinateError
from borderzones.systems import SYSTEMS, from_wgs84, likely_system, operation, to_wgs84

# Published positions: the origin of the RD grid in ETRS89 (RDNAPTRANS), the false origins of
# Lambert 2008 and Lambert-93 by their definition, and a point on the meridian of UTM 32.
KNOWN = [
    pytest.param(28992, 155000.0, 463000.0, 5.38720621, 52.15517440, id="RD New"),
    pytest.param(3812, 649328.0, 665262.0, 4.35921583, 50.79781500, id="Lambert 2008"),
    pytest.param(25832, 500000.0, 5538630.70, 9.0, 50.0, id="UTM 32N"),
    pytest.param(2154, 700000.0, 6600000.0, 3.0, 46.5, id="Lambert-93"),
]
# Cities, as the registry's transformations give them: another one would move them.
PLACES = [
    pytest.param(28992, 176325.2, 317840.1, 5.69, 50.85, id="RD New, Maastricht"),
    pytest.param(31370, 148679.4, 171066.8, 4.35, 50.85, id="Lambert 72, Brussels"),
    pytest.param(3812, 648679.0, 671067.1, 4.35, 50.85, id="Lambert 2008, Brussels"),
    pytest.param(2169, 77244.7, 75041.9, 6.13, 49.61, id="LUREF, Luxembourg"),
    pytest.param(25832, 294133.2, 5628869.9, 6.08, 50.775, id="UTM 32N, Aachen"),
    pytest.param(2154, 704252.4, 7059225.9, 3.06, 50.63, id="Lambert-93, Lille"),
    pytest.param(4326, 6.13, 49.61, 6.13, 49.61, id="WGS 84, Luxembourg"),
]


@pytest.mark.parametrize(("epsg", "x", "y", "lon", "lat"), KNOWN + PLACES)
def test_a_known_position_is_converted_to_within_35_centimetres(epsg, x, y, lon, lat):
    """A position whose coordinates are known in both systems comes out where it is known."""
    got_lon, got_lat = to_wgs84(x, y, epsg)
    assert float(got_lon) == pytest.approx(lon, abs=4.9e-6)
    assert float(got_lat) == pytest.approx(lat, abs=3.1e-6)


@pytest.mark.parametrize("epsg", SYSTEMS)
def test_the_operation_is_named_and_true_to_a_quarter_of_a_metre(epsg):
    """Each system says by which operation of the registry it is converted, and how truly."""
    assert operation(epsg).name
    assert 0 <= operation(epsg).accuracy_m <= 0.25


@pytest.mark.parametrize("epsg", SYSTEMS)
def test_there_and_back_is_the_same_place(epsg):
    """A place that the system serves comes back to within a millimetre or so."""
    place = (6.0, 50.8) if epsg == 28992 else (6.0, 50.1)
    lon, lat = to_wgs84(*from_wgs84(*place, epsg), epsg)
    assert (float(lon), float(lat)) == pytest.approx(place, abs=1e-8)


def test_a_place_far_outside_is_refused():
    """A national system does not serve a place far beyond its country."""
    with pytest.raises(CoordinateError, match="EPSG:28992"):
        from_wgs84(2.35, 48.85, 28992)


def test_a_batch_is_converted_in_its_order():
    """Arrays come back as arrays of the same length, each position in its place."""
    lon, lat = to_wgs84([176325.2, 155000.0], [317840.1, 463000.0], 28992)
    assert np.allclose(lon, [5.69, 5.38720], atol=2e-5)
    assert np.allclose(lat, [50.85, 52.15517], atol=2e-5)


def test_an_empty_batch_is_an_empty_batch():
    """No positions make no longitudes and no latitudes."""
    lon, lat = to_wgs84([], [], 31370)
    assert lon.shape == lat.shape == (0,)


def test_a_place_just_across_the_border_is_converted():
    """A Dutch room may hold an incident in Liège, 12 km south of its country, in its own grid."""
    lon, lat = to_wgs84(167932.4, 294449.6, 28992)
    assert (float(lon), float(lat)) == pytest.approx((5.57, 50.64), abs=1e-5)


@pytest.mark.parametrize(("epsg", "x", "y", "lon", "lat"), PLACES)
def test_the_likely_system_is_the_one_of_the_country(epsg, x, y, lon, lat):
    """The numbers of a place in a country point to the system of that country."""
    assert likely_system(x, y) == epsg


def test_numbers_of_no_system_are_likely_in_none():
    """Coordinates that fit no country of the region have no likely system."""
    assert likely_system(9e8, -9e8) is None


@pytest.mark.parametrize("named", [28992, 3812, 25832, 2154, 4326])
def test_the_wrong_system_is_refused_with_the_likely_one(named):
    """Belgian Lambert 72 under another name is refused, naming both systems and the value."""
    with pytest.raises(CoordinateError) as refusal:
        to_wgs84([148679.4], [171066.8], named)
    assert refusal.value.field == "position[0]"
    assert refusal.value.value == (148679.4, 171066.8)
    assert f"EPSG:{named}" in refusal.value.remedy
    assert "EPSG:31370 (Belgium, Lambert 72): name that system" in refusal.value.remedy


def test_degrees_in_a_metric_system_are_recognised():
    """Degrees under the name of a grid are refused as what they are."""
    with pytest.raises(CoordinateError, match="looks like EPSG:4326"):
        to_wgs84(5.1, 52.1, 28992)


def test_exchanged_axes_are_recognised():
    """Northing before easting is refused with the advice to exchange them."""
    with pytest.raises(CoordinateError, match="exchanged"):
        to_wgs84(463000.0, 155000.0, 28992)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("epsg", [4326, 28992])
def test_a_number_that_is_not_finite_is_refused(bad, epsg):
    """Neither infinity nor what is not a number is ever converted."""
    with pytest.raises(CoordinateError, match="Send finite numbers"):
        to_wgs84(bad, 50.0, epsg)


def test_the_first_bad_position_of_a_batch_is_named():
    """The refusal of a batch names the place of its first bad position."""
    with pytest.raises(CoordinateError) as refusal:
        to_wgs84([5.0, 500.0, 900.0], [50.0, 50.0, 50.0], 4326)
    assert refusal.value.field == "position[1]"


@pytest.mark.parametrize("convert", [to_wgs84, from_wgs84])
def test_an_unknown_system_is_refused_with_the_known_ones(convert):
    """A system that is not converted is refused, with the list of those that are."""
    with pytest.raises(CoordinateError, match=r"epsg: 27700 .*Use one of 2154, 2169"):
        convert(1.0, 2.0, 27700)
