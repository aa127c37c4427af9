"""What callers say, and how streets are called, in the languages of the border regions."""

from __future__ import annotations

from dispatch_bus.domain.codes import Category

LANGUAGES = {
    "NL": ("nl", "nl", "nl", "en"),
    "BE": ("nl", "fr", "fr", "de"),
    "LU": ("lb", "fr", "de", "en"),
    "DE": ("de", "de", "de", "en"),
    "FR": ("fr", "fr", "fr", "en"),
}
STREETS = {
    "NL": ("Kerkstraat", "Dorpsstraat", "Stationsweg"),
    "BE": ("Kerkstraat", "Rue de la Station", "Grand-Place"),
    "LU": ("Grand-Rue", "Rue de la Gare", "Duerfstrooss"),
    "DE": ("Hauptstraße", "Bahnhofstraße", "Kirchweg"),
    "FR": ("Rue de l'Église", "Grande Rue", "Rue de la Gare"),
}
UNMAPPED_LABELS = {
    "nl": "Nieuwe classificatie",
    "fr": "Nouvelle classification",
    "de": "Neues Einsatzstichwort",
    "lb": "Neie Stéchwuert",
    "en": "New classification",
}
_ROAD = {
    "nl": "Twee auto's op elkaar, een rijstrook dicht.",
    "fr": "Collision entre deux voitures, une voie fermée.",
    "de": "Zwei Pkw zusammengestoßen, eine Spur gesperrt.",
    "lb": "Zwee Autoe sinn aneneegefuer, eng Spur ass zou.",
    "en": "Two cars collided, one lane is closed.",
}
_SMOKE = {
    "nl": "Veel rook uit het dak, mogelijk nog iemand binnen.",
    "fr": "Beaucoup de fumée au toit, peut-être quelqu'un à l'intérieur.",
    "de": "Starker Rauch aus dem Dach, vielleicht noch jemand drin.",
    "lb": "Vill Damp aus dem Daach, vläicht nach een dobannen.",
    "en": "Heavy smoke from the roof, someone may be inside.",
}
_ILL = {
    "nl": "Patiënt is benauwd en bleek, aanspreekbaar.",
    "fr": "Patient essoufflé et pâle, conscient.",
    "de": "Patient kurzatmig und blass, ansprechbar.",
    "lb": "Patient huet Otemnout an ass blatzeg, bei Bewosstsinn.",
    "en": "Patient short of breath and pale, responsive.",
}
_CRIME = {
    "nl": "Twee personen te voet gevlucht richting de grens.",
    "fr": "Deux personnes en fuite à pied vers la frontière.",
    "de": "Zwei Personen zu Fuß in Richtung Grenze geflüchtet.",
    "lb": "Zwou Persoune sinn zu Fouss Richtung Grenz fortgelaf.",
    "en": "Two people fled on foot towards the border.",
}
_OTHER = {
    "nl": "Melder weet niet precies waar hij is.",
    "fr": "L'appelant ne sait pas exactement où il est.",
    "de": "Anrufer weiß nicht genau, wo er ist.",
    "lb": "Den Uruffer weess net genee wou en ass.",
    "en": "The caller does not know exactly where they are.",
}
_SAID = {
    Category.TRAFFIC: _ROAD,
    Category.FIRE: _SMOKE,
    Category.HAZARDOUS_MATERIAL: _SMOKE,
    Category.MEDICAL: _ILL,
    Category.CRIME: _CRIME,
    Category.PUBLIC_ORDER: _CRIME,
}


def said(category: Category, language: str) -> str:
    """Return what a caller says of such an incident."""
    return _SAID.get(category, _OTHER)[language]
