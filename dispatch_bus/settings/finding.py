"""What is wrong with a configuration, or worth a look, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from attrs import frozen

from dispatch_bus.domain.errors import Stop, shown


class Level(StrEnum):
    """An error keeps the bus from starting; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@frozen
class Finding:
    """One thing found in one file: the key, what stands there (or ``None``), and the remedy."""

    file: str
    key: str
    value: object
    remedy: str
    level: Level = Level.ERROR

    def __str__(self) -> str:
        value = "nothing" if self.value is None else shown(self.value)
        return f"{self.file}, {self.key}: {value}. {self.remedy}"


class ConfigurationWrong(Stop):
    """The configuration has mistakes; ``mistakes`` holds every one that was found."""

    def __init__(self, folder: Path, mistakes: Iterable[Finding]) -> None:
        self.mistakes = tuple(mistakes)
        lines = "".join(f"\n  {mistake}" for mistake in self.mistakes)
        super().__init__(
            f"The configuration in {folder} cannot be used:{lines}\n",
            "Mend this, then look again with: dispatch-bus config check",
        )


def refuse_mistakes(folder: Path, findings: Iterable[Finding]) -> None:
    """Let warnings pass and stop at errors.

    Raises:
        ConfigurationWrong: at least one finding is an error.
    """
    if mistakes := [finding for finding in findings if finding.level is Level.ERROR]:
        raise ConfigurationWrong(folder, mistakes)
