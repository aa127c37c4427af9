"""Gives nameko services what the composition root has wired."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider


class Wired(DependencyProvider):
    """Injects one thing of the container's configuration: the bus, the gates."""

    def __init__(self, name: str) -> None:
        self._name = name

    def get_dependency(self, worker_ctx: Any) -> Any:
        """Return the wired thing itself; it is shared by every worker."""
        return self.container.config[self._name]
