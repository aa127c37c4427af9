"""Text from elsewhere on a terminal."""

from __future__ import annotations

from rich.markup import escape


def safe(text: object) -> str:
    """Return ``text`` as rich markup that shows it on one line and does nothing else.

    A room may put anything into its record ids and labels: markup that ends a style which never
    began stops the program, and control characters write over other lines.
    """
    return escape("".join(one if one.isprintable() else "·" for one in str(text)))
