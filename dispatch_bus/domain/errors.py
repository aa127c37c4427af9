"""Errors, named by what is to be done about them.

Three kinds, and nothing beside them: *refuse* the input and tell its author (a pulled record goes
into quarantine, where a person can mend and replay it), *retry* later, or *stop* the process and
tell its operator. Every message says what was wrong, where, and what to do.
"""

from __future__ import annotations

_SHOWN = 80


def shown(value: object) -> str:
    """Return ``value`` as an error message shows it: quoted and at most 80 characters long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


class DispatchBusError(Exception):
    """Root of every error that the bus raises on purpose."""


class Refused(DispatchBusError):
    """The input is wrong and stays wrong: its author has to mend it.

    ``field`` is the path of the offending field, ``value`` what stood there, ``remedy`` what to
    write instead.
    """

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{field}: {shown(value)} is refused. {remedy}")
        self.field = field
        self.value = value
        self.remedy = remedy


class Unknown(Refused):
    """There is nothing on the bus under this id."""


class NotAllowed(Refused):
    """The lifecycle does not allow this step from this state, and says why."""


class Retry(DispatchBusError):
    """It failed for now; the same attempt may succeed after ``after_s`` seconds."""

    def __init__(self, what: str, after_s: float = 1.0) -> None:
        super().__init__(f"{what}; tried again in {after_s:g} s")
        self.what = what
        self.after_s = after_s


class Stop(DispatchBusError):
    """The process cannot go on; an operator has to act."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


class NotNow(Stop):
    """Another process has to begin or to end first; the same may work once it has."""
