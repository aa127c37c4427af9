"""Private RabbitMQ servers for tests: on 127.0.0.1 alone, with ports and folders of their own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import httpx
from servers.certificates import Certificate
from servers.freezing import Frozen
from servers.ports import free_ports
from servers.rabbitmq_programs import Programs, find_programs
from servers.waiting import wait_for

from dispatch_bus.store.embedded import start_leashed

ADMIN = "admin"
_HOST = "127.0.0.1"
# So much of its log says why it ended.
_LAST_WORDS = 4_000
_LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
_SETTINGS = """
listeners.tcp.local = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
default_user = admin
default_pass = {password}
log.file = false
log.console = true
log.console.level = info
# Counts in the management interface are this old, in milliseconds.
collect_statistics_interval = 500
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1GB
"""
_TLS_SETTINGS = """
listeners.ssl.local = 127.0.0.1:{amqps}
ssl_options.cacertfile = {ca_file}
ssl_options.certfile = {own.certificate_file}
ssl_options.keyfile = {own.key_file}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = {mutual}
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
management.ssl.ip = 127.0.0.1
management.ssl.port = {https}
management.ssl.cacertfile = {ca_file}
management.ssl.certfile = {own.certificate_file}
management.ssl.keyfile = {own.key_file}
"""


@attrs.frozen
class Tls:
    """With what a server takes TLS connections, beside its plain ones.

    With ``mutual`` it demands a certificate of the same authority from who speaks AMQP to it.
    """

    ca_file: Path
    own: Certificate
    mutual: bool = True


@attrs.frozen
class _Ports:
    amqp: int
    management: int
    distribution: int
    tools: int
    amqps: int
    https: int


class Epmd:
    """The register by which nodes on this machine find one another, for one set of nodes."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        (self.port,) = free_ports(1)
        command = [programs.epmd, "-port", str(self.port), "-address", _HOST]
        self._process = start_leashed(command, log=folder / "epmd.log")
        wait_for(lambda: _listens(self.port), "epmd listens")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


