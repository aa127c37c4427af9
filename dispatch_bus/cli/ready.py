"""How a child process says that it does its work."""

from __future__ import annotations

import os
from pathlib import Path


def ready_file(data: Path, name: str) -> Path:
    """Return the file that the process called ``name`` writes its number to."""
    return data / "run" / f"{name}.pid"


def say_ready(data: Path, name: str) -> None:
    """Write this process's number, whole or not at all."""
    path = ready_file(data, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(str(os.getpid()))
    draft.replace(path)
