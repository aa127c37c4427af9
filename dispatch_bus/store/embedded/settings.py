"""The settings that every embedded server runs with, whatever its configuration file says."""

from __future__ import annotations

from pathlib import Path

_SETTINGS = {
    # Nobody but the owner of the socket folder can reach the server.
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # What was committed is kept: stated here so that no edited file can take it back.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # One authority starts it again, with a pause and a verdict. PostgreSQL itself would do so many
    # times a second, for ever, once there is no room for the write-ahead log.
    "restart_after_crash": "off",
    # Bounds the disk that the write-ahead log takes and the time that a recovery takes.
    "max_wal_size": "512MB",
    # /dev/shm is emptied when an ordinary user logs out (systemd's RemoveIPC), small in containers
    # and not cleaned after a SIGKILL: take what is needed at the start, and use files for the rest.
    "min_dynamic_shared_memory": "16MB",
    "dynamic_shared_memory_type": "mmap",
    # No value of a record may reach the server's log. Even the first line of an error carries
    # one ("invalid input syntax for type date: ..."), so errors go to the client alone.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # Process listings then show whose server it is.
    "cluster_name": "dispatch_bus",
}


def as_arguments(socket_dir: Path) -> list[str]:
    """Return the settings as arguments of ``postgres``, which win over every file."""
    # The value is a list of folders: only quotes keep a space or a comma in one of them.
    quoted = '"' + str(socket_dir).replace('"', '""') + '"'
    settings = {**_SETTINGS, "unix_socket_directories": quoted}
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
