"""The compose file, against its schema and against what the bus is."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from making.command_line import understood
from making.containers import DOCKER, ROOT, compose

from dispatch_bus.cli.serve import Service
from dispatch_bus.store.address import password
from dispatch_bus.store.embedded.settings import as_arguments

# schema/compose-spec.json of compose-spec/compose-spec at 170098b, Apache License 2.0, unchanged.
SCHEMA = json.loads(Path(__file__).with_name("compose-spec.json").read_text("utf-8"))
SERVICES = compose()["services"]
BUS = {name: one for name, one in SERVICES.items() if one["image"] == "dispatch-bus"}
SETTINGS = tomllib.loads((DOCKER / "config" / "bus.toml").read_text("utf-8"))


def test_it_fits_the_schema_of_compose_files() -> None:
    """Every key is one that a compose file can have, with a value of its kind."""
    wrong = [
        f"{list(one.path)}: {one.message}" for one in Draft7Validator(SCHEMA).iter_errors(compose())
    ]
    assert wrong == []


def test_a_misspelt_key_does_not_fit() -> None:
    """The schema is one that refuses: it would let nothing wrong through."""
    wrong = {**compose(), "services": {"gateway": {"image": "dispatch-bus", "read-only": True}}}
    assert not Draft7Validator(SCHEMA).is_valid(wrong)


def test_each_service_of_the_bus_runs_twice() -> None:
    """Every service has two processes, so that one may die; the gateway's address is but one."""
    for service in Service:
        told = SERVICES[service]
        assert told["command"][:2] == ["serve", service]
        assert told["deploy"]["replicas"] == (1 if service is Service.GATEWAY else 2)


@pytest.mark.parametrize("name", BUS)
def test_a_process_of_the_bus_may_do_little(name: str) -> None:
    """Each has a root folder that it cannot write and no capability of root's."""
    told = BUS[name]
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", BUS)
def test_every_process_shares_keys_and_configuration(name: str) -> None:
    """The data folder that the settings name is the volume that all of them share."""
    told = BUS[name]
    assert f"data:{SETTINGS['data']['folder']}" in told["volumes"]
    assert "entrypoint" in told or told["command"][-2:] == ["--config", "/etc/dispatch-bus"]
    assert "./config/bus.toml:/etc/dispatch-bus/bus.toml:ro" in told["volumes"]


def test_a_configuration_folder_has_to_be_named() -> None:
    """No line typed without it starts the bus over another folder: no variable has a default."""
    text = (DOCKER / "compose.yaml").read_text("utf-8")
    needed = re.findall(r"\$\{(\w+):\?[^}]*docker/\.env[^}]*\}:/etc/dispatch-bus:ro", text)
    assert needed == ["CONFIG_FOLDER"]
    assert text.count("$") == len(needed)
    assert "docker/.env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize("part", ["partners", "intake", "delivery", "mirror", "retention"])
def test_what_depends_on_no_container_is_as_shipped(part: str) -> None:
    """The settings that have nothing to do with containers are those of the shipped example."""
    shipped = tomllib.loads((ROOT / "config" / "bus.toml").read_text("utf-8"))
    assert SETTINGS[part] == shipped[part]


def test_the_passwords_that_the_settings_name_are_put_there(tmp_path: Path) -> None:
    """Each file that the settings name is made, and as closed as the bus demands."""
    told = SERVICES["passwords"]
    secrets, data = tmp_path / "secrets", tmp_path / "data"
    subprocess.run([DOCKER / "secrets.sh", secrets], check=True)
    words = [
        word.replace("/run/secrets", str(secrets)).replace(SETTINGS["data"]["folder"], str(data))
        for word in (*told["entrypoint"], *told["command"])
    ]
    subprocess.run(words, check=True)
    store, broker = SETTINGS["store"], SETTINGS["broker"]
    for name in (store["password_file"], broker["management_password_file"]):
        assert password(data, name) == (secrets / Path(name).name).read_text()
    assert (data / SETTINGS["gateway"]["token_file"]).is_file()
    # "broker setup" makes this one itself.
    assert not (data / broker["password_file"]).exists()


def test_the_settings_name_servers_that_are_there() -> None:
    """Each host that the settings name is a service, and each node of the broker is named."""
    hosts = set(re.findall(r"//(?:[\w-]+@)?([\w-]+)[:/]", json.dumps(SETTINGS)))
    brokers = {name for name in SERVICES if name.startswith("broker-") and name[-1].isdigit()}
    assert hosts == {"postgres", *brokers}


def test_every_secret_is_made_and_used() -> None:
    """What the compose file declares is what the script makes, and somebody needs each."""
    script = (DOCKER / "secrets.sh").read_text("utf-8").replace("\\\n", "")
    (made,) = re.findall(r"^for name in (.*); do$", script, re.MULTILINE)
    used = {secret for told in SERVICES.values() for secret in told.get("secrets", ())}
    assert set(made.split()) == set(compose()["secrets"]) == used


def test_every_volume_and_network_is_declared_and_used() -> None:
    """None is misspelt, and none is left over."""
    named = [one for told in SERVICES.values() for one in told.get("volumes", ())]
    volumes = {one.split(":")[0] for one in named if one[0].isalpha()}
    networks = {one for told in SERVICES.values() for one in told["networks"]}
    assert volumes == set(compose()["volumes"])
    assert networks == set(compose()["networks"])


def test_every_mounted_file_is_there() -> None:
    """What is mounted out of this folder exists."""
    for told in SERVICES.values():
        for one in told.get("volumes", ()):
            source = one.split(":")[0]
            assert not source.startswith("./") or (DOCKER / source).exists(), source


def test_no_image_names_a_registry() -> None:
    """Each image is found wherever the operator's engine looks for it."""
    images = [told["image"] for told in SERVICES.values()]
    assert not [one for one in images if "." in one.split("/")[0].split(":")[0] and "/" in one]
    assert not [one for one in images if one.endswith(":latest")]


def test_only_the_loopback_address_is_published() -> None:
    """Nothing is reached from another machine without somebody's decision."""
    ports = [port for told in SERVICES.values() for port in told.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_database_keeps_values_out_of_its_log() -> None:
    """It runs with every setting of the embedded server that keeps a record out of the log."""
    embedded = {
        one for one in as_arguments(Path("/")) if one.startswith("log_min") or "param" in one
    }
    embedded |= {one for one in as_arguments(Path("/")) if one.startswith("log_error")}
    assert len(embedded) == 5
    assert {f"--{one}" for one in embedded} <= set(SERVICES["postgres"]["command"])


def test_all_that_the_image_needs_is_sent_to_its_builder() -> None:
    """The builder is sent each part of the wheel, and nothing that is nobody's business."""
    told = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    sent = {line[1:] for line in told if line.startswith("!")}
    assert all((ROOT / one).exists() for one in sent)
    assert not {"tests", ".git", "docker/secrets", "var"} & sent


@pytest.mark.parametrize("name", [name for name, one in BUS.items() if "entrypoint" not in one])
def test_the_command_is_one_of_the_bus(name: str, tmp_path: Path) -> None:
    """The command line knows each word and each option that a container is started with."""
    words = [str(tmp_path) if "/" in word else word for word in BUS[name]["command"]]
    understood(words)