class RabbitServer:
    """One node, not yet started, in ``folder``; what it stores there outlives ``kill``."""

    def __init__(
        self,
        folder: Path,
        programs: Programs,
        epmd: Epmd,
        *,
        node: str,
        cookie: str | None = None,
        password: str | None = None,
        peers: Sequence[str] = (),
        tls: Tls | None = None,
    ) -> None:
        self.node = node
        self.password = password or secrets.token_hex(12)
        self.tls = tls
        self.log = folder / "rabbitmq.log"
        self._folder = folder
        self._programs = programs
        self._epmd = epmd
        self._ports = _Ports(*free_ports(6))
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen: Frozen | None = None
        self._prepare(cookie or secrets.token_hex(20), peers)

    def _prepare(self, cookie: str, peers: Sequence[str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        cookie_file = self._folder / ".erlang.cookie"
        cookie_file.write_text(cookie)
        cookie_file.chmod(0o400)
        plugins = "rabbitmq_management,rabbitmq_auth_mechanism_ssl"
        (self._folder / "plugins").write_text(f"[{plugins}].\n")
        ports = attrs.asdict(self._ports)
        text = _SETTINGS.format(password=self.password, **ports) + _cluster_settings(peers)
        if self.tls:
            mutual = str(self.tls.mutual).lower()
            text += _TLS_SETTINGS.format(
                ca_file=self.tls.ca_file, own=self.tls.own, mutual=mutual, **ports
            )
        (self._folder / "rabbitmq.conf").write_text(text)

    # --- its life -----------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it without waiting."""
        script = self._programs.scripts / "rabbitmq-server"
        self._process = start_leashed([script], log=self.log, env=self._environment)

    def wait_until_ready(self) -> None:
        """Wait until it takes connections, or fail with its own words."""

        def answers() -> bool:
            assert not self.has_ended, self.log.read_text()[-_LAST_WORDS:]
            return _listens(self._ports.amqp) and self._answers_questions()

        wait_for(answers, f"RabbitMQ works ({self.log})", 120.0)

    @property
    def has_ended(self) -> bool:
        """Whether it does not run, or no more."""
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, as the kernel does when memory runs out."""
        self._end(signal.SIGKILL)

    def freeze(self, for_s: float = 60.0) -> Frozen:
        """Have it stand still until ``thaw``, or for ``for_s`` seconds at the most."""
        self._frozen = Frozen([self.pid], for_s=for_s)
        return self._frozen

    def thaw(self) -> None:
        """Have it run again."""
        if self._frozen is not None:
            self._frozen.thaw()
            self._frozen = None

    def _end(self, number: signal.Signals) -> None:
        self.thaw()
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)

    def _answers_questions(self) -> bool:
        try:
            return self.api("GET", "/api/overview").is_success
        except httpx.TransportError:
            return False

    # --- how it is reached --------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Its port for AMQP."""
        return self._ports.amqp

    @property
    def tls_port(self) -> int:
        """Its port for AMQP over TLS, where it was given ``tls``."""
        return self._ports.amqps

    def url(self, vhost: str, user: str = ADMIN) -> str:
        """Return the address of a virtual host as the bus is configured: without a password."""
        return f"amqp://{quote(user)}@{_HOST}:{self.port}/{quote(vhost, safe='')}"

    def tls_url(self, vhost: str, user: str = ADMIN) -> str:
        """Return the same over TLS."""
        return f"amqps://{quote(user)}@{_HOST}:{self.tls_port}/{quote(vhost, safe='')}"

    def login_url(self, vhost: str, user: str = ADMIN, password: str | None = None) -> str:
        """Return the address with a password in it, for clients that take it there."""
        login = f"{quote(user)}:{quote(password or self.password)}"
        return f"amqp://{login}@{_HOST}:{self.port}/{quote(vhost, safe='')}"

    @property
    def management_url(self) -> str:
        """The address of its management interface."""
        return f"http://{_HOST}:{self._ports.management}"

    @property
    def management_tls_url(self) -> str:
        """The same over TLS."""
        return f"https://{_HOST}:{self._ports.https}"

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask its management interface as its administrator."""
        return self._client.request(method, path, **options)

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.management_url, auth=(ADMIN, self.password), timeout=20.0)

    def make_vhost(self, name: str) -> None:
        """Make a virtual host that its administrator may use."""
        path = f"/api/vhosts/{quote(name, safe='')}"
        self.api("PUT", path, json={}).raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        rights = f"/api/permissions/{quote(name, safe='')}/{ADMIN}"
        self.api("PUT", rights, json=everything).raise_for_status()

    def drop_vhost(self, name: str) -> None:
        """Remove a virtual host and all that is in it; one that is not there is no failure."""
        self.api("DELETE", f"/api/vhosts/{quote(name, safe='')}")

    def leader(self, vhost: str, queue: str) -> str | None:
        """Return the node that leads a quorum queue; none while this one does not know."""
        path = f"/api/queues/{quote(vhost, safe='')}/{quote(queue, safe='')}"
        try:
            answer = self.api("GET", path)
        except httpx.TransportError:
            return None
        told: dict[str, Any] = answer.json() if answer.is_success else {}
        return told.get("leader")

    def limit_connections(self, vhost: str, most: int | None) -> None:
        """Let a virtual host have no more than so many connections, or any number."""
        path = f"/api/vhost-limits/{quote(vhost, safe='')}/max-connections"
        method, content = ("DELETE", {}) if most is None else ("PUT", {"json": {"value": most}})
        self.api(method, path, **content).raise_for_status()

    def ctl(self, *words: str) -> str:
        """Run ``rabbitmqctl``, some 2 s each, and return what it prints."""
        script = self._programs.scripts / "rabbitmqctl"
        done = subprocess.run(
            [script, "--quiet", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"rabbitmqctl {words}: {done.stdout}{done.stderr}"
        return done.stdout

    @cached_property
    def _environment(self) -> dict[str, str]:
        folder, ports = self._folder, self._ports
        return {
            "HOME": str(folder),
            "PATH": self._programs.search_path,
            "LD_LIBRARY_PATH": self._programs.libraries,
            "LC_ALL": "C.UTF-8",
            "TMPDIR": tempfile.gettempdir(),
            # Any value: the server then takes the place of its starting script.
            "detached": "yes",
            "ERL_EPMD_ADDRESS": _HOST,
            "ERL_EPMD_PORT": str(self._epmd.port),
            "ERL_CRASH_DUMP": os.devnull,
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": _HOST,
            "RABBITMQ_NODE_PORT": str(ports.amqp),
            "RABBITMQ_DIST_PORT": str(ports.distribution),
            "RABBITMQ_CTL_DIST_PORT_MIN": str(ports.tools),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(ports.tools),
            "RABBITMQ_CTL_ERL_ARGS": _LOOPBACK,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _LOOPBACK,
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "feature_flags"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        }


class RabbitServers:
    """The servers of one test or test run; ``close`` ends them all and leaves nothing."""

    def __init__(self) -> None:
        self._cleanup = ExitStack()
        self._programs = find_programs()
        self._folder = Path(
            self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="dispatch-rabbit-"))
        )
        self._epmd = Epmd(self._programs, self._folder)
        self._cleanup.callback(self._epmd.close)
        self._count = 0

    def node(self, **options: Any) -> RabbitServer:
        """Make a node, not yet started; options as ``RabbitServer`` takes them."""
        self._count += 1
        node = _node_name(self._count)
        made = RabbitServer(self._folder / node, self._programs, self._epmd, node=node, **options)
        self._cleanup.callback(made.kill)
        return made

    def cluster(self, size: int = 3) -> RabbitCluster:
        """Start so many nodes that are one broker."""
        first = self._count + 1
        peers = [_node_name(number) for number in range(first, first + size)]
        shared = {"cookie": secrets.token_hex(20), "password": secrets.token_hex(12)}
        cluster = RabbitCluster([self.node(peers=peers, **shared) for _ in peers])
        cluster.start()
        return cluster

    def close(self) -> None:
        """Kill all and remove their folders."""
        self._cleanup.close()


class RabbitCluster:
    """Nodes that are one broker."""

    def __init__(self, nodes: list[RabbitServer]) -> None:
        self.nodes = nodes

    @property
    def password(self) -> str:
        """The administrator's password, the same on each node."""
        return self.nodes[0].password

    def start(self) -> None:
        """Start all nodes at once; they find one another."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_ready()

    def urls(self, vhost: str, user: str = ADMIN) -> str:
        """Return the addresses of all nodes as the bus is configured."""
        return ";".join(node.url(vhost, user) for node in self.nodes)


@attrs.frozen
class Vhost:
    """A virtual host of a test's own on a running server."""

    server: RabbitServer
    name: str

    @property
    def url(self) -> str:
        """Its address without a password."""
        return self.server.url(self.name)

    @property
    def login_url(self) -> str:
        """Its address with the administrator's password."""
        return self.server.login_url(self.name)


def _node_name(number: int) -> str:
    return f"rabbit{number}@localhost"


def _cluster_settings(peers: Sequence[str]) -> str:
    if not peers:
        return ""
    lines = [
        f"cluster_formation.classic_config.nodes.{number} = {peer}"
        for number, peer in enumerate(peers, 1)
    ]
    return "\n".join(("cluster_formation.peer_discovery_backend = classic_config", *lines, ""))


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((_HOST, port)) == 0
