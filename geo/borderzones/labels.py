"""Labels of a picture that keep out of each other's way."""

from __future__ import annotations

from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

# Where a label may stand beside its mark: offset in points, and which corner of it stands there.
_SIDES = (
    (5, 2, "left", "bottom"),
    (5, -2, "left", "top"),
    (-5, 2, "right", "bottom"),
    (-5, -2, "right", "top"),
    (0, 6, "center", "bottom"),
    (0, -6, "center", "top"),
)
_MARK_PIXELS = 4.0


class Labels:
    """Writes labels onto a picture; one that finds no free place is left out."""

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self._taken: list[Bbox] = []

    def keep_free(self, lon: float, lat: float) -> None:
        """Let no label cover the mark at a position."""
        x, y = self._axes.transData.transform((lon, lat))
        half = _MARK_PIXELS
        self._taken.append(Bbox([[x - half, y - half], [x + half, y + half]]))

    def beside(self, lon: float, lat: float, words: str, size: float = 6.5) -> None:
        """Write words beside the mark at a position."""
        for side in _SIDES:
            if self._written(lon, lat, words, "#22303c", size, side):
                return

    def over(self, lon: float, lat: float, words: str, *, colour: str, size: float) -> None:
        """Write words over a position."""
        self._written(lon, lat, words, colour, size, (0, 0, "center", "center"))

    def _written(
        self,
        lon: float,
        lat: float,
        words: str,
        colour: str,
        size: float,
        side: tuple[float, float, str, str],
    ) -> bool:
        right, up, horizontal, vertical = side
        text = self._axes.annotate(
            words, (lon, lat), xytext=(right, up), textcoords="offset points", ha=horizontal,
            va=vertical, fontsize=size, color=colour, zorder=12,
            path_effects=[patheffects.withStroke(linewidth=2, foreground="white", alpha=0.9)],
        )  # fmt: skip
        box = text.get_window_extent()
        within = self._axes.bbox
        fits = within.contains(*box.p0) and within.contains(*box.p1)
        if not fits or any(box.overlaps(other) for other in self._taken):
            text.remove()
            return False
        self._taken.append(box)
        return True
