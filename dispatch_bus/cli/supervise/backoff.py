"""How long to wait before a process that died is started again."""

from __future__ import annotations

from attrs import frozen

_FIRST_S = 0.2
_LONGEST_S = 5.0
_LIVED_WELL_S = 10.0


@frozen
class Backoff:
    """The wait before the next start, in seconds: 0.2 at first, doubled up to 5."""

    delay_s: float = _FIRST_S

    def after_life(self, lived_s: float) -> Backoff:
        """Return the backoff to use for a process that has died after ``lived_s`` seconds.

        One that lived for 10 s did its work: its death is an accident and begins anew.
        """
        return Backoff() if lived_s >= _LIVED_WELL_S else self

    def after_wait(self) -> Backoff:
        """Return the backoff to use should the next start fail as well."""
        return Backoff(min(self.delay_s * 2, _LONGEST_S))
