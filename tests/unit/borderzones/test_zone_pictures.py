"""Pictures of zones: which part they show, and that they show what they are about."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from borderzones import PlaceError, views, zonefile
from borderzones.marks import Highlight, Mark, Picture, Sign
from borderzones.picture import draw

GREEN = "#00aa00"


@pytest.fixture(scope="module")
def content(zones_path):
    """The shipped zones' content."""
    return zonefile.read(zones_path)[0]


def test_a_name_of_several_special_zones_shows_all_of_them(content, special_zones):
    """Baarle is where its exclaves are."""
    view = views.place(content, "Baarle")
    exclaves = [one for name, one in special_zones.items() if name.startswith("BAARLE")]
    west, south, east, north = shapely.total_bounds(exclaves)
    assert view.west < west < east < view.east
    assert view.south < south < north < view.north
    assert 8 < view.width_km < 14


def test_a_town_is_shown_with_its_surroundings(content):
    """A place of the data is in the middle of some kilometres around it."""
    view = views.place(content, "maastricht")
    assert (view.west + view.east) / 2 == pytest.approx(5.69, abs=0.02)
    assert 12 < view.width_km < 25


def test_what_is_nowhere_is_refused(content):
    """A name that nothing has is refused with what could be written."""
    with pytest.raises(PlaceError, match="Atlantis: no special zone, place or region"):
        views.place(content, "Atlantis")


def test_a_picture_shows_what_it_is_about(content, tmp_path):
    """A highlight is painted where it is, over everything else, and a mark upon it."""
    view = views.place(content, "Baarle")
    middle, centre = (view.west + view.east) / 2, (view.south + view.north) / 2
    area = shapely.box(middle, view.south, view.east, view.north)
    marks = [Mark((middle + view.east) / 2, centre, "here", "spot")]
    shown = Picture(
        subtitle="a test",
        marks=marks,
        signs={"spot": Sign("s", "#000000", 20.0)},
        highlights=[Highlight("half", GREEN, np.array([area]))],
    )
    draw(content, view, shown, tmp_path / "out.png")
    pixels = imread(tmp_path / "out.png")[..., :3]
    green = np.abs(pixels - np.array(to_rgb(GREEN))).max(axis=-1) < 0.35
    height, width = green.shape
    assert width == 1800
    assert green[:, width * 6 // 10 : width * 9 // 10].mean() > 0.6
    assert green[:, width // 10 : width * 4 // 10].mean() < 0.01
    black = pixels[height * 4 // 10 : height * 6 // 10, width * 7 // 10 : width * 8 // 10].max(-1)
    assert (black < 0.05).sum() > 500
