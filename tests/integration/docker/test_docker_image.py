"""The image, as far as it can be built without an engine: its steps run in a clean folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distributions
from pathlib import Path

import attrs
import pytest
from making.containers import DOCKER, ROOT, steps

BUILD, RUNTIME = steps()


@attrs.frozen
class Built:
    """What the steps of the first stage left."""

    source: Path
    bus: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the bus that was installed."""
        plain = {"PATH": "/usr/bin:/bin", "HOME": str(self.source), "COLUMNS": "200"}
        return subprocess.run(
            [self.bus / "bin" / "dispatch-bus", *words],
            capture_output=True,
            text=True,
            check=False,
            env=plain,
            cwd=self.source,
        )


def sent() -> Iterator[Path]:
    """Yield what an engine sends to the builder."""
    for line in (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines():
        if line.startswith("!"):
            yield Path(line[1:])


def copied(to: Path) -> None:
    """Copy that, and nothing else."""
    for one in sent():
        target = to / one
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / one).is_dir():
            shutil.copytree(ROOT / one, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / one, target)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The first stage, with every step run by a shell as an engine would."""
    folder = tmp_path_factory.mktemp("image")
    source, bus = folder / "source", folder / "opt"
    copied(source)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "BUS": str(bus),
        # Compiled where it is used: half of the time for what nobody asks here.
        "PIP_NO_COMPILE": "1",
    }
    for word, rest in BUILD:
        if word == "RUN":
            done = subprocess.run(
                ["/bin/sh", "-c", rest],
                cwd=source,
                env=variables,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{rest}\n{done.stdout}{done.stderr}"
    return Built(source, bus)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The configuration folder as compose.yaml lays it out in a container."""
    merged = shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copy(DOCKER / "config" / "bus.toml", merged / "bus.toml")
    return merged


def test_the_installed_command_works(built: Built) -> None:
    """The command runs from the wheel alone, without the source tree."""
    done = built.run("--help")
    assert done.returncode == 0, done.stderr
    assert "dispatch bus" in done.stdout


def test_the_containers_settings_have_no_mistake(built: Built, folder: Path) -> None:
    """The command in the image finds no mistake in the configuration that it is given."""
    done = built.run("config", "check", "--config", str(folder))
    assert done.returncode == 0, done.stdout
    assert "0 errors" in done.stdout


def test_every_package_has_the_pinned_version(built: Built) -> None:
    """Nothing came in that is not pinned, and nothing in another version."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    (packages,) = (built.bus / "lib").glob("python*/site-packages")
    found = {
        re.sub(r"[-_.]+", "-", one.name).lower(): one.version
        for one in distributions(path=[str(packages)])
    }
    assert found.pop("dispatch-bus")
    assert {name: pinned.get(name) for name in found} == found
    assert "pip" not in found


def test_what_the_image_takes_over_is_there(built: Built) -> None:
    """Everything that the second stage copies exists: out of the first, or out of the source."""
    for word, rest in RUNTIME:
        if word == "COPY":
            *_, source, _ = shlex.split(rest)
            placed = source.replace("/source", str(built.source)).replace("$BUS", str(built.bus))
            assert (built.source / placed).exists(), rest


def test_the_image_runs_as_nobody_in_particular() -> None:
    """Its processes run as a user by number, who is not root and owns the data folder."""
    told = dict(RUNTIME)
    assert told["USER"] == "10001:10001"
    (data,) = (rest for word, rest in RUNTIME if word == "COPY" and "/var/lib" in rest)
    assert "--chown=10001:10001" in data


@pytest.fixture
def answering() -> Iterator[ThreadingHTTPServer]:
    """An HTTP server that answers each path with the status that is its name."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(self.path[1:]))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def alive(url: str) -> int:
    """Ask as the container's health check does."""
    command = [sys.executable, DOCKER / "alive.py"]
    return subprocess.run(
        command, env={"ALIVE_URL": url}, capture_output=True, check=False
    ).returncode


def test_a_process_that_answers_is_alive(answering: ThreadingHTTPServer) -> None:
    """An answer makes it healthy; a refusal, or none, does not."""
    address = f"http://127.0.0.1:{answering.server_port}"
    assert alive(f"{address}/200") == 0
    assert alive(f"{address}/500") == 1
    assert alive("http://127.0.0.1:1/") == 1


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """Each secret is long and its own, the folder is closed, and a second run changes nothing."""
    made = tmp_path / "secrets"
    subprocess.run([DOCKER / "secrets.sh", made], check=True)
    first = {path.name: path.read_text() for path in made.iterdir()}
    subprocess.run([DOCKER / "secrets.sh", made], check=True)
    assert {path.name: path.read_text() for path in made.iterdir()} == first
    assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in first.values())
    assert len(set(first.values())) == len(first) == 6
    assert made.stat().st_mode & 0o777 == 0o700
