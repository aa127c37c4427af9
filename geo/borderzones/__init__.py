"""Border geofencing: which countries, regions and border zones a circle lies in.

    zones = load(Path("zones.bzones"))
    answers = zones.look(lon=[6.0177], lat=[50.7708], radius_m=[50])

Longitudes and latitudes are degrees in EPSG:4326, distances are metres on the WGS 84 ellipsoid.
Zones are built by `borderzones.build` (which needs the extra ``zones``); looking up needs
shapely, numpy and pyproj alone.
"""

from borderzones.batches import (
    Border,
    Borders,
    Hits,
    Shares,
    StripHit,
    Touch,
    Touches,
)
from borderzones.classes import NOT_A_PLACE, Classified, Combination
from borderzones.definitions import BorderZone, Definitions, read_definitions
from borderzones.errors import (
    BorderzonesError,
    DefinitionError,
    PlaceError,
    SourceError,
    ZoneFileError,
)
from borderzones.look import CountryHit, Look, RegionHit, ZoneHit
from borderzones.special import SpecialZone
from borderzones.zones import Zones, load

__all__ = [
    "NOT_A_PLACE",
    "Border",
    "BorderZone",
    "Borders",
    "BorderzonesError",
    "Classified",
    "Combination",
    "CountryHit",
    "DefinitionError",
    "Definitions",
    "Hits",
    "Look",
    "PlaceError",
    "RegionHit",
    "Shares",
    "SourceError",
    "SpecialZone",
    "StripHit",
    "Touch",
    "Touches",
    "ZoneFileError",
    "ZoneHit",
    "Zones",
    "load",
    "read_definitions",
]
