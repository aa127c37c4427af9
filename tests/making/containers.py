"""What ``docker/`` says, read for tests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"


def compose() -> dict[str, Any]:
    """Return the compose file."""
    told: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
    return told


def alerts() -> list[dict[str, Any]]:
    """Return every alert."""
    told = yaml.safe_load((DOCKER / "prometheus" / "alerts.yml").read_text("utf-8"))
    return [rule for group in told["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Return the dashboard's panels that ask something."""
    path = DOCKER / "grafana" / "dashboards" / "dispatch-bus.json"
    return [one for one in json.loads(path.read_text("utf-8"))["panels"] if "targets" in one]


def steps(path: Path = DOCKER / "Dockerfile") -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage of a Dockerfile, what stands before the first left out.

    A line that ends with a backslash goes on with the next one.
    """
    text = re.sub(r"\\\n\s*", "", path.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    stages: list[list[tuple[str, str]]] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stages.append([])
        elif stages:
            stages[-1].append((word, rest.strip()))
    return stages
